// Three products with the disk buffer that their manuals call the reliable one, and the same job:
// RFC 5424 over TCP in, the message out to a sink that may be down.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { sleep, WeirProcess, waitFor } from '@weir/harness';
import { type DebianTool, environmentOf } from '../../harness/debian-tool.js';
import { sabotageEnvironment } from '../../harness/proof.js';

export interface PeerPlace {
  /** Exists; the disk buffer goes below it. */
  readonly directory: string;
  readonly inputPort: number;
  readonly sinkPort: number;
  readonly sabotage: string | null;
}

/** One product in one run. */
export interface Peer {
  readonly name: string;
  readonly sinkKind: 'tcp' | 'http';
  /** HOST:PORT of its input. */
  readonly address: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  readonly isAlive: boolean;
}

/** Weir, with its spool as it is by default. */
export class WeirPeer implements Peer {
  readonly name = 'weir';
  readonly sinkKind = 'http';
  readonly #weir: WeirProcess;
  #isStarted = false;

  constructor({ directory, sinkPort, sabotage }: PeerPlace) {
    const config = `[sinks.out]\ntype = "http"\nurl = "http://127.0.0.1:${sinkPort}/"\n`;
    writeFileSync(join(directory, 'weir.toml'), config);
    mkdirSync(join(directory, 'data'), { recursive: true });
    this.#weir = new WeirProcess(join(directory, 'data'), sabotageEnvironment(sabotage));
  }
  get address(): string {
    return this.#weir.syslogAddress;
  }
  get isAlive(): boolean {
    return this.#isStarted && this.#weir.isAlive;
  }
  async start(): Promise<void> {
    await this.#weir.start();
    this.#isStarted = true;
  }
  async kill(): Promise<void> {
    await this.#weir.killTree();
  }
}

abstract class DaemonPeer implements Peer {
  abstract readonly name: string;
  readonly sinkKind = 'tcp';
  readonly address: string;
  protected readonly place: PeerPlace;
  #child: ChildProcess | null = null;

  constructor(place: PeerPlace) {
    this.place = place;
    this.address = `127.0.0.1:${place.inputPort}`;
    mkdirSync(join(place.directory, 'work'), { recursive: true });
  }

  protected abstract command(): { path: string; args: string[]; environment: NodeJS.ProcessEnv };

  get isAlive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async start(): Promise<void> {
    const { path, args, environment } = this.command();
    const log = openSync(join(this.place.directory, '..', `${this.name}.log`), 'a');
    const child = spawn(path, args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...environment },
    });
    process.once('exit', () => void child.kill('SIGKILL'));
    this.#child = child;
    const { inputPort } = this.place;
    if (!(await waitFor(() => isListening(inputPort), 20_000)))
      throw new Error(`${this.name} does not listen on port ${inputPort}`);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || !this.isAlive) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await gone;
  }
}

/** A disk queue of its own (not disk-assisted), synced after each write: its safest setting. */
export class RsyslogPeer extends DaemonPeer {
  readonly name = 'rsyslog';

  protected command(): ReturnType<DaemonPeer['command']> {
    const { directory, inputPort, sinkPort } = this.place;
    const work = join(directory, 'work');
    const config = join(directory, 'rsyslog.conf');
    writeFileSync(
      config,
      [
        `global(workDirectory="${work}" maxMessageSize="64k")`,
        'module(load="imptcp")',
        'template(name="line" type="string" string="%msg%\\n")',
        `input(type="imptcp" port="${inputPort}" address="127.0.0.1" ruleset="r")`,
        'ruleset(name="r" queue.type="Disk" queue.filename="q" queue.syncqueuefiles="on"',
        '  queue.checkpointInterval="1" queue.maxDiskSpace="1g" queue.maxFileSize="8m"',
        '  queue.saveOnShutdown="on" queue.timeoutEnqueue="600000") {',
        `  action(type="omfwd" target="127.0.0.1" port="${sinkPort}" protocol="tcp" template="line"`,
        '    TCP_Framing="traditional" action.resumeRetryCount="-1" action.resumeInterval="1")',
        '}',
        '',
      ].join('\n'),
    );
    const args = ['-n', '-f', config, '-i', join(directory, 'rsyslog.pid')];
    return { path: '/usr/sbin/rsyslogd', args, environment: {} };
  }
}

/** disk-buffer(reliable(yes)) with flow control. */
export class SyslogNgPeer extends DaemonPeer {
  readonly name = 'syslog_ng';
  readonly #tool: DebianTool;

  constructor(place: PeerPlace, tool: DebianTool) {
    super(place);
    this.#tool = tool;
  }

  protected command(): ReturnType<DaemonPeer['command']> {
    const { directory, inputPort, sinkPort } = this.place;
    const work = join(directory, 'work');
    const config = join(directory, 'syslog-ng.conf');
    const modules = join(this.#tool.root, 'usr/lib/syslog-ng');
    const version = readdirSync(modules).find((name) => /^\d+\.\d+$/.test(name)) ?? '';
    writeFileSync(
      config,
      [
        `@version: ${version}`,
        'options { threaded(yes); keep-hostname(yes); use-dns(no); dns-cache(no); stats-freq(0); };',
        `source s { network(ip(127.0.0.1) port(${inputPort}) transport(tcp) flags(syslog-protocol)`,
        '  log-iw-size(10000)); };',
        `destination d { network("127.0.0.1" port(${sinkPort}) transport(tcp) time-reopen(1)`,
        '  template("$MSG\\n") disk-buffer(reliable(yes) disk-buf-size(1073741824)',
        `  mem-buf-size(16777216) dir("${work}"))); };`,
        'log { source(s); destination(d); flags(flow-control); };',
        '',
      ].join('\n'),
    );
    const args = ['-F', '-f', config, '-R', join(work, 'persist'), '-c', join(work, 'ctl')];
    args.push('-p', join(work, 'pid'), '--module-path', join(modules, version));
    const path = join(this.#tool.root, 'usr/sbin/syslog-ng');
    return { path, args, environment: environmentOf(this.#tool) };
  }
}

export const hasRsyslog = (): boolean => existsSync('/usr/sbin/rsyslogd');

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  if (!isOpen) await sleep(50);
  return isOpen;
}

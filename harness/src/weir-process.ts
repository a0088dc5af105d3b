// Starts, kills and asks a real collector, only through what an outsider has: the command, its
// ports, its exit code and DIR/run.json.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { seeded, waitFor } from './clock.js';
import { freePort } from './ports.js';

const WEIR = fileURLToPath(new URL('../../collector/bin/weir.js', import.meta.url));
const run = promisify(execFile);

/** Of this process. */
let startCount = 0;

export interface RunFile {
  readonly pid: number;
  readonly storePid: number | null;
  readonly storeUrl: string;
  readonly listeners: Readonly<Record<string, string>>;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class WeirProcess {
  readonly directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #flags: readonly string[];
  readonly #nodeFlags: readonly string[];
  #child: ChildProcess | null = null;
  /** Chosen at the first start, taken again by every restart so that senders find it. */
  #syslog = '';
  #http = '';

  /** `flags` are further arguments of `weir run`, `nodeFlags` of the node that runs it. */
  constructor(
    directory: string,
    environment: NodeJS.ProcessEnv = {},
    flags: readonly string[] = [],
    nodeFlags: readonly string[] = [],
  ) {
    this.directory = directory;
    this.#flags = flags;
    this.#nodeFlags = nodeFlags;
    this.#environment = environment;
  }

  get syslogAddress(): string {
    return this.#syslog;
  }
  get httpUrl(): string {
    return `http://${this.#http}`;
  }

  /** Resolves when /readyz answers 200. Output goes to DIR/../weir.log. */
  async start(timeoutMs = 60_000): Promise<void> {
    // Several may start at the same time: each looks for ports of its own.
    const random = seeded(process.pid + 7919 * startCount++);
    if (this.#syslog === '') this.#syslog = `127.0.0.1:${await freePort(random)}`;
    if (this.#http === '') this.#http = `127.0.0.1:${await freePort(random)}`;
    const log = openSync(join(this.directory, '..', 'weir.log'), 'a');
    const child = spawn(
      process.execPath,
      [
        // As in the first line of bin/weir.js.
        ...this.#nodeFlags,
        ...['--single-threaded-gc', '--initial-old-space-size=256', '--max-semi-space-size=4'],
        ...[WEIR, 'run', '--data', this.directory],
        ...['--syslog', this.#syslog, '--http', this.#http],
        ...this.#flags,
      ],
      {
        stdio: ['ignore', log, log],
        env: { ...process.env, ...this.#environment },
        cwd: join(this.directory, '..'),
      },
    );
    closeSync(log);
    this.#child = child;
    // A bench or a proof that is ended leaves nothing running; the store ends with the collector.
    const endWithUs = (): void => void child.kill('SIGKILL');
    process.once('exit', endWithUs);
    let exited = false;
    child.once('exit', () => {
      exited = true;
      process.off('exit', endWithUs);
    });
    const ready = await waitFor(async () => exited || (await this.#isReady(child.pid)), timeoutMs);
    if (exited || !ready)
      throw new Error(
        `weir run did not become ready, see ${join(this.directory, '..', 'weir.log')}`,
      );
  }

  async #isReady(pid: number | undefined): Promise<boolean> {
    try {
      const file = this.runFile();
      if (file.pid !== pid) return false;
      const reply = await fetch(`http://${file.listeners.http}/readyz`);
      return reply.status === 200;
    } catch {
      return false;
    }
  }

  runFile(): RunFile {
    return JSON.parse(readFileSync(join(this.directory, 'run.json'), 'utf8')) as RunFile;
  }

  /** The text of /metrics. */
  async metrics(): Promise<string> {
    const reply = await fetch(`${this.httpUrl}/metrics`);
    return await reply.text();
  }

  get isAlive(): boolean {
    const child = this.#child;
    return child !== null && child.exitCode === null && child.signalCode === null;
  }

  /** SIGKILL to the embedded store only. */
  killStore(): boolean {
    const { storePid } = this.runFile();
    return storePid !== null && kill(storePid);
  }

  /** SIGKILL to collector and store at once; resolves when the collector is gone. */
  async killTree(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#child = null;
    // It may have ended by itself, and taken run.json away.
    if (child.exitCode !== null || child.signalCode !== null) return;
    const storePid = this.#storePid();
    child.kill('SIGKILL');
    if (storePid !== null) kill(storePid);
    await gone;
  }

  /** Null also for one that is ending: it takes run.json away first. */
  #storePid(): number | null {
    try {
      return this.runFile().storePid;
    } catch {
      return null;
    }
  }

  /** SIGTERM: a drain. Resolves with the exit code, null for a signal. */
  async stop(timeoutMs = 60_000): Promise<number | null> {
    const child = this.#child;
    if (child === null) return null;
    this.#child = null;
    const exited = new Promise<number | null>((resolve) =>
      child.once('exit', (code) => resolve(code)),
    );
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const code = await exited;
    clearTimeout(timer);
    return code;
  }

  /** Runs another weir command; never throws on its exit code. */
  async command(...args: string[]): Promise<CommandResult> {
    try {
      const { stdout, stderr } = await run(process.execPath, [WEIR, ...args], {
        maxBuffer: 1024 * 1024 * 1024,
        env: { ...process.env, ...this.#environment },
      });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const failure = error as { code?: number | string; stdout?: string; stderr?: string };
      const code = typeof failure.code === 'number' ? failure.code : 1;
      return { code, stdout: failure.stdout ?? '', stderr: failure.stderr ?? String(error) };
    }
  }

  /**
   * Runs another weir command and kills it (SIGKILL) once `isTime` resolves; false when it ended by
   * itself before. Children that it started see its pipe end.
   */
  async killedCommand(isTime: () => Promise<unknown>, ...args: string[]): Promise<boolean> {
    const child = spawn(process.execPath, [WEIR, ...args], {
      stdio: 'ignore',
      env: { ...process.env, ...this.#environment },
    });
    const exited = new Promise<boolean>((resolve) => child.once('exit', () => resolve(false)));
    const isKilled = await Promise.race([exited, isTime().then(() => true)]);
    if (!isKilled) return false;
    child.kill('SIGKILL');
    await exited;
    return true;
  }

  /** Rows of a query as arrays of strings. Throws when the query fails. */
  async query(sql: string): Promise<string[][]> {
    const result = await this.command('query', sql, '--data', this.directory, '--format', 'TSV');
    if (result.code !== 0) throw new Error(`query failed: ${result.stderr}`);
    return result.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  /** One value, straight from the store's HTTP interface: cheaper than a process for each look. */
  async sql(statement: string): Promise<string> {
    // fetch takes no URL with a password in it.
    const url = new URL(this.runFile().storeUrl);
    const user = Buffer.from(`${url.username}:${url.password}`).toString('base64');
    const headers = url.username === '' ? {} : { authorization: `Basic ${user}` };
    url.username = '';
    url.password = '';
    const reply = await fetch(url, { method: 'POST', body: statement, headers });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`query failed: ${text}`);
    return text.trim();
  }

  verify(waitSeconds: number, ...more: string[]): Promise<CommandResult> {
    return this.command(
      'verify',
      '--data',
      this.directory,
      '--wait',
      `${waitSeconds}s`,
      '--json',
      ...more,
    );
  }
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

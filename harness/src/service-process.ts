// A real service (broker, Redis) as a child process that tests start, kill, freeze and start again.
// It ends with whoever started it, also when that one is killed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { waitFor } from './clock.js';

export interface ServiceOptions {
  /** For error messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  /** Standard output and error; begins anew with each start. */
  readonly logFile: string;
  /** True once the service answers; asked every 50 ms while it starts. */
  readonly isReady: (log: string) => Promise<boolean> | boolean;
  readonly readyTimeoutMs: number;
  /** True when it is to live on after the process that started it. Default false. */
  readonly outlivesStarter?: boolean;
}

const POLL_MS = 50;
const STOP_TIMEOUT_MS = 20_000;
const LOG_TAIL_LINES = 20;

export class ServiceProcess {
  readonly #options: ServiceOptions;
  #child: ChildProcess | null = null;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  get isAlive(): boolean {
    const child = this.#child;
    return child !== null && child.exitCode === null && child.signalCode === null;
  }

  /** Of the running process. Throws when there is none. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (!this.isAlive || pid === undefined) throw new Error(`${this.#options.name} is not running`);
    return pid;
  }

  /** Resolves when it is ready; rejects with the end of its log when it ends or time is over. */
  async start(): Promise<void> {
    if (this.isAlive) return;
    const { name, directory, logFile, isReady, readyTimeoutMs } = this.#options;
    const child = this.#spawn(directory, logFile);
    this.#child = child;
    let spawnError: Error | null = null;
    child.once('error', (error) => {
      spawnError = error;
    });
    const log = (): string => readFileSync(logFile, 'utf8');
    const ready = await waitFor(
      async () => spawnError !== null || !this.isAlive || (await isReady(log())),
      readyTimeoutMs,
      POLL_MS,
    );
    if (ready && spawnError === null && this.isAlive) return;
    if (spawnError === null) await this.kill();
    const tail = log().split('\n').slice(-LOG_TAIL_LINES).join('\n');
    throw new Error(`${name} did not become ready: ${spawnError ?? tail}`);
  }

  #spawn(directory: string, logFile: string): ChildProcess {
    const { command, args, outlivesStarter = false } = this.#options;
    const log = openSync(logFile, 'w');
    const [program, ...rest] = outlivesStarter ? [command] : [...endsWithUs(), command];
    const child = spawn(program as string, [...rest, ...args], {
      cwd: directory,
      stdio: ['ignore', log, log],
      detached: outlivesStarter,
    });
    closeSync(log);
    if (outlivesStarter) {
      child.unref();
    } else {
      const endIt = (): void => void child.kill('SIGKILL');
      process.once('exit', endIt);
      child.once('exit', () => process.off('exit', endIt));
    }
    return child;
  }

  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /**
   * SIGTERM, after 20 s SIGKILL; resolves when the process is gone, with its exit code, null for a
   * signal.
   */
  async stop(): Promise<number | null> {
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#end('SIGTERM');
    clearTimeout(timer);
    return this.#child?.exitCode ?? null;
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === null || !this.isAlive) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    // A frozen process takes no other signal than SIGKILL.
    if (signal === 'SIGTERM') child.kill('SIGCONT');
    await gone;
  }

  /** SIGSTOP: it keeps its memory and its connections, and says nothing. */
  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  /** SIGCONT after `pause`. */
  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }
}

let setpriv: readonly string[] | null = null;

/**
 * On Linux the kernel ends a child with its parent (PR_SET_PDEATHSIG, prctl(2)); setpriv of
 * util-linux asks for it and becomes the child. Elsewhere only an orderly exit ends it.
 */
function endsWithUs(): readonly string[] {
  if (setpriv === null) {
    const asked = ['--pdeathsig', 'KILL'];
    const works = spawnSync('setpriv', [...asked, 'true']).status === 0;
    setpriv = works ? ['setpriv', ...asked] : [];
  }
  return setpriv;
}

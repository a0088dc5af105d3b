// Starts the embedded store: the ClickHouse engine in a child process behind HTTP.
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { messageOf, WeirError } from '@weir/pipeline';
import { PASSWORD_VARIABLE, STORE_USER } from './access.js';
import { STATEMENTS_AT_ONCE_MAX } from './connections.js';
import { fenceLeftovers, lockedError, removeEngineRecord } from './engine-record.js';
import type { ChildMessage } from './messages.js';

export interface EmbeddedStoreOptions {
  /** Data directory of the engine; made if missing. One process at a time. */
  readonly directory: string;
  /** 0 or absent: the kernel chooses. */
  readonly port?: number;
  /** Letters and digits; default a random one. */
  readonly password?: string;
  /**
   * The one place under which BACKUP may write and RESTORE may read. Default: `backups` beside the
   * directory.
   */
  readonly backupsDirectory?: string;
  readonly log: (line: string) => void;
}

export interface EmbeddedStore {
  /** http://USER:PASSWORD@127.0.0.1:PORT: not for logs. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /**
   * Resolves when the child has ended, for whatever reason: from then on nothing of it can land.
   */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** Waits for running statements, closes the engine. Kills after 20 s. */
  stop(): Promise<void>;
  /** Ends the child at once; `exited` tells when. */
  kill(): void;
}

const STOP_WAIT_MS = 20_000;
/** The engine tells why it cannot start in its output only. */
const NO_SPACE_SAID = /No space left on device|NOT_ENOUGH_SPACE/;
const ENTRY = fileURLToPath(new URL('./server.js', import.meta.url));

/**
 * Rejects with WEIR_DATA_DIR_LOCKED when another process uses the directory, with
 * WEIR_DATA_DIR_UNWRITABLE or WEIR_STORE_ENGINE_MISSING (the message says what to do). A child that
 * an earlier run left behind is killed, and its end awaited, first.
 */
export async function startEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const { directory, log } = options;
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new WeirError('WEIR_DATA_DIR_UNWRITABLE', messageOf(error), { directory }, error);
  }
  await fenceLeftovers(directory, log);
  const password = options.password ?? randomPassword();
  const backups = resolve(options.backupsDirectory ?? join(dirname(directory), 'backups'));
  const child = fork(ENTRY, [directory, String(options.port ?? 0), backups], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--max-old-space-size=192'],
    // Arguments can be read by everyone on the machine, the environment cannot.
    env: {
      ...process.env,
      UV_THREADPOOL_SIZE: String(STATEMENTS_AT_ONCE_MAX + 6),
      [PASSWORD_VARIABLE]: password,
    },
  });
  const lastLines = forwardOutput(child, log);
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const port = await started(child, exited, directory, lastLines);
  const pid = child.pid ?? 0;
  void exited.then(() => removeEngineRecord(directory, pid));
  return {
    url: `http://${STORE_USER}:${password}@127.0.0.1:${port}`,
    port,
    pid,
    exited,
    stop: () => stop(child, exited),
    kill: () => void child.kill('SIGKILL'),
  };
}

export const randomPassword = (): string => randomBytes(16).toString('hex');

async function started(
  child: ChildProcess,
  exited: Promise<{ code: number | null; signal: string | null }>,
  directory: string,
  lastLines: readonly string[],
): Promise<number> {
  const message = await new Promise<ChildMessage | null>((resolve) => {
    child.once('message', (value) => resolve(value as ChildMessage));
    child.once('error', (error) =>
      resolve({ kind: 'failed', code: 'WEIR_STORE_ENGINE_MISSING', message: messageOf(error) }),
    );
    void exited.then(() => resolve(null));
  });
  if (message?.kind === 'ready') return message.port;
  const end = await exited;
  if (lastLines.some((line) => line.includes('Cannot lock file')))
    throw lockedError(directory, null);
  const isFull = lastLines.some((line) => NO_SPACE_SAID.test(line));
  const systemCode = isFull ? 'ENOSPC' : (message?.systemCode ?? '');
  const cause = Object.assign(new Error(message?.message ?? 'it ended'), { code: systemCode });
  const said = lastLines.length > 0 ? `; it said: ${lastLines.join(' | ')}` : '';
  if (message === null)
    throw new WeirError(
      'WEIR_STORE_ENGINE_MISSING',
      `the embedded engine ended at its start (code ${end.code}, signal ${end.signal})${said}`,
      { directory },
      cause,
    );
  // The binding tells why it could not open a directory only in its output.
  const code = message.code === 'WEIR_DATA_DIR_LOCKED' ? 'WEIR_DATA_DIR_UNWRITABLE' : message.code;
  throw new WeirError(code, `${message.message}${said}`, { directory }, cause);
}

/** The last lines stand in the message when the start fails. */
function forwardOutput(child: ChildProcess, log: (line: string) => void): readonly string[] {
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > 5) lastLines.shift();
      log(line);
    });
  }
  return lastLines;
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.connected) child.send('stop', () => undefined);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WAIT_MS);
  await exited;
  clearTimeout(timer);
}

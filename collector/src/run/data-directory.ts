// The data directory: made when missing, held by one process at a time, and described by run.json
// for the commands that look at a running instance. A restart needs no space on the disk for it.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isNoSpace, messageOf, systemCodeOf, WeirError } from '@weir/pipeline';
import { isSameProcess, processStart } from '@weir/pipeline/node';
import type { SinkRecord } from './sinks/managed-sink.js';

/** DIR/run.json: where a running instance is to be found. */
export interface RunFile {
  readonly pid: number;
  /** Boot and start time of that process, so that a reused pid is not mistaken for it. */
  readonly pidIdentity: string;
  readonly version: string;
  readonly startedAt: string;
  /** Of the ClickHouse sink; null where there is none. */
  readonly storeUrl: string | null;
  readonly storePid: number | null;
  readonly eventsTable: string;
  /** By id. */
  readonly sinks: Readonly<Record<string, SinkRecord>>;
  /** Listener name to address, for instance syslog_tcp: 127.0.0.1:5514. */
  readonly listeners: Readonly<Record<string, string>>;
  /** Unix socket that tap, top and graph ask; ControlServer.path. */
  readonly controlSocket: string;
}

export interface DataDirectory {
  readonly path: string;
  release(): void;
}

/**
 * Creates and locks the directory. Throws WEIR_DATA_DIR_UNWRITABLE or WEIR_DATA_DIR_LOCKED. A lock
 * whose process is gone (kill -9) is taken over.
 */
export function openDataDirectory(path: string): DataDirectory {
  const lockPath = join(path, 'lock');
  const own = { pid: process.pid, identity: processStart(process.pid) ?? '' };
  try {
    makeDirectories(path);
  } catch (error) {
    throw unwritable(`cannot write the data directory ${path}`, error);
  }
  while (!tryLock(own, lockPath)) {
    const holder = readHolder(lockPath);
    if (holder !== null && isAlive(holder)) {
      throw new WeirError(
        'WEIR_DATA_DIR_LOCKED',
        `the data directory ${path} is in use by process ${holder.pid}; stop it or choose another with --data`,
      );
    }
    // Moved aside under a name of our own first: of two that find it stale, one fails here.
    takeAside(lockPath, `${lockPath}.${randomBytes(6).toString('hex')}`);
  }
  return {
    path,
    release: () => {
      keepSinks(path);
      rmSync(join(path, RUN_NAME), { force: true });
      rmSync(lockPath, { force: true });
    },
  };
}

/**
 * As mkdir -p, and durable. Node's own `recursive` does not come to an end where the parent is
 * there and the child cannot be made, as in /proc.
 */
export function makeDirectories(path: string): void {
  try {
    makeDurably(path);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return;
    const parent = dirname(path);
    if (systemCodeOf(error) !== 'ENOENT' || parent === path || existsSync(parent)) throw error;
    makeDirectories(parent);
    makeDurably(path);
  }
}

/** A new directory can be lost with all that is in it until its parent was synced. */
function makeDurably(path: string): void {
  mkdirSync(path, { mode: 0o700 });
  const parent = openSync(dirname(path), 'r');
  try {
    fsyncSync(parent);
  } finally {
    closeSync(parent);
  }
}

/** The process that holds the directory's lock; null if none does, or there is no directory. */
export function holderOf(path: string): number | null {
  const holder = readHolder(join(path, 'lock'));
  return holder !== null && isAlive(holder) ? holder.pid : null;
}

interface Holder {
  readonly pid: number;
  readonly identity: string;
}

/**
 * The lock is a symbolic link whose target says who holds it: it comes into being as a whole, and
 * file systems keep so short a text in the inode, so that no block has to be free.
 */
function tryLock({ pid, identity }: Holder, lockPath: string): boolean {
  try {
    symlinkSync(`${pid} ${identity}`, lockPath);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw unwritable(`cannot lock ${lockPath}`, error);
  }
}

const unwritable = (what: string, error: unknown): WeirError =>
  new WeirError('WEIR_DATA_DIR_UNWRITABLE', `${what}: ${messageOf(error)}`, {}, error);

function takeAside(lockPath: string, asidePath: string): void {
  try {
    renameSync(lockPath, asidePath);
    const moved = readHolder(asidePath);
    // Another process may have replaced the stale lock in between: give its lock back.
    if (moved !== null && isAlive(moved)) tryLock(moved, lockPath);
    rmSync(asidePath, { force: true });
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
}

function readHolder(lockPath: string): Holder | null {
  try {
    const [pid, ...identity] = readLock(lockPath).trim().split(' ');
    return { pid: Number(pid), identity: identity.join(' ') };
  } catch {
    return null;
  }
}

function readLock(lockPath: string): string {
  try {
    return readlinkSync(lockPath);
  } catch (error) {
    // Of an earlier version, or brought here by a copy that follows links.
    if (systemCodeOf(error) === 'EINVAL') return readFileSync(lockPath, 'utf8');
    throw error;
  }
}

function isAlive(holder: Holder): boolean {
  return isSameProcess(holder.pid, holder.identity);
}

const RUN_NAME = 'run.json';
const LAST_RUN_NAME = 'last-run.json';

/** Throws the system's error; on a full disk only if no process ran here before. */
export function writeRunFile(directory: string, run: RunFile): void {
  const path = join(directory, RUN_NAME);
  const text = `${JSON.stringify(run, null, 2)}\n`;
  try {
    // The URL of the store may hold a password.
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (error) {
    rmSync(`${path}.new`, { force: true });
    if (!isNoSpace(error)) throw error;
    // The file of the process before has its blocks already.
    if (!existsSync(path)) renameSync(join(directory, LAST_RUN_NAME), path);
    overwrite(path, text);
  }
}

/** Takes no space as long as the file is not larger than before, up to a block. */
function overwrite(path: string, text: string): void {
  const bytes = Buffer.from(text);
  const fd = openSync(path, 'r+');
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
    ftruncateSync(fd, bytes.length);
  } finally {
    closeSync(fd);
  }
}

/** `weir verify` on a stopped instance asks which sinks it had; nothing else is kept. */
function keepSinks(directory: string): void {
  try {
    const path = join(directory, RUN_NAME);
    const { sinks } = JSON.parse(readFileSync(path, 'utf8')) as RunFile;
    overwrite(path, `${JSON.stringify({ sinks }, null, 2)}\n`);
    renameSync(path, join(directory, LAST_RUN_NAME));
  } catch {
    // It never came to run.
  }
}

/** The running instance on the directory, or null when none runs. */
export function readRunFile(directory: string): RunFile | null {
  try {
    const run = JSON.parse(readFileSync(join(directory, RUN_NAME), 'utf8')) as RunFile;
    return isSameProcess(run.pid, run.pidIdentity) ? run : null;
  } catch {
    return null;
  }
}

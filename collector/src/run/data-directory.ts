// The data directory: made when missing, held by one process at a time, and described by run.json for
// the commands that look at a running instance.
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, systemCodeOf, WeirError } from '@weir/pipeline';

/** DIR/run.json: where a running instance is to be found. */
export interface RunFile {
  readonly pid: number;
  /** Start time of that process in clock ticks since boot, so that a reused pid is not mistaken. */
  readonly pidStartTicks: string;
  readonly version: string;
  readonly startedAt: string;
  readonly storeUrl: string;
  readonly storePid: number | null;
  readonly eventsTable: string;
  /** Listener name to address, for instance syslog_tcp: 127.0.0.1:5514. */
  readonly listeners: Readonly<Record<string, string>>;
}

export interface DataDirectory {
  readonly path: string;
  release(): void;
}

/**
 * Creates and locks the directory. Throws WEIR_DATA_DIR_UNWRITABLE or WEIR_DATA_DIR_LOCKED. A lock whose
 * process is gone (kill -9) is taken over.
 */
export function openDataDirectory(path: string): DataDirectory {
  const lockPath = join(path, 'lock');
  const draft = join(path, `lock.${randomBytes(6).toString('hex')}`);
  try {
    mkdirSync(path, { recursive: true });
    writeFileSync(draft, `${process.pid} ${startTicksOf(process.pid)}\n`);
  } catch (error) {
    throw new WeirError('WEIR_DATA_DIR_UNWRITABLE', `cannot write the data directory ${path}: ${messageOf(error)}`);
  }
  try {
    while (!tryLink(draft, lockPath)) {
      const holder = readHolder(lockPath);
      if (holder !== null && isAlive(holder)) {
        throw new WeirError(
          'WEIR_DATA_DIR_LOCKED',
          `the data directory ${path} is in use by process ${holder.pid}; stop it or choose another with --data`,
        );
      }
      // Moved aside under a name of our own first: of two that find it stale, one fails here.
      takeAside(lockPath, `${draft}.stale`);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    path,
    release: () => {
      rmSync(join(path, 'run.json'), { force: true });
      rmSync(lockPath, { force: true });
    },
  };
}

interface Holder {
  readonly pid: number;
  readonly startTicks: string;
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw new WeirError('WEIR_DATA_DIR_UNWRITABLE', `cannot lock ${to}: ${messageOf(error)}`);
  }
}

function takeAside(lockPath: string, asidePath: string): void {
  try {
    renameSync(lockPath, asidePath);
    rmSync(asidePath, { force: true });
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
}

function readHolder(lockPath: string): Holder | null {
  try {
    const [pid, startTicks] = readFileSync(lockPath, 'utf8').trim().split(' ');
    return { pid: Number(pid), startTicks: startTicks ?? '' };
  } catch {
    return null;
  }
}

function isAlive(holder: Holder): boolean {
  return holder.startTicks !== '' && startTicksOf(holder.pid) === holder.startTicks;
}

/** Field 22 of /proc/PID/stat (proc(5)); empty when there is no such process or it is a zombie. */
export function startTicksOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command in field 2 may hold spaces and parentheses: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

export function writeRunFile(directory: string, run: RunFile): void {
  const path = join(directory, 'run.json');
  writeFileSync(`${path}.new`, `${JSON.stringify(run, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** The running instance on the directory, or null when none runs. */
export function readRunFile(directory: string): RunFile | null {
  try {
    const run = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as RunFile;
    return startTicksOf(run.pid) === run.pidStartTicks ? run : null;
  } catch {
    return null;
  }
}

// A backup of the embedded store in files. It comes into being under a name that nobody takes for a
// backup, and gets its own when all of it is on the disk.
import { cp, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, systemCodeOf, type Timers, WeirError } from '@weir/pipeline';
import {
  backupTables,
  readStorageStatus,
  type Store,
  type TableNames,
} from '@weir/sinks/clickhouse';
import { version } from '../version.js';
import { type Manifest, syncTree, verifyBackup, writeManifest } from './manifest.js';

/** In the data directory; the engine may write below it, and nowhere else. */
export const BACKUPS_FOLDER = 'backups';
const PARTIAL = /^\.(.+)\.(\d+)\.partial$/;

export interface BackupOptions {
  readonly store: Store;
  readonly tables: TableNames;
  readonly timers: Timers;
  /** The data directory. */
  readonly directory: string;
  /** Where it is to be in the end. */
  readonly target: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** A name is one below the data directory; everything with a slash is a path. */
export function backupPath(directory: string, given: string): string {
  if (given === '' || (given.startsWith('.') && !given.includes('/')))
    throw new WeirError('WEIR_USAGE', `a backup cannot be called "${given}"`);
  return given.includes('/') ? resolve(given) : join(directory, BACKUPS_FOLDER, given);
}

/** Throws WEIR_USAGE for a target that is there already. */
export async function takeBackup(options: BackupOptions): Promise<Manifest> {
  const { store, tables, directory, target, startedAt } = options;
  if (await isThere(target))
    throw new WeirError('WEIR_USAGE', `${target} is there already; choose another name`);
  const status = await readStorageStatus(store, tables);
  if (status.profile === null)
    throw new WeirError('WEIR_USAGE', `there are no tables of Weir for ${status.eventsTable}`);
  const { profile, schemaVersion, eventsTable } = status;
  const backups = join(directory, BACKUPS_FOLDER);
  await mkdir(backups, { recursive: true, mode: 0o700 });
  await removeLeftovers(backups);
  const partial = join(backups, `.${basename(target)}.${process.pid}.partial`);
  await mkdir(partial, { mode: 0o700 });
  try {
    const place = (part: string): string => `File(${quote(join(partial, part))})`;
    const parts = await backupTables({ ...options, profile, place });
    const about = { startedAt, weirVersion: version, engineVersion: status.version };
    const rest = { eventsTable, profile, schemaVersion, parts };
    const manifest = await writeManifest(partial, { ...about, ...rest });
    await moveInto(partial, target);
    return manifest;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (systemCodeOf(error) === '' || error instanceof WeirError) throw error;
    throw new WeirError(
      'WEIR_BACKUP_INVALID',
      `no backup was made: ${messageOf(error)}`,
      {},
      error,
    );
  }
}

const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** By rename, or by a copy that is read again where the target is on another file system. */
async function moveInto(partial: string, target: string): Promise<void> {
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  try {
    await rename(partial, target);
  } catch (error) {
    if (systemCodeOf(error) !== 'EXDEV') throw error;
    const copy = join(parent, `.${basename(target)}.${process.pid}.partial`);
    try {
      await cp(partial, copy, { recursive: true, errorOnExist: true, force: false });
      await syncTree(copy);
      await verifyBackup(copy);
      await rename(copy, target);
    } catch (failure) {
      await rm(copy, { recursive: true, force: true });
      throw failure;
    }
    await rm(partial, { recursive: true, force: true });
  }
  await syncDirectory(parent);
}

export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Of commands that were killed. */
async function removeLeftovers(backups: string): Promise<void> {
  for (const name of await readdir(backups)) {
    const pid = PARTIAL.exec(name)?.[2];
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(backups, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) !== 'ESRCH';
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

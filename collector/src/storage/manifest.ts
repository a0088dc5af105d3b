// The manifest of a backup in files: every file with its size and SHA-256. It is written last, and
// what stands in it was synced before. A backup is a directory:
//
//   manifest.json     this
//   ledger/ dispositions/ quarantine/ events/     parts, as ClickHouse's BACKUP writes them
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, type StoreProfile, WeirError } from '@weir/pipeline';

export const MANIFEST_NAME = 'manifest.json';
export const MANIFEST_FORMAT = 'weir-backup-1';

export interface ManifestFile {
  /** Below the backup, with slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface BackupAbout {
  /** ISO 8601; everything that the ledger knew before is in it. */
  readonly startedAt: string;
  readonly weirVersion: string;
  readonly engineVersion: string;
  readonly eventsTable: string;
  readonly profile: StoreProfile;
  readonly schemaVersion: number;
  /** In the order in which they were taken. */
  readonly parts: readonly string[];
}

export interface Manifest extends BackupAbout {
  readonly format: typeof MANIFEST_FORMAT;
  readonly files: readonly ManifestFile[];
}

const PROBLEMS_SHOWN_MAX = 3;

/** Syncs every file and directory below, then writes and syncs the manifest. */
export async function writeManifest(directory: string, about: BackupAbout): Promise<Manifest> {
  const files: ManifestFile[] = [];
  for (const path of await filesBelow(directory)) {
    await syncFile(join(directory, path));
    files.push({ path, ...(await digestOf(join(directory, path))) });
  }
  const manifest: Manifest = { format: MANIFEST_FORMAT, ...about, files };
  const handle = await open(join(directory, MANIFEST_NAME), 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(manifest, null, 1)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectories(directory);
  return manifest;
}

/** Reads every file. Throws WEIR_BACKUP_INVALID, which names what is wrong. */
export async function verifyBackup(directory: string): Promise<Manifest> {
  const manifest = await readManifest(directory);
  const there = new Set(await filesBelow(directory));
  there.delete(MANIFEST_NAME);
  const problems: string[] = [];
  for (const { path, bytes, sha256 } of manifest.files) {
    if (!there.delete(path)) {
      problems.push(`${path} is missing`);
      continue;
    }
    const found = await digestOf(join(directory, path));
    if (found.bytes !== bytes)
      problems.push(`${path} has ${found.bytes} bytes, the manifest says ${bytes}`);
    else if (found.sha256 !== sha256) problems.push(`${path} has another SHA-256`);
  }
  for (const path of there) problems.push(`${path} is not in the manifest`);
  if (problems.length === 0) return manifest;
  const more = problems.length - PROBLEMS_SHOWN_MAX;
  throw new WeirError(
    'WEIR_BACKUP_INVALID',
    `the backup ${directory} does not match its manifest: ` +
      problems.slice(0, PROBLEMS_SHOWN_MAX).join('; ') +
      (more > 0 ? `; and ${more} more` : ''),
    { problems: problems.length },
  );
}

async function readManifest(directory: string): Promise<Manifest> {
  let found: Partial<Manifest>;
  try {
    found = JSON.parse(await readFile(join(directory, MANIFEST_NAME), 'utf8')) as Manifest;
  } catch (error) {
    throw new WeirError(
      'WEIR_BACKUP_INVALID',
      `${directory} is no whole backup: ${MANIFEST_NAME} cannot be read: ${messageOf(error)}`,
      {},
      error,
    );
  }
  if (found.format !== MANIFEST_FORMAT || !Array.isArray(found.files))
    throw new WeirError(
      'WEIR_BACKUP_INVALID',
      `${directory} has the format ${String(found.format)}; this version reads ${MANIFEST_FORMAT}`,
    );
  return found as Manifest;
}

/** Paths of regular files below, sorted, with slashes. */
async function filesBelow(directory: string, prefix = ''): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(directory, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) paths.push(...(await filesBelow(directory, path)));
    else paths.push(path);
  }
  return paths.sort();
}

async function digestOf(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Names in them are durable when it resolves. */
export async function syncDirectories(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory()) await syncDirectories(join(directory, entry.name));
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** All files below, too. */
export async function syncTree(directory: string): Promise<void> {
  for (const path of await filesBelow(directory)) await syncFile(join(directory, path));
  await syncDirectories(directory);
}

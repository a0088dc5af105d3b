// The last good table of a file, as it stands in the data directory: a start that finds the file
// broken or gone uses it. SHA-256 of the table, then the table; written beside and renamed, and not
// synced, since a torn one is found and left alone.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TableView } from '@weir/enrich';
import type { WantedTable } from './read-table.js';

const HASH_BYTES = 32;
const FOLDER = 'tables';

export const lastGoodPath = (dataDirectory: string, key: string): string =>
  join(
    dataDirectory,
    FOLDER,
    `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.table`,
  );

export function keepLastGood(path: string, table: SharedArrayBuffer): void {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const bytes = new Uint8Array(table);
  const temporary = `${path}.new`;
  const hash = createHash('sha256').update(bytes).digest();
  writeFileSync(temporary, Buffer.concat([hash, bytes]), { mode: 0o600 });
  renameSync(temporary, path);
}

/** Null when there is none that is whole. */
export function readLastGood(path: string, isRows: boolean): SharedArrayBuffer | null {
  try {
    const file = readFileSync(path);
    const bytes = file.subarray(HASH_BYTES);
    const hash = createHash('sha256').update(bytes).digest();
    if (!hash.equals(file.subarray(0, HASH_BYTES))) return null;
    const table = new SharedArrayBuffer(bytes.length);
    new Uint8Array(table).set(bytes);
    if (isRows) new TableView(table);
    return table;
  } catch {
    return null;
  }
}

/** Those of files that the configuration does not name any more. */
export function removeOthers(dataDirectory: string, wanted: readonly WantedTable[]): void {
  const folder = join(dataDirectory, FOLDER);
  const kept = new Set(wanted.map(({ key }) => lastGoodPath(dataDirectory, key)));
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) if (!kept.has(join(folder, name))) rmSync(join(folder, name));
}

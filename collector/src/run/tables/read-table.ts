// A table from its file, in this thread: for commands that wait for it anyway, and for the thread
// that reads tables of a running collector.
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { type BuiltTable, buildTable, type TableSpec, tableKeyOf } from '@weir/enrich';
import {
  type GraphDocument,
  hasTable,
  LIMITS,
  messageOf,
  reasonOf,
  type SharedTable,
  systemCodeOf,
} from '@weir/pipeline';

/** What tells one state of a file from another. */
export function signatureOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path);
  return `${mtimeMs} ${size} ${ino}`;
}

/** Throws an error that names the file. */
export function readTable(spec: TableSpec): BuiltTable {
  const name = basename(spec.path);
  const bytesMax = spec.max_bytes ?? LIMITS.tableBytesMax;
  let bytes: Uint8Array;
  try {
    const stat = statSync(spec.path);
    if (!stat.isFile()) throw new Error('it is no file');
    if (stat.size > bytesMax)
      throw new Error(`file too large: ${stat.size} bytes, limit is ${bytesMax}`);
    bytes = readFileSync(spec.path);
  } catch (error) {
    const reason = systemCodeOf(error) === null ? messageOf(error) : reasonOf(error);
    throw new Error(`${name} cannot be read: ${reason}`);
  }
  try {
    return buildTable(spec, bytes);
  } catch (error) {
    throw new Error(`${name}: ${messageOf(error)}`);
  }
}

/** A file, and the transforms that share its table. */
export interface WantedTable {
  readonly key: string;
  readonly spec: TableSpec;
  readonly ids: readonly string[];
}

export function wantedTables({ transforms }: GraphDocument): WantedTable[] {
  const wanted = new Map<string, { key: string; spec: TableSpec; ids: string[] }>();
  for (const [id, document] of Object.entries(transforms)) {
    if (!hasTable(document)) continue;
    const key = tableKeyOf(document);
    const known = wanted.get(key);
    if (known === undefined) wanted.set(key, { key, spec: document, ids: [id] });
    else known.ids.push(id);
  }
  return [...wanted.values()];
}

export interface ReadTables {
  readonly tables: readonly SharedTable[];
  /** What each is, for people. */
  readonly lines: readonly string[];
  /** Each begins with the path of the setting. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** All tables of a graph, one after the other. */
export function readTables(graph: GraphDocument): ReadTables {
  const tables: SharedTable[] = [];
  const lines: string[] = [];
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const { key, spec, ids } of wantedTables(graph)) {
    const at = `/transforms/${ids[0]}/path`;
    try {
      const { bytes, keyCount, rejectedCount, firstRejection } = readTable(spec);
      tables.push({ key, version: 1, bytes });
      const what = spec.type === 'geoip' ? 'nodes' : 'keys';
      const size = `${keyCount} ${what}, ${bytes.byteLength} bytes`;
      lines.push(`${ids.join(', ')} (${basename(spec.path)}: ${size})`);
      if (rejectedCount > 0)
        warnings.push(
          `${at} ${basename(spec.path)}: ${rejectedCount} rows are left out; ${firstRejection}`,
        );
    } catch (error) {
      problems.push(`${at} ${messageOf(error)}`);
    }
  }
  return { tables, lines, problems, warnings };
}

// What is to be read for a transform, and how: enough to make its table anywhere.
import {
  FIELD_BY_PATH,
  FIELDS,
  LIMITS,
  type LookupDocument,
  type TableDocument,
} from '@weir/pipeline';
import { type Format, formatOf, rowsOf } from './formats/rows.js';
import { TableError } from './table-error.js';
import type { BuiltTable } from './tables/built.js';
import { buildIndicators } from './tables/indicators.js';
import { buildLookup, type ColumnType } from './tables/lookup.js';
import { buildMmdb } from './tables/mmdb.js';

/** Survives a thread boundary. */
export type TableSpec = TableDocument;

/** Transforms that read the same file in the same way share one table. */
export function tableKeyOf(document: TableDocument): string {
  const { path, max_bytes: bytesMax = LIMITS.tableBytesMax } = document;
  const common = [document.type, path, bytesMax];
  if (document.type === 'geoip') return JSON.stringify([...common, document.language ?? 'en']);
  if (document.type === 'ioc') {
    const { format = 'auto', min_confidence: least = 'low', source = '', tier = 0 } = document;
    return JSON.stringify([...common, format, least, source, tier]);
  }
  const { format = 'auto', key_column: keyColumn, match = 'exact' } = document;
  return JSON.stringify([...common, format, keyColumn, match, columnsOf(document)]);
}

/** Columns in the order in which the table has them, with the types of what they are set to. */
export function columnsOf(document: LookupDocument): { name: string; type: ColumnType }[] {
  return Object.entries(document.set).map(([path, name]) => ({
    name,
    type: columnType(path, document),
  }));
}

function columnType(path: string, { types = {} }: LookupDocument): ColumnType {
  const field = FIELD_BY_PATH.get(path);
  if (field !== undefined) return FIELDS[field]?.kind === 'number' ? 'number' : 'string';
  return types[path] ?? 'string';
}

/** Throws TableError; the message does not name the file. */
export function buildTable(spec: TableSpec, bytes: Uint8Array): BuiltTable {
  const bytesMax = spec.max_bytes ?? LIMITS.tableBytesMax;
  if (bytes.length > bytesMax)
    throw new TableError(`file too large: ${bytes.length} bytes, limit is ${bytesMax}`);
  if (spec.type === 'geoip') return buildMmdb(bytes);
  const rows = rowsOf(bytes, formatFor(spec.path, spec.format));
  if (spec.type === 'ioc') {
    const { min_confidence: minConfidence = 'low', source, tier } = spec;
    return buildIndicators(rows, {
      minConfidence,
      bytesMax,
      ...(source === undefined ? {} : { source }),
      ...(tier === undefined ? {} : { tier }),
    });
  }
  const { key_column: keyColumn, match = 'exact' } = spec;
  return buildLookup(rows, { keyColumn, match, bytesMax, columns: columnsOf(spec) });
}

function formatFor(path: string, format: Format | 'auto' | undefined): Format {
  const found = formatOf(path, format);
  if (found !== null) return found;
  throw new TableError('its name does not tell the format: set format');
}

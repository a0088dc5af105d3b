// Some rows of a block: of one that landed in part, or that is taken apart to find the row that the
// store refuses. Knows the types that a block of ours has; layouts are those of ClickHouse's
// serializations (src/DataTypes/Serializations).
import type { BlockColumn, NativeColumns } from './block-columns.js';
import { ByteReader } from './byte-reader.js';

/** The rows by their index, ascending. Throws a RangeError for data of another shape. */
export function rowsOf(block: NativeColumns, rows: readonly number[]): NativeColumns {
  return {
    rowCount: rows.length,
    columns: block.columns.map((column) => ({
      ...column,
      data: Buffer.concat(filtered(column, block.rowCount, rows)),
    })),
  };
}

function filtered({ name, type, data }: BlockColumn, rowCount: number, rows: readonly number[]) {
  const reader = new ByteReader(data);
  const parts = filterType(reader, type, rowCount, rows);
  if (reader.left > 0) throw new RangeError(`column ${name}: ${reader.left} bytes are left over`);
  return parts;
}

/** Bytes of a value. */
export const WIDTHS: Readonly<Record<string, number>> = {
  UInt8: 1,
  UInt16: 2,
  UInt32: 4,
  UInt64: 8,
  Int64: 8,
  Float64: 8,
  'DateTime64(6)': 8,
};

function filterType(
  reader: ByteReader,
  type: string,
  rowCount: number,
  rows: readonly number[],
): Uint8Array[] {
  const width = WIDTHS[type];
  if (width !== undefined) return filterFixed(reader, width, rowCount, rows);
  if (type === 'String') return filterTexts(reader, rowCount, rows);
  const [, outer = '', inner = ''] = /^(\w+)\((.*)\)$/.exec(type) ?? [];
  if (outer === 'Nullable')
    return [
      ...filterFixed(reader, 1, rowCount, rows),
      ...filterType(reader, inner, rowCount, rows),
    ];
  if (type === 'LowCardinality(String)') return filterDictionary(reader, rowCount, rows);
  if (type === 'Array(String)') return filterLists(reader, rowCount, rows, 1);
  if (type === 'Map(String, String)') return filterLists(reader, rowCount, rows, 2);
  throw new RangeError(`a block has a column of type ${type}`);
}

function filterFixed(
  reader: ByteReader,
  width: number,
  rowCount: number,
  rows: readonly number[],
): Uint8Array[] {
  const start = reader.skip(width * rowCount);
  return rows.map((row) => reader.slice(start + row * width, start + (row + 1) * width));
}

function filterTexts(reader: ByteReader, rowCount: number, rows: readonly number[]): Uint8Array[] {
  const ends = [reader.at];
  for (let row = 0; row < rowCount; row++) {
    reader.skipText();
    ends.push(reader.at);
  }
  return rows.map((row) => reader.slice(ends[row] as number, ends[row + 1] as number));
}

/** SerializationLowCardinality with its keys in the block; unused keys may stay. */
function filterDictionary(
  reader: ByteReader,
  rowCount: number,
  rows: readonly number[],
): Uint8Array[] {
  const start = reader.skip(8);
  // The lowest byte of the type is the width of an index: 0 for one byte, 1 for two, and so on.
  const width = 1 << (reader.u64() % 256);
  const keyCount = reader.u64();
  for (let i = 0; i < keyCount; i++) reader.skipText();
  const head = reader.slice(start, reader.at);
  if (reader.u64() !== rowCount) throw new RangeError('a dictionary is of another row count');
  return [head, u64(rows.length), ...filterFixed(reader, width, rowCount, rows)];
}

/** Offsets of the row's ends, then `parts` runs of texts: an array, or the keys and values. */
function filterLists(
  reader: ByteReader,
  rowCount: number,
  rows: readonly number[],
  parts: 1 | 2,
): Uint8Array[] {
  const ends: number[] = [];
  for (let row = 0; row < rowCount; row++) ends.push(reader.u64());
  const out: Uint8Array[] = [];
  const entries: number[] = [];
  for (const row of rows) {
    for (let i = ends[row - 1] ?? 0; i < (ends[row] as number); i++) entries.push(i);
    out.push(u64(entries.length));
  }
  for (let part = 0; part < parts; part++)
    out.push(...filterTexts(reader, ends.at(-1) ?? 0, entries));
  return out;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

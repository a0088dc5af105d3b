// Whether the data of columns are what their types say, before they are put between those of
// others: bytes too many or too few would shift everything behind them.

import type { NativeColumns } from './block-columns.js';
import { ByteReader } from './byte-reader.js';
import { WIDTHS } from './row-filter.js';

/** Throws a RangeError that names the column. */
export function checkColumns({ rowCount, columns }: NativeColumns): void {
  for (const { name, type, data } of columns) {
    const reader = new ByteReader(data);
    try {
      skipType(reader, type, rowCount);
    } catch (error) {
      throw new RangeError(`column ${name}: ${(error as Error).message}`);
    }
    if (reader.left > 0) throw new RangeError(`column ${name}: ${reader.left} bytes are left over`);
  }
}

function skipType(reader: ByteReader, type: string, rowCount: number): void {
  const width = WIDTHS[type];
  if (width !== undefined) reader.skip(width * rowCount);
  else if (type === 'String') reader.skipTexts(rowCount);
  else if (type === 'LowCardinality(String)') skipDictionary(reader, rowCount);
  else if (type === 'Array(String)') reader.skipTexts(skipEnds(reader, rowCount));
  else if (type === 'Map(String, String)') reader.skipTexts(2 * skipEnds(reader, rowCount));
  else if (type.startsWith('Nullable(')) {
    reader.skip(rowCount);
    skipType(reader, type.slice('Nullable('.length, -1), rowCount);
  } else throw new RangeError(`its type is ${type}`);
}

function skipDictionary(reader: ByteReader, rowCount: number): void {
  if (reader.u64() !== 1) throw new RangeError('a dictionary of another version');
  const width = 1 << (reader.u64() % 256);
  reader.skipTexts(reader.u64());
  if (reader.u64() !== rowCount) throw new RangeError('a dictionary of another row count');
  reader.skip(width * rowCount);
}

/** Offsets must not fall; returns the last. */
function skipEnds(reader: ByteReader, rowCount: number): number {
  let end = 0;
  for (let row = 0; row < rowCount; row++) {
    const next = reader.u64();
    if (next < end) throw new RangeError('a list ends before it begins');
    end = next;
  }
  return end;
}

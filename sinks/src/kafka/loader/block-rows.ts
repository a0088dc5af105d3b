// What the loader has to know of single rows, which is seldom: numbers and raw bytes.
import { ByteReader, type NativeColumns } from '../../clickhouse/index.js';

function columnOf({ columns }: NativeColumns, name: string, type: string): Uint8Array {
  const column = columns.find((one) => one.name === name && one.type === type);
  if (column === undefined) throw new RangeError(`the block has no column ${name} ${type}`);
  return column.data;
}

/** The number of each row. */
export function seqsOfBlock(block: NativeColumns): number[] {
  const reader = new ByteReader(columnOf(block, 'seq', 'UInt64'));
  return Array.from({ length: block.rowCount }, () => reader.u64());
}

/** The bytes of each row of a String column, as views. */
export function textsOfColumn(block: NativeColumns, name: string): Uint8Array[] {
  const reader = new ByteReader(columnOf(block, name, 'String'));
  return Array.from({ length: block.rowCount }, () => {
    const byteCount = reader.varUint();
    const start = reader.skip(byteCount);
    return reader.slice(start, start + byteCount);
  });
}

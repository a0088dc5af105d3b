// A Native block as its columns, and columns as a block again. The data of a column is not looked
// at, so this costs next to nothing a row.
import { outputMemory } from '@weir/pipeline';
import { ByteReader } from './byte-reader.js';
import type { NativeBlock } from './encode-batch.js';

export interface BlockColumn {
  readonly name: string;
  /** As ClickHouse writes it. */
  readonly type: string;
  /** In Native encoding, of all rows of the block. */
  readonly data: Uint8Array;
}

export interface NativeColumns {
  readonly rowCount: number;
  readonly columns: readonly BlockColumn[];
}

/** The columns of a block of ours; their data are views into it. */
export function columnsOf({ rowCount, bytes, columnStarts }: NativeBlock): NativeColumns {
  const columns = columnStarts.map((start, i) => {
    const head = new ByteReader(bytes, start);
    const name = head.text();
    const type = head.text();
    return { name, type, data: bytes.subarray(head.at, columnStarts[i + 1] ?? bytes.length) };
  });
  return { rowCount, columns };
}

const encoder = new TextEncoder();

/** Columns as a block, fit to be inserted behind others. */
export function blockOf({ rowCount, columns }: NativeColumns): Uint8Array<ArrayBuffer> {
  const ownHeads = columns.map(headOf);
  const start = Buffer.concat([varUint(columns.length), varUint(rowCount)]);
  let length = start.length;
  columns.forEach(({ data }, i) => {
    length += (ownHeads[i] as Buffer).length + data.length;
  });
  const block = outputMemory.take(length);
  block.set(start);
  let at = start.length;
  columns.forEach(({ data }, i) => {
    const head = ownHeads[i] as Buffer;
    block.set(head, at);
    block.set(data, at + head.length);
    at += head.length + data.length;
  });
  return block;
}

/** Encoded once: every block has the same forty columns. */
const heads = new Map<string, Buffer>();
/** Names come from a topic: others than ours are not kept. */
const HEADS_MAX = 1_024;

function headOf({ name, type }: BlockColumn): Buffer {
  const key = `${type} ${name}`;
  const known = heads.get(key);
  if (known !== undefined) return known;
  const head = Buffer.concat([withLength(encoder.encode(name)), withLength(encoder.encode(type))]);
  if (heads.size < HEADS_MAX) heads.set(key, head);
  return head;
}

const withLength = (text: Uint8Array): Buffer => Buffer.concat([varUint(text.length), text]);

/** LEB128, as Native has it. */
export function varUint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

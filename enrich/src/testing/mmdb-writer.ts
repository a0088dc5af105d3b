// Small MMDB files for tests and benches (MaxMind DB file format, version 2.0): a tree of IPv6 with
// IPv4 at ::/96, records of 24, 28 or 32 bits, and data without pointers.
import { type IpNetwork, networkOf } from '@weir/pipeline';

export interface MmdbEntry {
  /** `192.0.2.0/24`, `2001:db8::/32`. */
  readonly network: string;
  readonly record: Readonly<Record<string, unknown>>;
}

const MARKER = Uint8Array.from([0xab, 0xcd, 0xef, ...new TextEncoder().encode('MaxMind.com')]);
const SEPARATOR_BYTES = 16;

/** A child is another node, or minus one less than the number of a record, or 0 for nothing. */
type Node = [left: Node | number, right: Node | number];

/** Shorter networks first: a longer one within them takes its part. */
export function writeMmdb(
  entries: readonly MmdbEntry[],
  recordSize: 24 | 28 | 32 = 28,
): Uint8Array {
  const root: Node = [0, 0];
  const records = new Map<string, number>();
  const data: number[] = [];
  for (const { network, record } of entries) {
    const name = JSON.stringify(record);
    let at = records.get(name);
    if (at === undefined) {
      at = data.length;
      records.set(name, at);
      encode(record, data);
    }
    insert(root, bitsOf(networkOf(network) as IpNetwork), -1 - at);
  }
  const nodes = numbered(root);
  const nodeBytes = (recordSize * 2) / 8;
  const tree = new Uint8Array(nodes.size * nodeBytes);
  for (const [node, number] of nodes) {
    const [left, right] = node.map((child) => {
      if (typeof child !== 'number') return nodes.get(child) as number;
      return child === 0 ? nodes.size : nodes.size + SEPARATOR_BYTES + (-1 - child);
    }) as [number, number];
    writeNode(tree, number * nodeBytes, recordSize, left, right);
  }
  const metadata: number[] = [];
  encode(
    {
      binary_format_major_version: 2,
      binary_format_minor_version: 0,
      build_epoch: 1_772_366_400,
      database_type: 'Test',
      description: { en: 'made for a test' },
      ip_version: 6,
      languages: ['en'],
      node_count: nodes.size,
      record_size: recordSize,
    },
    metadata,
  );
  return Uint8Array.from([
    ...tree,
    ...new Uint8Array(SEPARATOR_BYTES),
    ...data,
    ...MARKER,
    ...metadata,
  ]);
}

function bitsOf({ bytes, prefixLength }: IpNetwork): number[] {
  const whole = bytes.length === 4 ? [...new Uint8Array(12), ...bytes] : [...bytes];
  const length = bytes.length === 4 ? 96 + prefixLength : prefixLength;
  return Array.from({ length }, (_, i) => ((whole[i >> 3] as number) >> (7 - (i & 7))) & 1);
}

function insert(root: Node, bits: readonly number[], leaf: number): void {
  let node = root;
  for (const [i, bit] of bits.entries()) {
    if (i === bits.length - 1) {
      node[bit as 0 | 1] = leaf;
      return;
    }
    const child = node[bit as 0 | 1];
    if (typeof child === 'number') node = node[bit as 0 | 1] = [child, child];
    else node = child;
  }
}

function numbered(root: Node): Map<Node, number> {
  const nodes = new Map<Node, number>();
  const visit = (node: Node): void => {
    nodes.set(node, nodes.size);
    for (const child of node) if (typeof child !== 'number') visit(child);
  };
  visit(root);
  return nodes;
}

function writeNode(to: Uint8Array, at: number, size: number, left: number, right: number): void {
  if (size === 28) {
    to.set([left >> 16, left >> 8, left], at);
    to[at + 3] = ((left >> 20) & 0xf0) | ((right >> 24) & 0x0f);
    to.set([right >> 16, right >> 8, right], at + 4);
    return;
  }
  for (const [i, value] of [left, right].entries())
    for (let byte = 0; byte < size / 8; byte++)
      to[at + (i * size) / 8 + byte] = value >>> (size - 8 * (byte + 1));
}

/** Types of the data section: 2 text, 3 double, 6 u32, 7 map, 11 array, 14 boolean. */
function encode(value: unknown, to: number[]): void {
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    control(2, bytes.length, to);
    to.push(...bytes);
  } else if (typeof value === 'number' && Number.isInteger(value) && value >= 0) {
    control(6, 4, to);
    to.push((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  } else if (typeof value === 'number') {
    control(3, 8, to);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value);
    to.push(...bytes);
  } else if (typeof value === 'boolean') control(14, value ? 1 : 0, to);
  else if (Array.isArray(value)) {
    control(11, value.length, to);
    for (const item of value) encode(item, to);
  } else {
    const entries = Object.entries(value as object);
    control(7, entries.length, to);
    for (const [key, inner] of entries) {
      encode(key, to);
      encode(inner, to);
    }
  }
}

function control(type: number, size: number, to: number[]): void {
  const short = Math.min(size, 29);
  if (type <= 7) to.push((type << 5) | short);
  else to.push(short, type - 7);
  if (size >= 29) to.push(size - 29);
}

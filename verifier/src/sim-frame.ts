// Heads of frames, written straight from FORMAT.md "Frame", for tests.

export interface SimDisposition {
  readonly kind: 'filtered' | 'lost' | 'refused';
  readonly cause: string;
  readonly count: number;
  readonly ranges: readonly (readonly [number, number])[];
}
export interface SimFrame {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly first: number;
  readonly rows: number;
  readonly storedBytes: number;
  readonly dispositions: readonly SimDisposition[];
}

const little = (value: number | bigint, bytes: number): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer.subarray(0, bytes);
};
const text = (value: string, lengthBytes: number): Buffer =>
  Buffer.concat([little(Buffer.byteLength(value), lengthBytes), Buffer.from(value)]);

/** Header and metadata. Checksums are zero: the tree is what protects a head in a bundle. */
export function makeHead(frame: SimFrame): Buffer {
  const { dispositions, rows, first } = frame;
  const kinds = ['', 'filtered', 'lost', 'refused'];
  const meta = Buffer.concat([
    text(frame.tenant, 2),
    text(frame.stream, 2),
    text('default', 2),
    little(2, 2),
    text('192.0.2.7', 4),
    text('', 4),
    little(rows > 0 ? 1 : 0, 2),
    ...(rows > 0 ? [little(rows, 4), little(first, 8), little(0, 2), little(1, 2)] : []),
    little(3, 4),
    Buffer.alloc(12),
    little(1, 2),
    text('producer/1/0', 2),
    Buffer.alloc(48),
    little(dispositions.length, 2),
    ...dispositions.flatMap(({ kind, cause, count, ranges }) => [
      little(kinds.indexOf(kind), 2),
      text(cause, 2),
      little(count, 8),
      little(ranges.length, 4),
      ...ranges.flatMap(([from, to]) => [little(from, 8), little(to, 8)]),
    ]),
    little(1, 2),
    little(77, 2),
    little(0, 2),
    text('later', 4),
  ]);
  const header = Buffer.alloc(128);
  header.write('WFRM', 'latin1');
  header.writeUInt16LE(128, 8);
  header.writeBigUInt64LE(frame.epoch, 32);
  header.writeBigUInt64LE(BigInt(first), 40);
  header.writeUInt32LE(rows, 48);
  header.writeUInt32LE(meta.length, 52);
  header.writeUInt32LE(frame.storedBytes, 56);
  header.writeUInt32LE(frame.storedBytes, 60);
  return Buffer.concat([header, meta]);
}

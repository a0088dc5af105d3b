// What the head of a frame says of numbers, as the second verifier reads it: FORMAT.md "Frame".
import { refuse } from './second-refusal.js';

export interface HeadNumbers {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: string;
  readonly first: number;
  readonly rows: number;
  readonly dispositions: readonly {
    readonly kind: 'filtered' | 'lost' | 'refused';
    readonly cause: string;
    readonly count: number;
    readonly numbers: readonly number[];
  }[];
}

class Cursor {
  at = 0;
  constructor(readonly bytes: Buffer) {}
  bytesOf(length: number): Buffer {
    const found = this.bytes.subarray(this.at, this.at + length);
    if (found.length !== length) refuse('the head is too short');
    this.at += length;
    return found;
  }
  /** Little-endian, of 1 to 8 bytes. */
  number(length: number): number {
    let value = 0n;
    for (const byte of Buffer.from(this.bytesOf(length)).reverse())
      value = (value << 8n) | BigInt(byte);
    if (value >= 1n << 53n) refuse('a number above 2^53');
    return Number(value);
  }
  text(lengthBytes: number): string {
    const bytes = this.bytesOf(this.number(lengthBytes));
    const text = bytes.toString('utf8');
    if (!Buffer.from(text, 'utf8').equals(bytes)) refuse('a name is not UTF-8');
    return text;
  }
  times(countBytes: number, work: () => void): void {
    for (let left = this.number(countBytes); left > 0; left--) work();
  }
}

const KINDS = ['filtered', 'lost', 'refused'] as const;

export function readHead(bytes: Buffer): HeadNumbers {
  const header = new Cursor(bytes.subarray(0, 128));
  const magic = header.bytesOf(4).toString('latin1');
  header.bytesOf(4);
  if (magic !== 'WFRM' || header.number(2) !== 128) refuse('not a frame');
  header.bytesOf(22);
  const epoch = header.bytesOf(8).readBigUInt64LE().toString();
  const first = header.number(8);
  const rows = header.number(4);
  const metaBytes = header.number(4);
  if (first + rows > Number.MAX_SAFE_INTEGER) refuse('numbers above 2^53');
  const meta = new Cursor(bytes.subarray(128));
  if (meta.bytes.length !== metaBytes) refuse('metadata of another length');
  const [tenant, stream] = [meta.text(2), meta.text(2)];
  meta.text(2);
  meta.times(2, () => meta.bytesOf(meta.number(4)));
  meta.times(2, () => meta.bytesOf(16));
  meta.times(4, () => meta.bytesOf(4));
  meta.times(2, () => {
    meta.bytesOf(meta.number(2));
    meta.bytesOf(48);
  });
  const dispositions: HeadNumbers['dispositions'][number][] = [];
  meta.times(2, () => {
    const kind = KINDS[meta.number(1) - 1];
    if (kind === undefined) return refuse('a disposition of unknown kind');
    meta.bytesOf(1);
    const [cause, count, numbers] = [meta.text(2), meta.number(8), [] as number[]];
    meta.times(4, () => {
      const [from, to] = [meta.number(8), meta.number(8)];
      if (to < from || to - from > 1_000_000) refuse('a wrong range');
      for (let seq = from; seq <= to; seq++) numbers.push(seq);
    });
    dispositions.push({ kind, cause, count, numbers });
  });
  meta.times(2, () => {
    meta.bytesOf(4);
    meta.bytesOf(meta.number(4));
  });
  if (meta.at !== metaBytes) refuse('metadata go on');
  return { tenant, stream, epoch, first, rows, dispositions };
}

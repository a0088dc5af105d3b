// What the head of a frame (header and metadata) says of numbers. FORMAT.md "Frame". Nothing else
// of it is decoded, so that hashing costs no object a run.
import { crc32c } from '@node-rs/crc32';
import { FRAME_HEADER_BYTES, FRAME_MAGIC, getCount, hasAscii, viewOf } from '../layout.js';
import type { NumberRange } from '../range-set.js';

export interface HeadDisposition {
  readonly kind: 'filtered' | 'lost' | 'refused';
  readonly cause: string;
  readonly eventCount: number;
  readonly seqRanges: readonly NumberRange[];
}
export interface HeadNumbers {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly seqFirst: number;
  /** Rows of the frame; their numbers are dense from seqFirst. */
  readonly eventCount: number;
  readonly dispositions: readonly HeadDisposition[];
}

const KINDS = ['', 'filtered', 'lost', 'refused'] as const;
const RUN_BYTES = 16;
const MARK_BYTES = 4;
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Null if it is not the head of a frame, or its metadata fails its CRC. The header's own CRC starts
 * with a secret of the store and is not checked here.
 */
export function numbersOfHead(head: Uint8Array): HeadNumbers | null {
  if (head.length < FRAME_HEADER_BYTES || !hasAscii(head, 0, FRAME_MAGIC)) return null;
  const view = viewOf(head);
  const meta = head.subarray(FRAME_HEADER_BYTES);
  if (view.getUint32(52, true) !== meta.length || crc32c(meta) !== view.getUint32(72, true))
    return null;
  return numbersOfChecked(head);
}

/** As numbersOfHead, of a head whose CRCs were just checked. */
export function numbersOfChecked(head: Uint8Array): HeadNumbers | null {
  const view = viewOf(head);
  const seqFirst = getCount(view, 40);
  const eventCount = view.getUint32(48, true);
  if (!Number.isSafeInteger(seqFirst + eventCount)) return null;
  try {
    const input = new HeadReader(head, FRAME_HEADER_BYTES);
    const tenant = input.text(input.u16());
    const stream = input.text(input.u16());
    input.skip(input.u16());
    for (let left = input.u16(); left > 0; left--) input.skip(input.u32());
    input.skip(input.u16() * RUN_BYTES);
    input.skip(input.u32() * MARK_BYTES);
    for (let left = input.u16(); left > 0; left--) {
      input.skip(input.u16());
      input.skip(32 + 16);
    }
    const dispositions: HeadDisposition[] = [];
    for (let left = input.u16(); left > 0; left--) dispositions.push(dispositionOf(input));
    const epoch = view.getBigUint64(32, true);
    return { tenant, stream, epoch, seqFirst, eventCount, dispositions };
  } catch {
    return null;
  }
}

function dispositionOf(input: HeadReader): HeadDisposition {
  const kind = KINDS[input.u8()];
  input.skip(1);
  if (kind === undefined || kind === '') throw new RangeError('unknown kind');
  const cause = input.text(input.u16());
  const eventCount = input.count();
  const seqRanges: NumberRange[] = [];
  for (let left = input.u32(); left > 0; left--) seqRanges.push([input.count(), input.count()]);
  return { kind, cause, eventCount, seqRanges };
}

/** Throws a RangeError at the end of the bytes. */
class HeadReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#at = at;
  }
  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  count(): number {
    const value = getCount(this.#view, this.#take(8));
    if (!Number.isSafeInteger(value)) throw new RangeError('a number is too large');
    return value;
  }
  text(byteCount: number): string {
    const at = this.#take(byteCount);
    return decoder.decode(this.#bytes.subarray(at, at + byteCount));
  }
  skip(byteCount: number): void {
    this.#take(byteCount);
  }
  #take(byteCount: number): number {
    const at = this.#at;
    if (at + byteCount > this.#bytes.length) throw new RangeError('the head ends early');
    this.#at = at + byteCount;
    return at;
  }
}

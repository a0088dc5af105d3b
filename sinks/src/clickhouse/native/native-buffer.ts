// A growing byte buffer with the primitives of ClickHouse's Native format. One per thread, reused
// for every block: a finished block is copied out once, so that it can be moved to another thread.

import { outputMemory } from '@weir/pipeline';

const CAPACITY_BYTES_INITIAL = 1 << 20;
const TWO_32 = 4_294_967_296;
/** A power of two: multiplying by it is as exact as dividing by its inverse, and faster. */
const PER_TWO_32 = 1 / TWO_32;
/** Below this, copying word by word beats the view that a bulk copy needs. */
const WORD_COPY_BYTES_MAX = 96;
/** How many bytes are copied at once; a source with as many to spare is copied so to its end. */
export const WORD_BYTES = 4;
/** A length, and how far copying by words may write behind the end. */
const SPAN_EXTRA_BYTES = 5 + WORD_BYTES;

/** Bytes to copy from, and the same as words. Words may be read where all of them lies inside. */
export interface ByteSource {
  readonly bytes: Uint8Array;
  readonly words: DataView;
}

export const sourceOf = (bytes: Uint8Array): ByteSource => ({
  bytes,
  words: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
});

export class NativeBuffer {
  bytes = new Uint8Array(CAPACITY_BYTES_INITIAL);
  view = new DataView(this.bytes.buffer);
  length = 0;
  /** Where the head of each column of the block begins. */
  readonly columnStarts: number[] = [];
  readonly #encoder = new TextEncoder();

  clear(): void {
    this.length = 0;
    this.columnStarts.length = 0;
  }

  /** A copy that owns its buffer. */
  take(): Uint8Array<ArrayBuffer> {
    const copy = outputMemory.take(this.length);
    copy.set(this.bytes.subarray(0, this.length));
    return copy;
  }

  /** Makes room; the writers below rely on the caller having done so, except `text`. */
  reserve(byteCount: number): void {
    const needed = this.length + byteCount;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  varUint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  u8(value: number): void {
    this.bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.view.setUint16(this.length, value, true);
    this.length += 2;
  }

  u32(value: number): void {
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** Any integer of magnitude up to 2^53, as two's complement. */
  i64(value: number): void {
    const high = Math.floor(value * PER_TWO_32);
    this.view.setUint32(this.length, value - high * TWO_32, true);
    this.view.setInt32(this.length + 4, high, true);
    this.length += 8;
  }

  u64(value: bigint): void {
    this.view.setBigUint64(this.length, value, true);
    this.length += 8;
  }

  /** Length and UTF-8 bytes; reserves its own room. */
  text(text: string): void {
    const { length } = text;
    this.reserve(length * 3 + 5);
    if (length < 0x80) {
      const { bytes } = this;
      let at = this.length;
      bytes[at++] = length;
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code >= 0x80) break;
        bytes[at++] = code;
      }
      if (i === length) {
        this.length = at;
        return;
      }
    }
    const encoded = this.#encoder.encode(text);
    this.varUint(encoded.length);
    this.bytes.set(encoded, this.length);
    this.length += encoded.length;
  }

  /** Makes room for `count` spans with `byteCount` bytes between them. */
  reserveSpans(count: number, byteCount: number): void {
    this.reserve(byteCount + count * SPAN_EXTRA_BYTES);
  }

  /** Length and the bytes source[start, end). */
  span(source: ByteSource, start: number, end: number): void {
    const byteCount = end - start;
    if (byteCount < 0x80) this.bytes[this.length++] = byteCount;
    else this.varUint(byteCount);
    const at = this.length;
    this.length = at + byteCount;
    if (byteCount > WORD_COPY_BYTES_MAX) {
      this.bytes.set(source.bytes.subarray(start, end), at);
      return;
    }
    const { words } = source;
    if (end + WORD_BYTES <= words.byteLength) {
      // The last word goes over the end; what is written next overwrites it.
      const { view } = this;
      for (let i = 0; i < byteCount; i += WORD_BYTES)
        view.setInt32(at + i, words.getInt32(start + i, true), true);
      return;
    }
    const { bytes } = this;
    for (let i = 0; i < byteCount; i++) bytes[at + i] = source.bytes[start + i] as number;
  }

  /** Repeats the last `byteCount` bytes until they stand there `count` times. */
  repeat(byteCount: number, count: number): void {
    const start = this.length - byteCount;
    const total = byteCount * count;
    this.reserve(total - byteCount);
    for (let done = byteCount; done < total; done *= 2)
      this.bytes.copyWithin(start + done, start, start + Math.min(done, total - done));
    this.length = start + total;
  }
}

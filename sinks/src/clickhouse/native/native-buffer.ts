// A growing byte buffer with the primitives of ClickHouse's Native format. One per thread, reused
// for every block: a finished block is copied out once, so that it can be moved to another thread.

const CAPACITY_BYTES_INITIAL = 1 << 20;
const TWO_32 = 4_294_967_296;
/** Below this a loop beats the view that a bulk copy needs. */
const LOOP_COPY_BYTES_MAX = 48;

export class NativeBuffer {
  bytes = new Uint8Array(CAPACITY_BYTES_INITIAL);
  view = new DataView(this.bytes.buffer);
  length = 0;
  readonly #encoder = new TextEncoder();

  clear(): void {
    this.length = 0;
  }

  /** A copy that owns its buffer. */
  take(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
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
    const high = Math.floor(value / TWO_32);
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
    this.reserve(text.length * 3 + 5);
    if (text.length < 0x80 / 3) {
      const { written } = this.#encoder.encodeInto(text, this.bytes.subarray(this.length + 1));
      this.bytes[this.length] = written;
      this.length += written + 1;
      return;
    }
    const encoded = this.#encoder.encode(text);
    this.varUint(encoded.length);
    this.bytes.set(encoded, this.length);
    this.length += encoded.length;
  }

  /** Length and the bytes source[start, end). */
  span(source: Uint8Array, start: number, end: number): void {
    const byteCount = end - start;
    this.varUint(byteCount);
    const { bytes } = this;
    let at = this.length;
    if (byteCount <= LOOP_COPY_BYTES_MAX) {
      for (let i = start; i < end; i++) bytes[at++] = source[i] as number;
    } else {
      bytes.set(source.subarray(start, end), at);
      at += byteCount;
    }
    this.length = at;
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

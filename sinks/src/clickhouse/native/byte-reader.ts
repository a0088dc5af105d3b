// Reads the primitives of ClickHouse's Native format. Every length is checked against what is
// there: bytes may come from a topic that others write to.

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = at;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  /** Moves on; returns where it was. Throws a RangeError beyond the end, as do all below. */
  skip(byteCount: number): number {
    if (!(byteCount >= 0 && byteCount <= this.left))
      throw new RangeError(`${byteCount} bytes are announced, ${this.left} are there`);
    const { at } = this;
    this.at += byteCount;
    return at;
  }

  varUint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#bytes[this.skip(1)] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
      if (factor > Number.MAX_SAFE_INTEGER) throw new RangeError('a number has too many bytes');
    }
  }

  /** Where a text with its length in front begins and ends, the length included. */
  skipText(): void {
    this.skip(this.varUint());
  }

  /** As many texts; a loop of its own, since it runs over every text of a topic. */
  skipTexts(count: number): void {
    const bytes = this.#bytes;
    const { length } = bytes;
    let { at } = this;
    for (let i = 0; i < count; i++) {
      const byteCount = bytes[at] as number;
      if (byteCount < 0x80) at += byteCount + 1;
      else {
        this.at = at;
        this.skipText();
        at = this.at;
      }
      if (!(at <= length)) throw new RangeError('a text ends behind the bytes');
    }
    this.at = at;
  }

  text(): string {
    const byteCount = this.varUint();
    const start = this.skip(byteCount);
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset + start, byteCount).toString();
  }

  /** Exact up to 2^53. */
  u64(): number {
    const start = this.skip(8);
    return (
      this.#view.getUint32(start, true) + this.#view.getUint32(start + 4, true) * 4_294_967_296
    );
  }

  slice(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start, end);
  }
}

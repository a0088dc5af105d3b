import { Buffer } from 'node:buffer';

const CAPACITY_BYTES_INITIAL = 64 * 1024;
/** Memory that one unusual batch took is given back. */
const CAPACITY_BYTES_KEPT = 4 * 1024 * 1024;

/** Bytes and text one after the other, in a buffer that is used again. */
export class ByteWriter {
  #buffer = Buffer.alloc(CAPACITY_BYTES_INITIAL);
  #at = 0;

  /** Bytes since the last `take`. */
  get byteCount(): number {
    return this.#at;
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#buffer.set(source, this.#at);
    this.#at += source.length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = value;
  }

  /** In UTF-8. */
  text(source: string): void {
    // No character of UTF-16 becomes more than three bytes.
    this.#reserve(3 * source.length);
    this.#at += this.#buffer.write(source, this.#at);
  }

  /** A copy that owns its buffer; the writer is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(this.#at);
    copy.set(this.#buffer.subarray(0, this.#at));
    this.#at = 0;
    if (this.#buffer.length > CAPACITY_BYTES_KEPT)
      this.#buffer = Buffer.alloc(CAPACITY_BYTES_INITIAL);
    return copy;
  }

  #reserve(byteCount: number): void {
    const needed = this.#at + byteCount;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.alloc(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

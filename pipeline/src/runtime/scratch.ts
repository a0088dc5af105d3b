// Derived text of a batch: what does not stand in its bytes as such, for instance an unescaped
// value. Positions are absolute: the first byte of the scratch is at batch.bytes.length.
import { Buffer } from 'node:buffer';

const INITIAL_BYTES = 16 * 1024;
/** Memory above this is given up once so many batches in a row had no need for it. */
const KEPT_BYTES = 16 * 1024 * 1024;
const IDLE_BATCH_COUNT = 16;
const encoder = new TextEncoder();

export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * A byte array that is reused from batch to batch. It grows, and shrinks after rare large batches.
 */
export class Scratch {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #length = 0;
  #base = 0;
  #generation = 0;
  /** Batches in a row that would have done with KEPT_BYTES. */
  #idleCount = 0;
  readonly #constants = new Map<string, Span>();
  /** The same memory, since only a Buffer decodes a part without a view of its own. */
  #reader = Buffer.from(this.#bytes.buffer);

  /** Of the memory, in bytes. */
  get capacity(): number {
    return this.#bytes.length;
  }

  begin(base: number): void {
    this.#shrink();
    this.#base = base;
    this.#generation++;
    this.#length = 0;
    this.#constants.clear();
  }

  /** Number of the batch: positions of another one say nothing here. */
  get generation(): number {
    return this.#generation;
  }

  /** Absolute position of the next byte that will be written. */
  get position(): number {
    return this.#base + this.#length;
  }

  /**
   * The memory itself, for reading at `position - base`: what is behind the bytes written says
   * nothing. Valid until the next write; unlike `view` it costs nothing.
   */
  get memory(): Uint8Array {
    return this.#bytes;
  }

  /** The bytes written so far; valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Text of [start, end), absolute; invalid UTF-8 shows as replacement characters. */
  textAt(start: number, end: number): string {
    if (this.#reader.buffer !== this.#bytes.buffer) this.#reader = Buffer.from(this.#bytes.buffer);
    return this.#reader.toString('utf8', start - this.#base, end - this.#base);
  }

  /** The byte at an absolute position. */
  byteAt(position: number): number {
    return this.#bytes[position - this.#base] as number;
  }

  /** Appends source[start, end). */
  copy(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (this.#length + count > this.#bytes.length) this.#reserve(count);
    const target = this.#bytes;
    let at = this.#length;
    // A loop beats set() and its subarray for the short texts that come here most.
    if (count <= 64) for (let i = start; i < end; i++) target[at++] = source[i] as number;
    else target.set(source.subarray(start, end), at);
    this.#length += count;
  }

  /** Appends UTF-8. A lone surrogate becomes U+FFFD. */
  text(text: string): Span {
    this.#reserve(text.length * 3);
    const start = this.position;
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    return { start, end: this.position };
  }

  /** Like text, but written once a batch however often it is asked for. */
  constant(text: string): Span {
    const known = this.#constants.get(text);
    if (known !== undefined) return known;
    const span = this.text(text);
    this.#constants.set(text, span);
    return span;
  }

  /** The memory is a power of two of the initial size, KEPT_BYTES among them. */
  #shrink(): void {
    if (this.#bytes.length <= KEPT_BYTES) return;
    this.#idleCount = this.#length > KEPT_BYTES ? 0 : this.#idleCount + 1;
    if (this.#idleCount < IDLE_BATCH_COUNT) return;
    this.#idleCount = 0;
    this.#bytes = new Uint8Array(INITIAL_BYTES);
  }

  #reserve(count: number): void {
    let size = this.#bytes.length;
    if (this.#length + count <= size) return;
    while (size < this.#length + count) size *= 2;
    const larger = new Uint8Array(size);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

// A byte buffer in which lines are made. What is copied often (constants, the batch's own bytes)
// stands in the buffer itself, before the lines: a copy within one buffer needs no views, and one
// position names any text. One buffer per thread; finished lines are copied out once.
import { Buffer } from 'node:buffer';
import { outputMemory } from '@weir/pipeline';
import { WORD_SLACK_BYTES } from './words.js';

const CAPACITY_BYTES_INITIAL = 1 << 20;
const CAPACITY_BYTES_KEPT = 1 << 24;
/** Behind a piece, so that it can be copied in whole words. */
const PADDING = Buffer.from(' '.repeat(8));

/** Start and end of a text in the buffer. */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

export class LineBuffer {
  bytes = new Uint8Array(CAPACITY_BYTES_INITIAL);
  view = new DataView(this.bytes.buffer);
  /** Position of the next byte. */
  at = 0;

  /** A copy that owns its buffer. */
  take(start: number): Uint8Array<ArrayBuffer> {
    const copy = outputMemory.take(this.at - start);
    copy.set(this.bytes.subarray(start, this.at));
    return copy;
  }

  /** Forgets what stands behind `at`. Memory that one unusual batch took is given back. */
  rewind(at: number): void {
    this.at = at;
    // What stands before `at` stays, however much it is.
    if (this.bytes.length > Math.max(CAPACITY_BYTES_KEPT, 2 * at))
      this.#resize(Math.max(CAPACITY_BYTES_INITIAL, 2 * at));
  }

  /** Makes room behind `at`; afterwards `bytes` and `view` may be others. */
  reserve(byteCount: number): void {
    const needed = this.at + byteCount + WORD_SLACK_BYTES;
    if (needed > this.bytes.length) this.#resize(Math.max(needed, this.bytes.length * 2));
  }

  #resize(capacityBytes: number): void {
    const resized = new Uint8Array(capacityBytes);
    resized.set(this.bytes.subarray(0, this.at));
    this.bytes = resized;
    this.view = new DataView(resized.buffer);
  }

  /** Bytes as they are. */
  append(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.at);
    this.at += source.length;
  }

  /** Text as it is, in UTF-8. */
  appendText(text: string): void {
    this.append(Buffer.from(text));
  }

  /** Text that is copied into lines; ASCII, since copyPiece takes nothing else. */
  appendPiece(text: string): Piece {
    const start = this.at;
    this.appendText(asciiOf(text));
    const end = this.at;
    this.append(PADDING);
    return { start, end };
  }

  /** ASCII text over what stands at `start`; returns its end. */
  overwrite(start: number, text: string): number {
    for (let i = 0; i < text.length; i++) this.bytes[start + i] = text.charCodeAt(i);
    return start + text.length;
  }
}

/** JSON text in ASCII: other characters stand only in its strings, where they can be escaped. */
function asciiOf(json: string): string {
  return json.replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

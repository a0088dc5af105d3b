// The texts of a batch, staged in the buffer of the lines: its bytes and, right behind them, its
// scratch, so that a position in the batch is a position in the buffer less a constant.
import { Buffer, isAscii, isUtf8 } from 'node:buffer';
import type { EventBatch } from '@weir/pipeline';
import type { LineBuffer } from './line-buffer.js';
import { escapeText, WORD_SLACK_BYTES } from './words.js';

// As in the row view: a byte order mark inside a value is data and stays.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const SLACK = new Uint8Array(WORD_SLACK_BYTES);

export class StagedText {
  readonly #out: LineBuffer;
  /** Position of the batch's first byte in the buffer. */
  base = 0;
  /** True when any text can be taken as it is. */
  isAscii = true;
  #end = 0;
  #isUtf8 = true;

  constructor(out: LineBuffer) {
    this.#out = out;
  }

  begin(events: EventBatch): void {
    const { bytes } = events.raw;
    const { scratch } = events;
    this.base = this.#out.at;
    this.#out.append(bytes);
    this.#out.append(scratch);
    this.#end = this.#out.at;
    this.#out.append(SLACK);
    this.isAscii = isAscii(bytes) && isAscii(scratch);
    this.#isUtf8 = this.isAscii || (isUtf8(bytes) && isUtf8(scratch));
  }

  /** True when all of the text is UTF-8. Positions are those of the batch, here and below. */
  isWhole(start: number, end: number): boolean {
    if (this.isAscii) return true;
    const { bytes } = this.#out;
    const first = this.base + start;
    const behind = this.base + end;
    if (!this.#isUtf8) return isUtf8(bytes.subarray(first, behind));
    // Only the edges of a text can cut a character.
    return !isInside(bytes[first]) && (behind === this.#end || !isInside(bytes[behind]));
  }

  /**
   * Writes the inside of a JSON string and returns the position behind it; what is not UTF-8 shows
   * as replacement characters. Needs room for 6 bytes a byte.
   */
  write(start: number, end: number, at: number): number {
    const { view, bytes } = this.#out;
    if (this.isAscii || this.isWhole(start, end))
      return escapeText(view, bytes, this.base + start, this.base + end, at);
    const text = Buffer.from(JSON.stringify(this.textOf(start, end)).slice(1, -1));
    bytes.set(text, at);
    return at + text.length;
  }

  textOf(start: number, end: number): string {
    return decoder.decode(this.#out.bytes.subarray(this.base + start, this.base + end));
  }

  base64Of(start: number, end: number): string {
    const bytes = this.#out.bytes.subarray(this.base + start, this.base + end);
    return Buffer.from(bytes).toString('base64');
  }

  isEqual(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false;
    const { bytes } = this.#out;
    const shift = otherStart - start;
    for (let i = this.base + start; i < this.base + end; i++)
      if (bytes[i] !== bytes[i + shift]) return false;
    return true;
  }

  /** 8 bits of a text's length, start and end: equal texts have equal fingerprints. */
  fingerprint(start: number, end: number): number {
    const { view } = this.#out;
    const count = end - start;
    let first = view.getInt32(this.base + start, true);
    let last = 0;
    if (count < 4) first &= (1 << (8 * count)) - 1;
    else last = view.getInt32(this.base + end - 4, true);
    const mixed = Math.imul(first ^ Math.imul(last, 0x85ebca6b) ^ count, 0x9e3779b1);
    return (mixed ^ (mixed >>> 13)) & 0xff;
  }
}

/** A byte that no character begins with. */
const isInside = (byte: number | undefined): boolean => ((byte as number) & 0xc0) === 0x80;

// The `unmapped` object of a line. A key that comes twice has its last value, as in the row view.
import type { LineBuffer, Piece } from './line-buffer.js';
import type { StagedText } from './staged-text.js';
import { copyPiece } from './words.js';

/** Integers of one pair: event, key start, key end, value start, value end. */
const PAIR_WIDTH = 5;
/** With more pairs than this a map finds equal keys faster than a look at all the others. */
const COMPARED_PAIRS_MAX = 64;
/** Of the longest text, escaped. */
const BYTES_PER_BYTE_MAX = 6;
/** `":"` and `","`, written as one word each. */
const BETWEEN = 0x22_3a_22;
const NEXT = 0x22_2c_22;
const END = 0x7d_22;

export class UnmappedWriter {
  readonly #out: LineBuffer;
  readonly #text: StagedText;
  readonly #head: Piece;
  /** By fingerprint: number of the last row that had a key with it. */
  readonly #seen = new Uint32Array(256);
  #rowNumber = 0;
  #pairs = new Uint32Array(0);
  #at = 0;

  constructor(out: LineBuffer, text: StagedText, head: Piece) {
    this.#out = out;
    this.#text = text;
    this.#head = head;
  }

  begin(pairs: Uint32Array<ArrayBuffer>): void {
    this.#pairs = pairs;
    this.#at = 0;
  }

  /** Rows in ascending order. Writes nothing for a row without such keys. */
  write(row: number): void {
    const pairs = this.#pairs;
    let at = this.#at;
    while (at < pairs.length && (pairs[at] as number) < row) at += PAIR_WIDTH;
    const first = at;
    let byteCount = this.#head.end - this.#head.start;
    for (; at < pairs.length && pairs[at] === row; at += PAIR_WIDTH) {
      const keyBytes = (pairs[at + 2] as number) - (pairs[at + 1] as number);
      const valueBytes = (pairs[at + 4] as number) - (pairs[at + 3] as number);
      byteCount += BYTES_PER_BYTE_MAX * (keyBytes + valueBytes + 1);
    }
    this.#at = at;
    if (at === first) return;
    const out = this.#out;
    out.reserve(byteCount);
    out.at = copyPiece(out.view, this.#head.start, this.#head.end, out.at);
    if (this.#areDistinct(first, at)) this.#writePairs(first, at);
    else this.#writeLastOfEach(first, at);
  }

  #writePairs(first: number, end: number): void {
    const pairs = this.#pairs;
    const { view } = this.#out;
    let to = this.#out.at;
    for (let at = first; at < end; at += PAIR_WIDTH) {
      to = this.#text.write(pairs[at + 1] as number, pairs[at + 2] as number, to);
      view.setInt32(to, BETWEEN, true);
      to = this.#text.write(pairs[at + 3] as number, pairs[at + 4] as number, to + 3);
      view.setInt32(to, NEXT, true);
      to += 3;
    }
    // The last comma becomes the closing brace.
    view.setInt16(to - 3, END, true);
    this.#out.at = to - 1;
  }

  #writeLastOfEach(first: number, end: number): void {
    const pairs = this.#pairs;
    const lastOf = new Map<string, number>();
    for (let at = first; at < end; at += PAIR_WIDTH)
      lastOf.set(this.#text.textOf(pairs[at + 1] as number, pairs[at + 2] as number), at);
    const members: string[] = [];
    for (const [key, at] of lastOf) {
      const value = this.#text.textOf(pairs[at + 3] as number, pairs[at + 4] as number);
      members.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
    }
    // The head has the first quote already.
    this.#out.appendText(`${members.join(',').slice(1)}}`);
  }

  /** May say no of distinct keys, never yes of equal ones. */
  #areDistinct(first: number, end: number): boolean {
    if (end - first > COMPARED_PAIRS_MAX * PAIR_WIDTH) return false;
    const pairs = this.#pairs;
    this.#rowNumber = (this.#rowNumber + 1) >>> 0;
    if (this.#rowNumber === 0) {
      this.#seen.fill(0);
      this.#rowNumber = 1;
    }
    for (let at = first; at < end; at += PAIR_WIDTH) {
      const start = pairs[at + 1] as number;
      const behind = pairs[at + 2] as number;
      // Two keys that differ only in bytes that are not UTF-8 are one key in JSON.
      if (!this.#text.isWhole(start, behind)) return false;
      const print = this.#text.fingerprint(start, behind);
      if (this.#seen[print] === this.#rowNumber && this.#isAmong(first, at)) return false;
      this.#seen[print] = this.#rowNumber;
    }
    return true;
  }

  /** Whether the key at `end` equals one before it. */
  #isAmong(first: number, end: number): boolean {
    const pairs = this.#pairs;
    const start = pairs[end + 1] as number;
    const behind = pairs[end + 2] as number;
    for (let at = first; at < end; at += PAIR_WIDTH)
      if (this.#text.isEqual(start, behind, pairs[at + 1] as number, pairs[at + 2] as number))
        return true;
    return false;
  }
}

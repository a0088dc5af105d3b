// A PAN-OS line into its fields: commas, and quotes where a value has commas of its own. A quote in
// a quoted value is doubled; a value may be wrapped in braces (Link Switches) or, by forwarders
// that escape, in `\"`.
import { BACKSLASH, COMMA, OPEN_BRACE, QUOTE, SPACE } from '../text/ascii.js';
import { findEither, fourOf } from '../text/words.js';

const FOUR_COMMAS = fourOf(COMMA);
export const FIELDS_MAX = 256;
const CLOSE_BRACE = 0x7d;
/** By first byte of a field: 1 when the field ends at the next comma. */
const isPlain = new Uint8Array(256).fill(1);
for (const byte of [SPACE, QUOTE, BACKSLASH, OPEN_BRACE]) isPlain[byte] = 0;

export class FieldSplitter {
  count = 0;
  readonly starts = new Uint32Array(FIELDS_MAX);
  readonly ends = new Uint32Array(FIELDS_MAX);
  /** 1: quotes in the value are doubled. */
  readonly doubled = new Uint8Array(FIELDS_MAX);
  /** Position of a quote that does not end, or of what stands behind the last field; else -1. */
  faultAt = -1;

  /** `words` are the bytes as WordCopy gives them. */
  split(bytes: Uint8Array, words: DataView, start: number, end: number): void {
    this.faultAt = -1;
    const { starts, ends, doubled } = this;
    let count = 0;
    let position = start;
    while (count < FIELDS_MAX) {
      // Only a few bytes ask for more than to find the next comma, and digits are not among them.
      const first = position < end ? (bytes[position] as number) : 0x30;
      if (isPlain[first] === 0) {
        position = this.#odd(bytes, position, end, count);
      } else {
        starts[count] = position;
        // Many fields are empty: those need no search.
        if (first !== COMMA)
          position = Math.min(end, findEither(words, position, end, FOUR_COMMAS, FOUR_COMMAS));
        ends[count] = position;
        doubled[count] = 0;
      }
      count++;
      if (position >= end) {
        this.count = count;
        return;
      }
      position++;
    }
    this.count = count;
    this.faultAt = position;
  }

  /**
   * Sets start and end of a field that has spaces before it or is wrapped. Returns the position of
   * the comma behind it, or `end`.
   */
  #odd(bytes: Uint8Array, from: number, end: number, index: number): number {
    let start = from;
    while (start < end && bytes[start] === SPACE) start++;
    const first = start < end ? bytes[start] : COMMA;
    this.starts[index] = start;
    this.doubled[index] = 0;
    if (first === QUOTE) return this.#quoted(bytes, start + 1, end, index);
    if (first === BACKSLASH && start + 1 < end && bytes[start + 1] === QUOTE) {
      for (let i = start + 2; i + 1 < end; i++) {
        if (bytes[i] !== BACKSLASH || bytes[i + 1] !== QUOTE) continue;
        if (i + 2 < end && bytes[i + 2] !== COMMA) continue;
        this.starts[index] = start + 2;
        this.ends[index] = i;
        return i + 2;
      }
    }
    let comma = start;
    if (first === OPEN_BRACE) {
      for (let i = start; i < end; i++) {
        if (bytes[i] !== CLOSE_BRACE || (i + 1 < end && bytes[i + 1] !== COMMA)) continue;
        comma = i;
        break;
      }
    }
    while (comma < end && bytes[comma] !== COMMA) comma++;
    this.ends[index] = comma;
    return comma;
  }

  #quoted(bytes: Uint8Array, start: number, end: number, index: number): number {
    this.starts[index] = start;
    for (let i = start; i < end; i++) {
      if (bytes[i] !== QUOTE) continue;
      if (i + 1 >= end || bytes[i + 1] === COMMA) {
        this.ends[index] = i;
        return i + 1;
      }
      if (bytes[i + 1] === QUOTE) {
        // `"",` ends an empty value or one that ends with a quote: an odd number of quotes ends it.
        let quotes = i;
        while (quotes < end && bytes[quotes] === QUOTE) quotes++;
        const isEnd = (quotes - i) % 2 === 1 && (quotes >= end || bytes[quotes] === COMMA);
        this.doubled[index] = 1;
        if (isEnd) {
          this.ends[index] = quotes - 1;
          return quotes;
        }
        i = quotes - 1;
      }
      // A lone quote inside: some versions do not double it.
    }
    this.faultAt = start - 1;
    this.ends[index] = end;
    return end;
  }
}

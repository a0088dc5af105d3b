// Sets and vectors, one element after the other, from both formats: separated text (TSV) and JSON
// arrays. What is made of them is the same for both.
import { type ColumnWriter, type RawBatch, Scratch } from '@weir/pipeline';
import { StringReader } from '../json/tokens.js';
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  DOT,
  isDigit,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from '../text/ascii.js';
import { unescapeZeek } from './escapes.js';

/** How the elements of a list stand in the event. */
export interface ListForm {
  /** Byte between elements; 0 for a JSON array. */
  readonly separator: number;
  /** Elements of TSV are texts, not numbers. */
  readonly isText: boolean;
  /** What TSV writes for an element without a value. */
  readonly unset: Uint8Array;
}
export const JSON_LIST: ListForm = { separator: 0, isText: false, unset: new Uint8Array(0) };

const HEX = '0123456789abcdef';

/** End of a decimal number without the zeros behind its point: `3600.000000` is 3600. */
export function decimalEnd(bytes: Uint8Array, start: number, end: number): number {
  let point = -1;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === DOT && point < 0) point = i;
    else if (!isDigit(byte) && !(i === start && byte === 0x2d)) return end;
  }
  if (point < 0) return end;
  let last = end;
  while (bytes[last - 1] === 0x30) last--;
  return last - 1 === point ? point : last;
}

/** One object is reused for all events. */
export class ListValue {
  /** What join, toJson and first found: absolute, in the bytes or in scratch. */
  start = 0;
  end = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #out!: ColumnWriter;
  #form: ListForm = JSON_LIST;
  #position = 0;
  #stop = 0;
  /** The element as it stands in the bytes, between its quotes. */
  #itemStart = 0;
  #itemEnd = 0;
  #isText = false;
  #hasEscape = false;
  readonly #strings = new StringReader();
  /** For an element whose escapes are taken out before others are put in. */
  readonly #plain = new Scratch();

  begin(batch: RawBatch, out: ColumnWriter, form: ListForm, start: number, end: number): void {
    this.#bytes = batch.bytes;
    this.#out = out;
    this.#form = form;
    const isJson = form.separator === 0;
    this.#position = isJson ? start + 1 : start;
    this.#stop = isJson ? end - 1 : end;
  }

  /** The first element; false where there is none. */
  first(): boolean {
    if (!this.#next()) return false;
    this.#settle();
    return true;
  }

  /** True when there is one more element. */
  hasMore(): boolean {
    return this.#next();
  }

  /** The elements with commas between them; false where there is none. */
  join(): boolean {
    if (!this.#next()) return false;
    const { scratch } = this.#out;
    const itemStart = this.#itemStart;
    const itemEnd = this.#itemEnd;
    const hasEscape = this.#hasEscape;
    if (!this.#next()) {
      this.#itemStart = itemStart;
      this.#itemEnd = itemEnd;
      this.#hasEscape = hasEscape;
      this.#settle();
      return true;
    }
    const from = scratch.position;
    const secondStart = this.#itemStart;
    const secondEnd = this.#itemEnd;
    const hasSecondEscape = this.#hasEscape;
    this.#appendItem(itemStart, itemEnd, hasEscape);
    scratch.byte(COMMA);
    this.#appendItem(secondStart, secondEnd, hasSecondEscape);
    while (this.#next()) {
      scratch.byte(COMMA);
      this.#appendItem(this.#itemStart, this.#itemEnd, this.#hasEscape);
    }
    this.start = from;
    this.end = scratch.position;
    return true;
  }

  /** The list [start, end) as a JSON array; false where it has no element. */
  toJson(start: number, end: number): boolean {
    if (this.#form.separator === 0 && isCanonicalArray(this.#bytes, start, end)) {
      this.start = start;
      this.end = end;
      return end - start > 2;
    }
    const { scratch } = this.#out;
    const from = scratch.position;
    while (this.#next()) {
      scratch.byte(scratch.position === from ? OPEN_BRACKET : COMMA);
      if (this.#isText) this.#appendQuoted();
      else scratch.copy(this.#bytes, this.#itemStart, this.#itemEnd);
    }
    if (scratch.position === from) return false;
    scratch.byte(CLOSE_BRACKET);
    this.start = from;
    this.end = scratch.position;
    return true;
  }

  /** Moves to the next element; false behind the last. Elements without a value are left out. */
  #next(): boolean {
    while (this.#position < this.#stop) {
      const hasValue = this.#form.separator === 0 ? this.#nextOfJson() : this.#nextOfText();
      if (hasValue) return true;
    }
    return false;
  }

  #nextOfText(): boolean {
    const bytes = this.#bytes;
    const { separator, unset, isText } = this.#form;
    const start = this.#position;
    let end = start;
    this.#hasEscape = false;
    while (end < this.#stop && bytes[end] !== separator) {
      if (bytes[end] === BACKSLASH) this.#hasEscape = true;
      end++;
    }
    this.#position = end + 1;
    if (start === end || isSame(bytes, start, end, unset)) return false;
    this.#isText = isText;
    this.#itemStart = start;
    this.#itemEnd = isText ? end : decimalEnd(bytes, start, end);
    return true;
  }

  #nextOfJson(): boolean {
    const bytes = this.#bytes;
    const start = this.#position;
    const first = bytes[start] as number;
    if (first <= SPACE || first === COMMA) {
      this.#position++;
      return false;
    }
    if (first !== QUOTE) {
      this.#position = literalEnd(bytes, start, this.#stop);
      this.#itemStart = start;
      this.#itemEnd = decimalEnd(bytes, start, this.#position);
      this.#isText = false;
      this.#hasEscape = false;
      return first !== 0x6e;
    }
    const strings = this.#strings;
    strings.read(bytes, start, this.#stop);
    this.#position = strings.next;
    this.#isText = true;
    this.#hasEscape = strings.hasEscape;
    this.#itemStart = strings.start;
    this.#itemEnd = strings.end;
    return this.#itemEnd > this.#itemStart;
  }

  /** The element where it stands, or its text in scratch. */
  #settle(): void {
    this.start = this.#itemStart;
    this.end = this.#itemEnd;
    if (!this.#hasEscape) return;
    const { scratch } = this.#out;
    this.start = scratch.position;
    this.#appendItem(this.#itemStart, this.#itemEnd, true);
    this.end = scratch.position;
  }

  #appendItem(start: number, end: number, hasEscape: boolean): void {
    const { scratch } = this.#out;
    if (hasEscape) this.#unescape(start, end, scratch);
    else scratch.copy(this.#bytes, start, end);
  }

  #unescape(start: number, end: number, scratch: Scratch): void {
    if (this.#form.separator !== 0) {
      unescapeZeek(this.#bytes, start, end, scratch);
      return;
    }
    this.#strings.read(this.#bytes, start - 1, end + 1);
    this.#strings.unescape(scratch);
  }

  /** The element as a JSON string, with the escapes that RFC 8259 section 7 asks for. */
  #appendQuoted(): void {
    const { scratch } = this.#out;
    scratch.byte(QUOTE);
    if (this.#hasEscape) {
      this.#plain.begin(0);
      this.#unescape(this.#itemStart, this.#itemEnd, this.#plain);
      const text = this.#plain.view();
      appendEscaped(text, 0, text.length, scratch);
    } else appendEscaped(this.#bytes, this.#itemStart, this.#itemEnd, scratch);
    scratch.byte(QUOTE);
  }
}

function appendEscaped(bytes: Uint8Array, start: number, end: number, scratch: Scratch): void {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === QUOTE || byte === BACKSLASH) scratch.byte(BACKSLASH);
    if (byte >= SPACE) {
      scratch.byte(byte);
      continue;
    }
    scratch.byte(BACKSLASH);
    scratch.byte(0x75);
    scratch.byte(0x30);
    scratch.byte(0x30);
    scratch.byte(HEX.charCodeAt(byte >> 4));
    scratch.byte(HEX.charCodeAt(byte & 15));
  }
}

/** A well-formed array without white space, escapes, fractions, nulls, and lists in it. */
function isCanonicalArray(bytes: Uint8Array, start: number, end: number): boolean {
  let isInText = false;
  for (let i = start + 1; i < end - 1; i++) {
    const byte = bytes[i] as number;
    if (byte === BACKSLASH) return false;
    if (byte === QUOTE) {
      if (bytes[i + 1] === QUOTE && !isInText) return false;
      isInText = !isInText;
    } else if (!isInText && byte !== COMMA && !isDigit(byte)) return false;
  }
  return true;
}

/** Position behind a literal, an array or an object that stands in an array. */
function literalEnd(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte === QUOTE) {
      position++;
      while (position < end && bytes[position] !== QUOTE)
        position += bytes[position] === BACKSLASH ? 2 : 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    else if (depth === 0 && (byte === COMMA || byte <= SPACE)) return position;
    position++;
  }
  return Math.min(position, end);
}

export function isSame(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}

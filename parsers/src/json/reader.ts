// JSON (RFC 8259) in one pass over the bytes: nested keys are flattened with dots, values stay
// where they stand. No string is made; what has escapes is unescaped into scratch.
import { type ColumnWriter, LIMITS, MARK, type RawBatch } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DOT,
  isDigit,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from '../text/ascii.js';
import { WordCopy } from '../text/words.js';
import { literalEnd, numberEnd, StringReader } from './tokens.js';

/**
 * Longest flattened key that is kept; a longer one would be copied again for each value below it.
 */
const PATH_BYTES_MAX = 1024;

export class JsonReader {
  /** Position and mark of the first fault; -1 while there is none. */
  faultAt = -1;
  faultMark: number = MARK.json_invalid;
  readonly #strings = new StringReader();
  readonly #wordCopy = new WordCopy();
  #words!: DataView;
  readonly #path = new Uint8Array(PATH_BYTES_MAX);
  #pathLength = 0;
  #isPathTooLong = false;
  /** Members of the open object go to the sink by their own names. */
  #isByName = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  #position = 0;
  #out!: ColumnWriter;
  #fields!: PairSink;
  #row = 0;
  #base = 0;

  /**
   * Reads one value from bytes[start, end); pairs of an object go to `fields`. False on a fault.
   */
  read(
    batch: RawBatch,
    row: number,
    start: number,
    end: number,
    out: ColumnWriter,
    fields: PairSink,
  ): boolean {
    this.faultAt = -1;
    this.faultMark = MARK.json_invalid;
    this.#bytes = batch.bytes;
    this.#words = this.#wordCopy.of(batch);
    this.#end = end;
    this.#position = start;
    this.#out = out;
    this.#fields = fields;
    this.#row = row;
    this.#base = batch.offsets[row] as number;
    this.#pathLength = 0;
    this.#isPathTooLong = false;
    this.#isByName = false;
    const first = this.#next();
    if (first !== OPEN_BRACE) {
      if (!this.#skipValue(1) || !this.#isAtEnd()) return false;
      // Well-formed, but no event: an event is an object.
      return this.#fail(start, MARK.unsupported_type);
    }
    return this.#object(1) && this.#isAtEnd();
  }

  #fail(position: number, mark: number = MARK.json_invalid): false {
    if (this.faultAt < 0) {
      this.faultAt = position;
      this.faultMark = mark;
    }
    return false;
  }

  /** Next byte that is not white space, -1 at the end; the position is on it. */
  #next(): number {
    const bytes = this.#bytes;
    while (this.#position < this.#end) {
      const byte = bytes[this.#position] as number;
      if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#position++;
    }
    return -1;
  }

  #isAtEnd(): boolean {
    return this.#next() === -1 || this.#fail(this.#position);
  }

  /** Object at the position. `depth` counts open containers, this one included. */
  #object(depth: number): boolean {
    if (depth > LIMITS.jsonDepthMax) return this.#fail(this.#position, MARK.depth_exceeded);
    this.#position++;
    if (this.#next() === CLOSE_BRACE) {
      this.#position++;
      return true;
    }
    for (;;) {
      if (this.#next() !== QUOTE) return this.#fail(this.#position);
      if (!this.#member(depth)) return false;
      const byte = this.#next();
      if (byte !== COMMA && byte !== CLOSE_BRACE) return this.#fail(this.#position);
      this.#position++;
      if (byte === CLOSE_BRACE) return true;
    }
  }

  #member(depth: number): boolean {
    const strings = this.#strings;
    if (!this.#string()) return false;
    const keyStart = strings.start;
    const keyEnd = strings.end;
    const isPlain = !strings.hasEscape;
    if (this.#next() !== COLON) return this.#fail(this.#position);
    this.#position++;
    const savedLength = this.#pathLength;
    const savedTooLong = this.#isPathTooLong;
    const first = this.#next();
    // A plain key of the outermost object is used where it stands; all others are put together.
    const isNamed = this.#isByName && first !== OPEN_BRACE;
    const isInPlace = isPlain && (depth === 1 || isNamed);
    if (!isInPlace || first === OPEN_BRACE) this.#extendPath(depth, keyStart, keyEnd, isPlain);
    const isRead = this.#value(depth, first, isInPlace ? keyStart : -1, keyEnd);
    this.#pathLength = savedLength;
    this.#isPathTooLong = savedTooLong;
    return isRead;
  }

  #extendPath(depth: number, keyStart: number, keyEnd: number, isPlain: boolean): void {
    const path = this.#path;
    const dots = depth > 1 ? 1 : 0;
    if (this.#pathLength + dots + keyEnd - keyStart > PATH_BYTES_MAX) {
      this.#isPathTooLong = true;
      return;
    }
    let length = this.#pathLength;
    if (dots === 1) path[length++] = DOT;
    if (isPlain) {
      for (let i = keyStart; i < keyEnd; i++) path[length++] = this.#bytes[i] as number;
    } else {
      // Unescaped text is never longer than its escapes, so it fits as well.
      const { scratch } = this.#out;
      const count = this.#strings.unescape(scratch);
      const written = scratch.view();
      path.set(written.subarray(written.length - count), length);
      length += count;
    }
    this.#pathLength = length;
  }

  #value(depth: number, first: number, keyInPlace: number, keyEnd: number): boolean {
    const start = this.#position;
    if (first === OPEN_BRACE) {
      const isByName = this.#isByName;
      this.#isByName = this.#fields.wantsMembers?.(this.#path, this.#pathLength) ?? false;
      if (!this.#object(depth + 1)) return false;
      this.#isByName = isByName;
      // An empty object has no pair of its own; its text says that it was there.
      if (this.#isEmptyObject(start))
        this.#emit(keyInPlace, keyEnd, start, this.#position, false, start);
      return true;
    }
    if (first === QUOTE) {
      if (!this.#string()) return false;
      const strings = this.#strings;
      if (!strings.hasEscape) {
        this.#emit(keyInPlace, keyEnd, strings.start, strings.end, true, start);
        return true;
      }
      const { scratch } = this.#out;
      const unescapedStart = scratch.position;
      strings.unescape(scratch);
      if (strings.hasLoneSurrogate)
        this.#out.mark(this.#row, MARK.value_invalid, start - this.#base);
      this.#emit(keyInPlace, keyEnd, unescapedStart, scratch.position, true, start);
      return true;
    }
    if (!this.#skipValue(depth + 1)) return false;
    // null says that there is no value, and absent stays absent.
    if (first !== 0x6e) this.#emit(keyInPlace, keyEnd, start, this.#position, false, start);
    return true;
  }

  #isEmptyObject(start: number): boolean {
    for (let i = start + 1; i < this.#position - 1; i++)
      if ((this.#bytes[i] as number) > SPACE) return false;
    return true;
  }

  #emit(
    keyInPlace: number,
    keyEnd: number,
    start: number,
    end: number,
    isText: boolean,
    position: number,
  ): void {
    if (this.#isPathTooLong) {
      this.#out.mark(this.#row, MARK.value_invalid, position - this.#base);
      return;
    }
    const fields = this.#fields;
    if (keyInPlace >= 0 && this.#isByName)
      fields.member?.(this.#bytes, keyInPlace, keyEnd, start, end, isText);
    else if (keyInPlace >= 0)
      fields.pair(this.#bytes, keyInPlace, keyEnd, keyInPlace, start, end, isText, position);
    else fields.pair(this.#path, 0, this.#pathLength, -1, start, end, isText, position);
  }

  #string(): boolean {
    const strings = this.#strings;
    const isRead = strings.readWords(this.#bytes, this.#words, this.#position, this.#end);
    this.#position = strings.next;
    return isRead || this.#fail(strings.next);
  }

  /** Any value at the position, without giving its pairs to anyone. */
  #skipValue(depth: number): boolean {
    const first = this.#next();
    if (first === OPEN_BRACE || first === OPEN_BRACKET) return this.#skipContainer(depth, first);
    if (first === QUOTE) return this.#string();
    const start = this.#position;
    const isNumber = first === MINUS || isDigit(first);
    const next = isNumber
      ? numberEnd(this.#bytes, start, this.#end)
      : literalEnd(this.#bytes, start, this.#end);
    if (next < 0) return this.#fail(start);
    this.#position = next;
    return true;
  }

  #skipContainer(depth: number, open: number): boolean {
    if (depth > LIMITS.jsonDepthMax) return this.#fail(this.#position, MARK.depth_exceeded);
    const close = open === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
    this.#position++;
    if (this.#next() === close) {
      this.#position++;
      return true;
    }
    for (;;) {
      if (open === OPEN_BRACE) {
        if (this.#next() !== QUOTE) return this.#fail(this.#position);
        if (!this.#string()) return false;
        if (this.#next() !== COLON) return this.#fail(this.#position);
        this.#position++;
      }
      if (!this.#skipValue(depth + 1)) return false;
      const byte = this.#next();
      if (byte !== COMMA && byte !== close) return this.#fail(this.#position);
      this.#position++;
      if (byte === close) return true;
    }
  }
}

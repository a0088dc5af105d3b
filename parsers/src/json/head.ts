// The first keys of a JSON object, by which packs know the shapes that they read. It is looked at
// once an event, whichever pack asks, and no further than a few hundred bytes: what follows may be
// malformed, and only a parser finds that.
import type { RawBatch } from '@weir/pipeline';
import {
  at,
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { findEither, fourOf, WordCopy } from '../text/words.js';
import { HEAD, HEAD_KEY_NAMES } from './head-keys.js';

/** Bytes that are looked at. */
export const HEAD_BYTES_MAX = 512;

const FOUR_QUOTES = fourOf(QUOTE);
const FOUR_BACKSLASHES = fourOf(BACKSLASH);
const keyTable = new KeyTable(HEAD_KEY_NAMES.map((name) => [name, HEAD[name]] as const));

/** Position behind white space of JSON. */
export function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    position++;
  }
  return position;
}

/** Position of the brace that opens an object at `start`, behind white space and a byte order mark;
 * -1 where there is none. A brace alone opens many texts; an object goes on with a key or ends. */
export function objectStart(bytes: Uint8Array, start: number, end: number): number {
  let first = skipBlanks(bytes, start, end);
  // The mark's second and third byte stand in the same event: UTF-8 is checked before.
  if (bytes[first] === 0xef && bytes[first + 1] === 0xbb && first + 2 < end)
    first = skipBlanks(bytes, first + 3, end);
  if (first >= end || bytes[first] !== OPEN_BRACE) return -1;
  const next = skipBlanks(bytes, first + 1, end);
  if (next >= end) return -1;
  return bytes[next] === QUOTE || bytes[next] === CLOSE_BRACE ? first : -1;
}

/** One object is reused for all events. */
export class JsonHead {
  bytes: Uint8Array = new Uint8Array(0);
  /** Of the object: its opening brace. */
  start = 0;
  end = 0;
  /** Number of the first key; 0 where it is none of HEAD, -1 where there is none. */
  firstKey = 0;
  #generation = 0;
  /** The value of the key read last, -1 before the first one; and where the look ends. */
  #value = -1;
  #stop = 0;
  readonly #wordCopy = new WordCopy();
  #words!: DataView;
  readonly #seenIn = new Uint32Array(HEAD_KEY_NAMES.length + 1);
  readonly #valueAt = new Uint32Array(HEAD_KEY_NAMES.length + 1);

  /** Begins with the outermost keys of the object at `start`, its opening brace. */
  read(batch: RawBatch, start: number, end: number): void {
    const { bytes } = batch;
    this.bytes = bytes;
    this.#words = this.#wordCopy.of(batch);
    this.start = start;
    this.end = end;
    if (++this.#generation === 0xffffffff) {
      this.#seenIn.fill(0);
      this.#generation = 1;
    }
    this.#stop = Math.min(end, start + HEAD_BYTES_MAX);
    this.#value = -1;
    this.firstKey = this.#next();
  }

  /**
   * Number of the next key, 0 for one that is none of HEAD, -1 where no more is looked at. Keys are
   * read as far as they are asked for: the first few tell most shapes.
   */
  #next(): number {
    const bytes = this.bytes;
    const stop = this.#stop;
    // A value is passed over only when a key behind it is wanted.
    let position = this.#keyBehind(this.#value);
    this.#value = stop;
    if (position >= stop || bytes[position] !== QUOTE) return -1;
    const keyStart = position + 1;
    const keyEnd = stringEnd(bytes, this.#words, keyStart, stop);
    position = skipBlanks(bytes, keyEnd + 1, stop);
    if (position >= stop || bytes[position] !== COLON) return -1;
    position = skipBlanks(bytes, position + 1, stop);
    const key = keyTable.lookup(bytes, keyStart, keyEnd);
    if (key !== 0 && position < stop) {
      this.#seenIn[key] = this.#generation;
      this.#valueAt[key] = position;
    }
    this.#value = position;
    return key;
  }

  /** Where the key behind the value at `position` stands; not below #stop where there is none. */
  #keyBehind(position: number): number {
    const bytes = this.bytes;
    const stop = this.#stop;
    if (position < 0) return skipBlanks(bytes, this.start + 1, stop);
    const behind = valueEnd(bytes, this.#words, position, stop);
    return at(bytes, behind, stop) === COMMA ? skipBlanks(bytes, behind + 1, stop) : stop;
  }

  /** True when the object has this key (a number of HEAD) among its first ones. */
  has(key: number): boolean {
    if (this.#seenIn[key] === this.#generation) return true;
    for (;;) {
      const next = this.#next();
      if (next === key) return this.#seenIn[key] === this.#generation;
      if (next < 0) return false;
    }
  }

  /** Where the value of the key starts, -1 where the key was not seen. */
  valueAt(key: number): number {
    return this.has(key) ? (this.#valueAt[key] as number) : -1;
  }

  /** True when the value of the key begins with this ASCII text, the quote of a string included. */
  startsWith(key: number, text: string): boolean {
    const start = this.valueAt(key);
    if (start < 0 || start + text.length > this.end) return false;
    for (let i = 0; i < text.length; i++)
      if (this.bytes[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }
}

/** Position of the closing quote of the string whose text is at `start`, or `end`. */
function stringEnd(bytes: Uint8Array, words: DataView, start: number, end: number): number {
  let position = findEither(words, start, end, FOUR_QUOTES, FOUR_BACKSLASHES);
  while (position < end && bytes[position] === BACKSLASH)
    position = findEither(words, position + 2, end, FOUR_QUOTES, FOUR_BACKSLASHES);
  return Math.min(position, end);
}

/** Position behind the value at `start`: of the comma or brace there, or `end`. */
function valueEnd(bytes: Uint8Array, words: DataView, start: number, end: number): number {
  let depth = 0;
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte === QUOTE) {
      position = stringEnd(bytes, words, position + 1, end) + 1;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) return position;
      depth--;
    } else if (byte === COMMA && depth === 0) return position;
    position++;
  }
  return end;
}

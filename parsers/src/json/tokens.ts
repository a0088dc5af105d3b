// Strings, numbers and literals of RFC 8259.
import type { Scratch } from '@weir/pipeline';
import {
  at,
  BACKSLASH,
  DOT,
  isDigit,
  MINUS,
  PLUS,
  QUOTE,
  SPACE,
  startsWith,
  ZERO,
} from '../text/ascii.js';
import { fourOf } from '../text/words.js';

const EACH_LOW_BIT = 0x01010101;
const EACH_HIGH_BIT = 0x80808080 | 0;
const FOUR_QUOTES = fourOf(QUOTE);
const FOUR_BACKSLASHES = fourOf(BACKSLASH);
const FOUR_SPACES = fourOf(SPACE);

/** One string. Reused: a member's key is done with before its value is read. */
export class StringReader {
  /** The text between the quotes. */
  start = 0;
  end = 0;
  hasEscape = false;
  hasLoneSurrogate = false;
  /** Behind the closing quote, or where the fault is. */
  next = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  /** String whose opening quote is at `position`. False on a fault. */
  read(bytes: Uint8Array, position: number, end: number): boolean {
    return this.readWords(bytes, null, position, end);
  }

  /** The same, where the bytes are there as words that may be read behind the end. */
  readWords(bytes: Uint8Array, words: DataView | null, position: number, end: number): boolean {
    this.#bytes = bytes;
    this.hasEscape = false;
    this.hasLoneSurrogate = false;
    this.start = position + 1;
    let i = position + 1;
    for (;;) {
      i = words === null ? findSpecialByte(bytes, i, end) : findSpecial(words, i, end);
      if (i >= end) {
        i = end;
        break;
      }
      const byte = bytes[i] as number;
      if (byte === QUOTE) {
        this.end = i;
        this.next = i + 1;
        return true;
      }
      if (byte !== BACKSLASH) break;
      this.hasEscape = true;
      const length = escapeLength(bytes, i, end);
      if (length === 0) break;
      i += length;
    }
    this.next = i;
    return false;
  }

  /** Writes the text without its escapes; returns the number of bytes. */
  unescape(scratch: Scratch): number {
    const bytes = this.#bytes;
    const before = scratch.position;
    let from = this.start;
    let i = this.start;
    while (i < this.end) {
      if (bytes[i] !== BACKSLASH) {
        i++;
        continue;
      }
      if (i > from) scratch.copy(bytes, from, i);
      if (bytes[i + 1] === 0x75) i = this.#unicode(i, scratch);
      else {
        scratch.byte(unescaped(bytes[i + 1] as number));
        i += 2;
      }
      from = i;
    }
    if (i > from) scratch.copy(bytes, from, i);
    return scratch.position - before;
  }

  /** `\uXXXX` or a pair of them; a lone surrogate becomes U+FFFD. Returns the position behind. */
  #unicode(position: number, scratch: Scratch): number {
    const bytes = this.#bytes;
    let code = hex4(bytes, position + 2);
    let next = position + 6;
    if (code >= 0xd800 && code <= 0xdfff) {
      const isPair =
        code < 0xdc00 &&
        next + 6 <= this.end &&
        bytes[next] === BACKSLASH &&
        bytes[next + 1] === 0x75;
      const low = isPair ? hex4(bytes, next + 2) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
        next += 6;
      } else {
        code = 0xfffd;
        this.hasLoneSurrogate = true;
      }
    }
    writeUtf8(code, scratch);
    return next;
  }
}

/**
 * First quote, backslash or control character in [start, end); what is not below `end` means none.
 * As findEither, and for bytes below 0x20: subtracting that from each byte sets the high bit of the
 * smaller ones.
 */
function findSpecial(words: DataView, start: number, end: number): number {
  let position = start;
  while (position < end) {
    const word = words.getInt32(position, true);
    const quote = word ^ FOUR_QUOTES;
    const backslash = word ^ FOUR_BACKSLASHES;
    const found =
      (((quote - EACH_LOW_BIT) & ~quote) |
        ((backslash - EACH_LOW_BIT) & ~backslash) |
        ((word - FOUR_SPACES) & ~word)) &
      EACH_HIGH_BIT;
    if (found !== 0) return position + ((31 - Math.clz32(found & -found)) >> 3);
    position += 4;
  }
  return position;
}

function findSpecialByte(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte === QUOTE || byte === BACKSLASH || byte < SPACE) break;
    position++;
  }
  return position;
}

function writeUtf8(code: number, scratch: Scratch): void {
  if (code < 0x80) scratch.byte(code);
  else if (code < 0x800) {
    scratch.byte(0xc0 | (code >> 6));
    scratch.byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    scratch.byte(0xe0 | (code >> 12));
    scratch.byte(0x80 | ((code >> 6) & 0x3f));
    scratch.byte(0x80 | (code & 0x3f));
  } else {
    scratch.byte(0xf0 | (code >> 18));
    scratch.byte(0x80 | ((code >> 12) & 0x3f));
    scratch.byte(0x80 | ((code >> 6) & 0x3f));
    scratch.byte(0x80 | (code & 0x3f));
  }
}

const ESCAPES = new Uint8Array(256);
for (const [letter, byte] of Object.entries({
  '"': 0x22,
  '\\': 0x5c,
  '/': 0x2f,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
}))
  ESCAPES[letter.charCodeAt(0)] = byte;
const unescaped = (letter: number): number => ESCAPES[letter] as number;

/** Bytes of the escape at `position`, 0 when it is none. */
function escapeLength(bytes: Uint8Array, position: number, end: number): number {
  const letter = at(bytes, position + 1, end);
  if (letter < 0) return 0;
  if (letter !== 0x75) return unescaped(letter) === 0 ? 0 : 2;
  return position + 6 <= end && hex4(bytes, position + 2) >= 0 ? 6 : 0;
}

function hex4(bytes: Uint8Array, position: number): number {
  let value = 0;
  for (let i = position; i < position + 4; i++) {
    const byte = bytes[i] as number;
    const letter = (byte | 0x20) - 0x61;
    if (isDigit(byte)) value = value * 16 + byte - ZERO;
    else if (letter >= 0 && letter < 6) value = value * 16 + 10 + letter;
    else return -1;
  }
  return value;
}

/** Position behind the number at `start`, -1 when it is none (RFC 8259 section 6). */
export function numberEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  if (at(bytes, i, end) === MINUS) i++;
  const first = at(bytes, i, end);
  if (!isDigit(first)) return -1;
  i = first === ZERO ? i + 1 : digitsEnd(bytes, i, end);
  if (at(bytes, i, end) === DOT) {
    if (!isDigit(at(bytes, i + 1, end))) return -1;
    i = digitsEnd(bytes, i + 1, end);
  }
  if ((at(bytes, i, end) | 0x20) === 0x65) {
    i++;
    const sign = at(bytes, i, end);
    if (sign === PLUS || sign === MINUS) i++;
    if (!isDigit(at(bytes, i, end))) return -1;
    i = digitsEnd(bytes, i, end);
  }
  return i;
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && isDigit(bytes[i] as number)) i++;
  return i;
}

/** Position behind `true`, `false` or `null`, -1 for anything else. */
export function literalEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = at(bytes, start, end);
  const literal = first === 0x74 ? 'true' : first === 0x66 ? 'false' : 'null';
  return startsWith(bytes, start, end, literal) ? start + literal.length : -1;
}

// Writing into a line word by word. Each function takes the position and returns the one behind
// what it wrote. None of them looks at capacity: the caller has made room, and WORD_SLACK_BYTES
// more, since whole words are written and what is too much is overwritten by what comes next.
import { Buffer } from 'node:buffer';

/** Read and written beyond the end of a text or a piece. */
export const WORD_SLACK_BYTES = 16;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
/** Letters in every byte: what stands behind the end of a text must not look like an escape. */
const PLAIN_WORD = 0x61616161;
/** Keeps the lowest n bytes of a word. */
const WORD_MASKS = Int32Array.of(0, 0xff, 0xffff, 0xffffff);

/** 0: as it is. u: `\u00XX`. Otherwise the letter after the backslash (RFC 8259, 7). */
const ESCAPES = new Uint8Array(256).fill(LETTER_U, 0, 0x20);
for (const [byte, letter] of [
  [QUOTE, QUOTE],
  [BACKSLASH, BACKSLASH],
  [0x08, 0x62],
  [0x09, 0x74],
  [0x0a, 0x6e],
  [0x0c, 0x66],
  [0x0d, 0x72],
] as const)
  ESCAPES[byte] = letter;
/** What follows `\\u`, for control characters. */
const FOUR_HEX_DIGITS = new Int32Array(0x20);
for (let byte = 0; byte < 0x20; byte++)
  FOUR_HEX_DIGITS[byte] = Buffer.from(byte.toString(16).padStart(4, '0')).readInt32LE(0);

/** The four digits of each number below 10,000, the first one in the lowest byte. */
const FOUR_DIGITS = new Int32Array(10_000);
for (let value = 0; value < 10_000; value++) {
  FOUR_DIGITS[value] = Buffer.from(String(value).padStart(4, '0')).readInt32LE(0);
}

/**
 * An ASCII piece of the same buffer, padded with spaces for 8 bytes. Words of 8 bytes travel as
 * doubles: no ASCII text is a NaN, so each arrives bit by bit.
 */
export function copyPiece(view: DataView, start: number, end: number, at: number): number {
  let to = at;
  for (let from = start; from < end; from += 8, to += 8)
    view.setFloat64(to, view.getFloat64(from, true), true);
  return at + (end - start);
}

/**
 * The UTF-8 text at [start, end) of the same buffer as the inside of a JSON string (RFC 8259, 7):
 * at most 6 bytes for each byte.
 */
export function escapeText(
  view: DataView,
  bytes: Uint8Array,
  start: number,
  end: number,
  at: number,
): number {
  let to = at;
  let from = start;
  while (from < end) {
    for (; from + 8 <= end; from += 8, to += 8) {
      const first = view.getInt32(from, true);
      const second = view.getInt32(from + 4, true);
      if ((escapeBits(first) | escapeBits(second)) !== 0) break;
      view.setInt32(to, first, true);
      view.setInt32(to + 4, second, true);
    }
    const left = end - from;
    let word = view.getInt32(from, true);
    if (left < 4) {
      const mask = WORD_MASKS[left] as number;
      word = (word & mask) | (PLAIN_WORD & ~mask);
    }
    view.setInt32(to, word, true);
    const bits = escapeBits(word);
    // The lowest bit is that of the first such byte; what stands before it is written already.
    const clean = bits === 0 ? Math.min(left, 4) : (31 - Math.clz32(bits & -bits)) >> 3;
    from += clean;
    to += clean;
    if (bits === 0) continue;
    const byte = bytes[from++] as number;
    const letter = ESCAPES[byte] as number;
    view.setInt16(to, BACKSLASH | (letter << 8), true);
    to += 2;
    if (letter !== LETTER_U) continue;
    view.setInt32(to, FOUR_HEX_DIGITS[byte] as number, true);
    to += 4;
  }
  return to;
}

/**
 * The highest bit of each byte that is below 0x20, a quote or a backslash, for subtracting borrows
 * into it; bits above the lowest one may be wrong. Bytes from 0x80 on have that bit themselves and
 * are taken out.
 */
function escapeBits(word: number): number {
  const low = (word - 0x20202020) | 0;
  const quote = ((word ^ 0x22222222) - 0x01010101) | 0;
  const backslash = ((word ^ 0x5c5c5c5c) - 0x01010101) | 0;
  return (low | quote | backslash) & ~word & 0x80808080;
}

/** Room for any number that writeNumber is given. */
export const NUMBER_BYTES_MAX = 32;

/** As JSON.stringify writes it: what is not finite is null. */
export function writeNumber(view: DataView, value: number, at: number): number {
  if (value >= 0 && value < 1e16 && value === Math.floor(value)) {
    if (value < 1e4) return writeSmall(view, value | 0, at);
    if (value < 1e8)
      return writeFour(view, (value % 1e4) | 0, writeSmall(view, (value / 1e4) | 0, at));
    const high = Math.floor(value / 1e8);
    return writeEight(view, (value - high * 1e8) | 0, writeNumber(view, high, at));
  }
  const text = Number.isFinite(value) ? String(value) : 'null';
  for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
  return at + text.length;
}

/** Below 10,000, without zeros in front. */
function writeSmall(view: DataView, value: number, at: number): number {
  const count = value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  view.setInt32(at, (FOUR_DIGITS[value] as number) >>> (32 - 8 * count), true);
  return at + count;
}

function writeFour(view: DataView, value: number, at: number): number {
  view.setInt32(at, FOUR_DIGITS[value] as number, true);
  return at + 4;
}

function writeEight(view: DataView, value: number, at: number): number {
  return writeFour(view, value % 10_000, writeFour(view, (value / 10_000) | 0, at));
}

/** Exactly six digits. */
export function writeSix(view: DataView, value: number, at: number): number {
  view.setInt32(at, (FOUR_DIGITS[(value / 10_000) | 0] as number) >>> 16, true);
  return writeFour(view, value % 10_000, at + 2);
}

/** Two digits of a number below 100. */
export function writeTwo(bytes: Uint8Array, value: number, at: number): void {
  const tens = Math.floor(value / 10);
  bytes[at] = 0x30 + tens;
  bytes[at + 1] = 0x30 + value - 10 * tens;
}

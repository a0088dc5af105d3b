// Decimal numbers in bytes. NaN is the answer to anything else, never a partial reading.
import { DOT, isDigit, MINUS, ZERO } from './ascii.js';

/** Up to so many digits fit into 32 bits with a sign, whose arithmetic is the fastest. */
const SMALL_DIGITS = 9;

/** Unsigned decimal of at most 16 digits up to 2^53 - 1; NaN for anything else. */
export function parseUnsigned(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 1 || length > 16) return Number.NaN;
  if (length <= SMALL_DIGITS) {
    let small = 0;
    for (let i = start; i < end; i++) {
      const digit = (bytes[i] as number) - ZERO;
      if (digit < 0 || digit > 9) return Number.NaN;
      small = (Math.imul(small, 10) + digit) | 0;
    }
    return small;
  }
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = (bytes[i] as number) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
}

/** Number in JSON's grammar (RFC 8259 section 6); NaN for anything else. */
export function parseDecimal(bytes: Uint8Array, start: number, end: number): number {
  const unsigned = parseUnsigned(bytes, start, end);
  if (!Number.isNaN(unsigned)) return unsigned;
  if (end - start > 40) return Number.NaN;
  let text = '';
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    const isPart = isDigit(byte) || byte === DOT || byte === MINUS || byte === 0x2b;
    if (!isPart && (byte | 0x20) !== 0x65) return Number.NaN;
    text += String.fromCharCode(byte);
  }
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

/** Up to so many digits make an exact number. */
const EXACT_DIGITS = 15;

/**
 * Seconds with or without a fraction into whole milliseconds, without a string: fractions are
 * what most intervals have. NaN for what is no decimal, or is below zero.
 */
export function secondsToMs(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  let digits = 0;
  let scale = 1;
  let position = start;
  let isBehindPoint = false;
  for (; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte === DOT && !isBehindPoint && position > start) {
      isBehindPoint = true;
      continue;
    }
    if (!isDigit(byte)) break;
    // Digits behind these change no millisecond.
    if (digits >= EXACT_DIGITS) {
      if (!isBehindPoint) return Number.NaN;
      continue;
    }
    if (value > 0 || byte !== ZERO) digits++;
    value = value * 10 + byte - ZERO;
    if (isBehindPoint) scale *= 10;
  }
  if (position < end) {
    const slow = parseDecimal(bytes, start, end);
    return slow >= 0 ? Math.round(slow * 1000) : Number.NaN;
  }
  return start === end ? Number.NaN : Math.round((value / scale) * 1000);
}

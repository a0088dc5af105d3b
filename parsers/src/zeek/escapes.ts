// The escapes of Zeek's ASCII writer (src/Desc.cc of Zeek): `\\` is a backslash, `\x09` a byte that
// is not printable or would be taken for a separator.
import type { Scratch } from '@weir/pipeline';
import { BACKSLASH, isDigit, isHexDigit } from '../text/ascii.js';

const LOWER_X = 0x78;
const ESCAPE_BYTES = 4;

const hexValue = (byte: number): number => (isDigit(byte) ? byte - 0x30 : (byte | 0x20) - 0x57);

/** The byte of `\xHH` at a position, -1 where there is none. */
export function escapedByte(bytes: Uint8Array, position: number, end: number): number {
  if (position + ESCAPE_BYTES > end || bytes[position] !== BACKSLASH) return -1;
  if (bytes[position + 1] !== LOWER_X) return -1;
  const high = bytes[position + 2] as number;
  const low = bytes[position + 3] as number;
  return isHexDigit(high) && isHexDigit(low) ? hexValue(high) * 16 + hexValue(low) : -1;
}

/**
 * Appends the text without its escapes. Bytes that would make it no text (NUL, control characters,
 * what is not UTF-8) stay escaped: that is how Zeek's JSON has them too.
 */
export function unescapeZeek(
  bytes: Uint8Array,
  start: number,
  end: number,
  scratch: Scratch,
): void {
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte !== BACKSLASH) {
      scratch.byte(byte);
      position++;
      continue;
    }
    if (position + 1 < end && bytes[position + 1] === BACKSLASH) {
      scratch.byte(BACKSLASH);
      position += 2;
      continue;
    }
    const value = escapedByte(bytes, position, end);
    const count = value < 0 ? 0 : characterBytes(bytes, position, end, value);
    if (count === 0) {
      scratch.byte(BACKSLASH);
      position++;
      continue;
    }
    for (let i = 0; i < count; i++)
      scratch.byte(escapedByte(bytes, position + i * ESCAPE_BYTES, end));
    position += count * ESCAPE_BYTES;
  }
}

/** Bytes of the character whose first byte is `first`, all of them escaped; 0 where it is none. */
function characterBytes(bytes: Uint8Array, position: number, end: number, first: number): number {
  // JSON has escapes of its own for these controls: \b \t \n \f \r.
  if (first < 0x20) return first >= 8 && first <= 13 && first !== 11 ? 1 : 0;
  if (first < 0x7f) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const count = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (let i = 1; i < count; i++) {
    const next = escapedByte(bytes, position + i * ESCAPE_BYTES, end);
    if (next < 0x80 || next > 0xbf) return 0;
    if (i > 1) continue;
    // Overlong forms, surrogates and what is beyond U+10FFFF (RFC 3629 section 4).
    if ((first === 0xe0 && next < 0xa0) || (first === 0xed && next > 0x9f)) return 0;
    if ((first === 0xf0 && next < 0x90) || (first === 0xf4 && next > 0x8f)) return 0;
  }
  return count;
}

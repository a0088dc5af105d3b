// Bytes that the parsers look for, and the small tests on them that every parser needs.

export const NUL = 0x00;
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const PERCENT = 0x25;
export const APOSTROPHE = 0x27;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS = 0x3c;
export const EQUALS = 0x3d;
export const GREATER = 0x3e;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const PIPE = 0x7c;
export const CLOSE_BRACE = 0x7d;

export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
export const isLetter = (byte: number): boolean =>
  (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a && byte < 0x80;

export const isHexDigit = (byte: number): boolean =>
  isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66 && byte < 0x80);

/** Byte at a position; -1 behind `end`, so that no test on it holds there. */
export const at = (bytes: Uint8Array, position: number, end: number): number =>
  position < end ? (bytes[position] as number) : -1;

/** First position in [start, end) that is not a space. */
export function skipSpaces(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && bytes[position] === SPACE) position++;
  return position;
}

/** First position of `byte` in [start, end), or end. */
export function find(bytes: Uint8Array, byte: number, start: number, end: number): number {
  let position = start;
  while (position < end && bytes[position] !== byte) position++;
  return position;
}

/** End of the text without trailing spaces, line ends and NULs. */
export function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && (bytes[last - 1] as number) <= SPACE) {
    const byte = bytes[last - 1] as number;
    if (byte !== SPACE && byte !== LF && byte !== CR && byte !== NUL && byte !== TAB) break;
    last--;
  }
  return last;
}

/** True when the text at `start` begins with the ASCII text. */
export function startsWith(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

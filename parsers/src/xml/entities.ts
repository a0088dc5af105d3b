// References in XML text (XML 1.0 4.1, 4.6): the five names and numbers of characters. Any other
// one stays as it is written.
import type { Scratch } from '@weir/pipeline';
import { SEMICOLON } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';

const AMPERSAND = 0x26;
const HASH = 0x23;
/** `&#x10ffff;` is the longest. */
const REFERENCE_BYTES_MAX = 12;
const CODE_MAX = 0x10ffff;
const names = new KeyTable([
  ['lt', 0x3c],
  ['gt', 0x3e],
  ['amp', AMPERSAND],
  ['quot', 0x22],
  ['apos', 0x27],
]);

/** Writes source[start, end) with its references replaced. */
export function unescapeInto(
  source: Uint8Array,
  start: number,
  end: number,
  scratch: Scratch,
): void {
  let from = start;
  let position = start;
  while (position < end) {
    if (source[position] !== AMPERSAND) {
      position++;
      continue;
    }
    let stop = position + 1;
    const limit = Math.min(end, position + REFERENCE_BYTES_MAX);
    while (stop < limit && source[stop] !== SEMICOLON) stop++;
    const code = stop < limit ? codeOf(source, position + 1, stop) : 0;
    if (code === 0) {
      position++;
      continue;
    }
    scratch.copy(source, from, position);
    writeCode(code, scratch);
    position = stop + 1;
    from = position;
  }
  scratch.copy(source, from, end);
}

/** The character of a reference without `&` and `;`; 0 for none. */
function codeOf(source: Uint8Array, start: number, end: number): number {
  if (source[start] !== HASH) return names.lookup(source, start, end);
  const isHex = ((source[start + 1] as number) | 0x20) === 0x78;
  const radix = isHex ? 16 : 10;
  const first = start + (isHex ? 2 : 1);
  let code = 0;
  for (let i = first; i < end; i++) {
    const byte = source[i] as number;
    const letter = (byte | 0x20) - 0x61;
    let digit = byte - 0x30;
    if (digit < 0 || digit > 9) digit = isHex && letter >= 0 && letter < 6 ? letter + 10 : 99;
    if (digit >= radix) return 0;
    code = code * radix + digit;
  }
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return first === end || code > CODE_MAX || isSurrogate ? 0 : code;
}

function writeCode(code: number, scratch: Scratch): void {
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

// PRI, and then the header in one of its two forms.
import { at, GREATER, isDigit, LESS, MINUS, SPACE, skipSpaces, ZERO } from '../text/ascii.js';
import type { SyslogHeader } from './header.js';
import { readHeader3164 } from './rfc3164.js';
import { readHeader5424 } from './rfc5424.js';

const PRI_MAX = 191;
/** Digits that are passed over when they should have been a PRI. */
const PRI_DIGITS_TOLERATED = 10;

/** Reads PRI and header of bytes[start, end). Any bytes have a reading; faults are noted in it. */
export function readHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
  header: SyslogHeader,
): void {
  header.reset();
  const afterPri = readPri(bytes, skipSpaces(bytes, start, end), end, header);
  if (isVersion1(bytes, afterPri, end)) readHeader5424(bytes, afterPri + 2, end, header);
  else readHeader3164(bytes, afterPri, end, header);
}

/** RFC 5424 6.2.1. Returns where the header goes on. */
function readPri(bytes: Uint8Array, start: number, end: number, header: SyslogHeader): number {
  if (at(bytes, start, end) !== LESS) {
    header.priState = 'missing';
    return start;
  }
  let position = start + 1;
  let value = 0;
  while (position < end && isDigit(bytes[position] as number)) {
    if (position - start > PRI_DIGITS_TOLERATED) break;
    value = value * 10 + (bytes[position] as number) - ZERO;
    position++;
  }
  const digits = position - start - 1;
  const next = at(bytes, position, end);
  if (digits === 0) {
    // `<-1>` and `<>` are broken PRIs; `<event ...` is a text that begins with this character.
    const isBroken = next === GREATER || next === MINUS;
    header.priState = isBroken ? 'invalid' : 'missing';
    return next === GREATER ? position + 1 : start;
  }
  if (next !== GREATER) {
    header.priState = 'invalid';
    return start;
  }
  const hasLeadingZero = digits > 1 && bytes[start + 1] === ZERO;
  if (digits > 3 || hasLeadingZero || value > PRI_MAX) header.priState = 'invalid';
  else header.pri = value;
  return position + 1;
}

/** `1 ` and then a timestamp or the NILVALUE: that no text in RFC 3164's form begins with. */
function isVersion1(bytes: Uint8Array, start: number, end: number): boolean {
  if (at(bytes, start, end) !== 0x31 || at(bytes, start + 1, end) !== SPACE) return false;
  const first = at(bytes, start + 2, end);
  if (first === MINUS) return at(bytes, start + 3, end) === SPACE;
  for (let i = 2; i < 6; i++) if (!isDigit(at(bytes, start + i, end))) return false;
  return at(bytes, start + 6, end) === MINUS;
}

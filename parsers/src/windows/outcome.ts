// The result of an audit, which stands among an event's keywords (winmeta.xml: win:AuditFailure is
// bit 52, win:AuditSuccess bit 53).
import { isDigit, MINUS } from '../text/ascii.js';
import { indexOfText } from '../text/index-of.js';

const SUCCESS = 1;
const FAILURE = 2;
const FAILURE_BIT = 0x0010_0000;
const SUCCESS_BIT = 0x0020_0000;
const TWO_TO_32 = 4_294_967_296;
const TEXT_BYTES_MAX = 256;

const encoder = new TextEncoder();
const WORDS: readonly (readonly [Uint8Array, number])[] = [
  [encoder.encode('Audit Success'), SUCCESS],
  [encoder.encode('Audit Failure'), FAILURE],
  [encoder.encode('Success Audit'), SUCCESS],
  [encoder.encode('Failure Audit'), FAILURE],
  [encoder.encode('AUDIT_SUCCESS'), SUCCESS],
  [encoder.encode('AUDIT_FAILURE'), FAILURE],
  [encoder.encode('success'), SUCCESS],
  [encoder.encode('failure'), FAILURE],
];

/** OCSF status_id of keywords as a number (hex, or decimal with a sign) or as words; 0 for none. */
export function auditStatus(bytes: Uint8Array, start: number, end: number): number {
  const high = highWord(bytes, start, end);
  if (high >= 0) {
    if ((high & FAILURE_BIT) !== 0) return FAILURE;
    return (high & SUCCESS_BIT) !== 0 ? SUCCESS : 0;
  }
  const stop = Math.min(end, start + TEXT_BYTES_MAX);
  for (const [word, status] of WORDS) if (indexOfText(bytes, start, stop, word) >= 0) return status;
  return 0;
}

/** The upper 32 of 64 bits; -1 when the text is no number. */
function highWord(bytes: Uint8Array, start: number, end: number): number {
  if (end - start === 18 && bytes[start] === 0x30 && bytes[start + 1] === 0x78)
    return hexWord(bytes, start + 2);
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (end - first < 1 || end - first > 20) return -1;
  // A double is off by 2048 at most, which is far below the bits that are asked for.
  let value = 0;
  for (let i = first; i < end; i++) {
    const byte = bytes[i] as number;
    if (!isDigit(byte)) return -1;
    value = value * 10 + byte - 0x30;
  }
  const high = Math.floor((isNegative ? TWO_TO_32 * TWO_TO_32 - value : value) / TWO_TO_32);
  return high;
}

function hexWord(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let i = start; i < start + 8; i++) {
    const byte = bytes[i] as number;
    const letter = (byte | 0x20) - 0x61;
    if (isDigit(byte)) value = value * 16 + byte - 0x30;
    else if (letter >= 0 && letter < 6) value = value * 16 + 10 + letter;
    else return -1;
  }
  return value;
}

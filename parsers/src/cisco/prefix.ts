// Where a Cisco message begins. In front of its `%` there can still be parts of a header: sequence
// numbers, a host, a second timestamp, a process (IOS System Message Guide, "How to read system
// messages"; IOS XR: `RP/0/RSP0/CPU0:`).
import { at, COLON, isDigit, isLetter, PERCENT, SPACE, startsWith } from '../text/ascii.js';
import { monthAt } from '../text/time.js';

const PREFIX_BYTES_MAX = 112;
const HOST_BYTES_MAX = 64;
const ASTERISK = 0x2a;
const LESS_THAN = 0x3c;

/**
 * Position of the `%` that begins a message, or -1. It stands at `start`, or behind what can be a
 * rest of a header; anything else is refused after a look at the first bytes.
 */
export function findPercent(bytes: Uint8Array, start: number, end: number): number {
  const first = at(bytes, start, end);
  if (first === PERCENT) return start;
  const isPrefix =
    first === COLON ||
    first === ASTERISK ||
    first === 0x2e ||
    first === LESS_THAN ||
    isDigit(first) ||
    (isLetter(first) && isWordPrefix(bytes, start, end));
  if (!isPrefix) return -1;
  const stop = Math.min(end, start + PREFIX_BYTES_MAX);
  for (let position = start + 1; position < stop; position++) {
    const byte = bytes[position] as number;
    if (byte === PERCENT) {
      const before = bytes[position - 1];
      return before === SPACE || before === COLON ? position : -1;
    }
    // These stand in no header, but in JSON, CSV, key=value and the like.
    if (byte < SPACE || byte === 0x2c || byte === 0x3d || byte === 0x22 || byte === 0x7b) return -1;
    if (byte === 0x7c || byte === 0x3b) return -1;
  }
  return -1;
}

/** A month, a node of IOS XR, or the name that FireSIGHT gives itself. */
const isWordPrefix = (bytes: Uint8Array, start: number, end: number): boolean =>
  monthAt(bytes, start, end) !== 0 ||
  startsWith(bytes, start, end, 'RP/') ||
  startsWith(bytes, start, end, 'LC/') ||
  startsWith(bytes, start, end, 'SFIMS') ||
  isHostBefore(bytes, start, end);

/** `sw01 %SYS-5-CONFIG_I`: a relay put another host in front. */
function isHostBefore(bytes: Uint8Array, start: number, end: number): boolean {
  const stop = Math.min(end, start + HOST_BYTES_MAX);
  for (let position = start; position < stop; position++) {
    const byte = bytes[position] as number;
    if (byte === SPACE) {
      const letter = at(bytes, position + 2, end);
      return at(bytes, position + 1, end) === PERCENT && letter >= 0x41 && letter <= 0x5a;
    }
    const isName = isLetter(byte) || isDigit(byte) || byte === 0x2d || byte === 0x2e;
    if (!isName && byte !== 0x5f) return false;
  }
  return false;
}

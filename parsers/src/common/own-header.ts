// Events that bring their header lines along: the lines that begin with `#`, and one row behind
// them.
import { CR, LF } from '../text/ascii.js';

const HASH = 0x23;
/** Longest header in front of a row. */
const HEADER_BYTES_MAX = 32 * 1024;
const decoder = new TextDecoder();

/** What was found; one object, reused. */
export const ownHeader = { header: '', start: 0, end: 0 };

/** Sets ownHeader: the header, and where the row stands. False where there is not one row. */
export function readOwnHeader(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start;
  while (position < end && bytes[position] === HASH) {
    const newline = bytes.indexOf(LF, position);
    if (newline < 0 || newline >= end || newline - start > HEADER_BYTES_MAX) return false;
    position = newline + 1;
  }
  if (position === start || position >= end) return false;
  const newline = bytes.indexOf(LF, position);
  const rowEnd = newline < 0 || newline > end ? end : newline;
  // Behind the row there may be `#close` and line ends, but no other row: it would be lost.
  let rest = rowEnd;
  while (rest < end) {
    while (rest < end && (bytes[rest] === LF || bytes[rest] === CR)) rest++;
    if (rest < end && bytes[rest] !== HASH) return false;
    while (rest < end && bytes[rest] !== LF) rest++;
  }
  ownHeader.header = decoder.decode(bytes.subarray(start, position - 1));
  ownHeader.start = position;
  ownHeader.end = lineEnd(bytes, position, rowEnd);
  return true;
}

/** Tabs and spaces at the end are empty columns: only what ends a line is taken off. */
export function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && (bytes[last - 1] === LF || bytes[last - 1] === CR)) last--;
  return last;
}

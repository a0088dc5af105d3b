// Structured data of RFC 5424 6.3 into unmapped pairs named `sdid.param`.
import { type ColumnWriter, LIMITS, MARK } from '@weir/pipeline';
import {
  BACKSLASH,
  CLOSE_BRACKET,
  DOT,
  EQUALS,
  find,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from '../text/ascii.js';
import { quotedEnd } from './rfc5424.js';

/**
 * SD-ID and PARAM-NAME have 32 characters at most (RFC 5424 6.3.2); far longer ones are passed
 * over.
 */
const NAME_BYTES_MAX = 256;

/** bytes[start, end) holds whole elements whose form was checked already. */
export function writeStructuredData(
  bytes: Uint8Array,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): void {
  const firstPair = out.unmappedIndex;
  let position = start;
  while (position < end && bytes[position] === OPEN_BRACKET) {
    // Each key is copied, so that what is over the limit must not even be built.
    if (out.unmappedIndex - firstPair >= LIMITS.unmappedPairsPerEventMax) return;
    const idStart = position + 1;
    let idEnd = idStart;
    while (bytes[idEnd] !== SPACE && bytes[idEnd] !== CLOSE_BRACKET) idEnd++;
    position = idEnd;
    let hasParam = false;
    for (;;) {
      while (bytes[position] === SPACE) position++;
      if (bytes[position] === CLOSE_BRACKET) break;
      const equals = find(bytes, EQUALS, position, end);
      const valueStart = equals + 2;
      const valueEnd = quotedEnd(bytes, valueStart, end);
      const isFull = out.unmappedIndex - firstPair >= LIMITS.unmappedPairsPerEventMax;
      if (isFull || idEnd - idStart + equals - position > NAME_BYTES_MAX)
        out.mark(row, MARK.value_invalid, 0);
      else writeParam(bytes, row, idStart, idEnd, position, equals, valueStart, valueEnd, out);
      hasParam = true;
      position = valueEnd + 1;
    }
    if (!hasParam) out.unmapped(row, idStart, idEnd, idEnd, idEnd);
    position++;
  }
}

function writeParam(
  bytes: Uint8Array,
  row: number,
  idStart: number,
  idEnd: number,
  nameStart: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
  out: ColumnWriter,
): void {
  const { scratch } = out;
  const keyStart = scratch.position;
  scratch.copy(bytes, idStart, idEnd);
  scratch.byte(DOT);
  scratch.copy(bytes, nameStart, nameEnd);
  const keyEnd = scratch.position;
  if (find(bytes, BACKSLASH, valueStart, valueEnd) === valueEnd) {
    out.unmapped(row, keyStart, keyEnd, valueStart, valueEnd);
    return;
  }
  for (let i = valueStart; i < valueEnd; i++) {
    const byte = bytes[i] as number;
    const next = i + 1 < valueEnd ? (bytes[i + 1] as number) : 0;
    // Only these three are escapes; any other backslash stands for itself (RFC 5424 6.3.3).
    const isEscape = next === QUOTE || next === BACKSLASH || next === CLOSE_BRACKET;
    if (byte === BACKSLASH && isEscape) {
      scratch.byte(next);
      i++;
    } else scratch.byte(byte);
  }
  out.unmapped(row, keyStart, keyEnd, keyEnd, scratch.position);
}

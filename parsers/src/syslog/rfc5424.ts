// RFC 5424 6: header fields behind PRI and VERSION, then structured data.
import {
  at,
  BACKSLASH,
  CLOSE_BRACKET,
  EQUALS,
  find,
  MINUS,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
  startsWith,
} from '../text/ascii.js';
import { readIso } from '../text/time.js';
import type { SyslogHeader } from './header.js';

/** From TIMESTAMP on. A header that ends early is noted as a fault; what it has is kept. */
export function readHeader5424(
  bytes: Uint8Array,
  start: number,
  end: number,
  header: SyslogHeader,
): void {
  header.format = 'rfc5424';
  let position = readTimestamp(bytes, start, end, header);
  let stop = find(bytes, SPACE, position, end);
  if (!isNil(bytes, position, stop)) {
    header.hostStart = position;
    header.hostEnd = stop;
  }
  position = Math.min(stop + 1, end);
  if (isPipedFormat(bytes, position, end)) {
    // `1 timestamp host CEF:0|...`: the rest of the header is missing.
    header.headerFault = position;
    header.bodyStart = position;
    return;
  }
  stop = find(bytes, SPACE, position, end);
  if (!isNil(bytes, position, stop)) {
    header.appStart = position;
    header.appEnd = stop;
  }
  position = Math.min(stop + 1, end);
  stop = find(bytes, SPACE, position, end);
  if (!isNil(bytes, position, stop)) {
    header.pidStart = position;
    header.pidEnd = stop;
  }
  position = Math.min(stop + 1, end);
  stop = find(bytes, SPACE, position, end);
  if (!isNil(bytes, position, stop)) {
    header.msgIdStart = position;
    header.msgIdEnd = stop;
  }
  position = Math.min(stop + 1, end);
  if (position >= end) {
    header.headerFault = end;
    header.bodyStart = end;
    return;
  }
  readStructuredData(bytes, position, end, header);
}

/** No APP-NAME begins so: it is the body, behind a header that ends early. */
const isPipedFormat = (bytes: Uint8Array, start: number, end: number): boolean =>
  startsWith(bytes, start, end, 'CEF:') || startsWith(bytes, start, end, 'LEEF:');

/** The NILVALUE, or a field that a header which ends early does not have. */
const isNil = (bytes: Uint8Array, start: number, end: number): boolean =>
  end === start || (end - start === 1 && bytes[start] === MINUS);

function readTimestamp(
  bytes: Uint8Array,
  start: number,
  end: number,
  header: SyslogHeader,
): number {
  header.timeStart = start;
  let stop = find(bytes, SPACE, start, end);
  if (!isNil(bytes, start, stop)) {
    const { time } = header;
    if (readIso(bytes, start, end, time) === 'none') time.verdict = 'invalid';
    else if (time.end > stop) {
      // A space instead of the T is not RFC 5424, but what is meant is clear.
      header.headerFault = stop;
      stop = find(bytes, SPACE, time.end, end);
    }
    if (time.verdict === 'valid' && time.end !== stop) time.verdict = 'invalid';
  }
  return Math.min(stop + 1, end);
}

function readStructuredData(
  bytes: Uint8Array,
  start: number,
  end: number,
  header: SyslogHeader,
): void {
  if (bytes[start] === MINUS && (start + 1 === end || bytes[start + 1] === SPACE)) {
    header.bodyStart = Math.min(start + 2, end);
    return;
  }
  header.sdStart = start;
  let position = start;
  while (at(bytes, position, end) === OPEN_BRACKET) {
    const stop = elementEnd(bytes, position, end);
    if (stop < 0) {
      header.sdFault = position;
      break;
    }
    position = stop;
  }
  header.sdEnd = position;
  const next = at(bytes, position, end);
  if (position === start || (next !== SPACE && next !== -1)) header.sdFault = position;
  // Where the data is broken, the text that was meant as data stays part of the message.
  if (header.sdFault >= 0) header.bodyStart = start;
  else header.bodyStart = Math.min(position + 1, end);
}

/** Position behind the closing bracket of the element at `start`, or -1 (RFC 5424 6.3.1). */
function elementEnd(bytes: Uint8Array, start: number, end: number): number {
  let position = start + 1;
  const idStart = position;
  while (position < end && isNameByte(bytes[position] as number)) position++;
  if (position === idStart) return -1;
  for (;;) {
    const byte = at(bytes, position, end);
    if (byte === CLOSE_BRACKET) return position + 1;
    if (byte !== SPACE) return -1;
    while (at(bytes, position, end) === SPACE) position++;
    if (at(bytes, position, end) === CLOSE_BRACKET) return position + 1;
    const nameStart = position;
    while (position < end && isNameByte(bytes[position] as number)) position++;
    if (position === nameStart || at(bytes, position, end) !== EQUALS) return -1;
    if (at(bytes, position + 1, end) !== QUOTE) return -1;
    position = quotedEnd(bytes, position + 2, end) + 1;
    if (position > end) return -1;
  }
}

/** SD-NAME: printable ASCII without `=`, space, `]` and quote; bytes above 0x7f are tolerated. */
const isNameByte = (byte: number): boolean =>
  byte > SPACE && byte !== EQUALS && byte !== CLOSE_BRACKET && byte !== QUOTE;

/** Position of the quote that ends a PARAM-VALUE; `end` when there is none. */
export function quotedEnd(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && bytes[position] !== QUOTE)
    position += bytes[position] === BACKSLASH ? 2 : 1;
  return Math.min(position, end);
}

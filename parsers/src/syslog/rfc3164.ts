// RFC 3164 4.1, read as tolerantly as devices write it: any part of the header may be missing.
import {
  at,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DOT,
  EQUALS,
  isDigit,
  isLetter,
  LESS,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  PERCENT,
  PIPE,
  QUOTE,
  SLASH,
  SPACE,
  skipSpaces,
} from '../text/ascii.js';
import { severityIdOf } from '../text/severity.js';
import { readBsdTime } from './bsd-time.js';
import type { SyslogHeader } from './header.js';

const HOST_BYTES_MAX = 255;
/** RFC 3164 4.1.3 says 32; programs write longer ones. */
const TAG_BYTES_MAX = 64;
const PID_BYTES_MAX = 32;
const ASTERISK = 0x2a;

/** Header at `start`, behind the PRI. */
export function readHeader3164(
  bytes: Uint8Array,
  start: number,
  end: number,
  header: SyslogHeader,
): void {
  header.format = 'rfc3164';
  const first = skipSpaces(bytes, start, end);
  let position = first;
  if (!readTimeAt(bytes, position, end, header)) {
    // Cisco: `<PRI>123: ` before the timestamp, with or without `HOST: ` between the two.
    position = skipSequence(bytes, first, end);
    if (position === first || !readTimeAt(bytes, position, end, header))
      readHostThenTime(bytes, position, end, header);
  }
  if (header.time.verdict === 'none') {
    header.timeStart = position;
    header.bodyStart = position;
    if (header.priState !== 'missing') readTag(bytes, position, end, header, true);
    return;
  }
  readAfterTime(bytes, header.time.end, end, header);
}

/**
 * Passes over what network gear puts before a timestamp: `*` and `.` for an unsure clock, a colon.
 */
function readTimeAt(bytes: Uint8Array, start: number, end: number, header: SyslogHeader): boolean {
  let position = start;
  for (;;) {
    const byte = at(bytes, position, end);
    if (byte !== ASTERISK && byte !== DOT && byte !== COLON && byte !== SPACE) break;
    if (++position - start > 4) return false;
  }
  const verdict = readBsdTime(bytes, position, end, header.time);
  header.time.verdict = verdict;
  header.timeStart = position;
  return verdict !== 'none';
}

function skipSequence(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && isDigit(bytes[position] as number)) position++;
  const digits = position - start;
  if (digits === 0 || digits > 12 || at(bytes, position, end) !== COLON) return start;
  if (at(bytes, position + 1, end) !== SPACE) return start;
  return skipSpaces(bytes, position + 1, end);
}

function readHostThenTime(
  bytes: Uint8Array,
  start: number,
  end: number,
  header: SyslogHeader,
): void {
  const stop = hostEnd(bytes, start, end);
  if (stop - start < 2 || bytes[stop - 1] !== COLON) return;
  if (!readTimeAt(bytes, skipSpaces(bytes, stop, end), end, header)) return;
  header.hostStart = start;
  header.hostEnd = stop - 1;
}

function readAfterTime(bytes: Uint8Array, start: number, end: number, header: SyslogHeader): void {
  let position = start;
  let isHostExpected = header.hostEnd === 0;
  if (at(bytes, position, end) === COLON) {
    // `<PRI>timestamp: body`: network gear without a host name.
    position++;
    isHostExpected = false;
  }
  position = skipSpaces(bytes, position, end);
  if (isHostExpected) {
    const stop = hostEnd(bytes, position, end);
    if (stop > position + 1 && isBeforeCisco(bytes, stop, end)) {
      header.hostStart = position;
      header.hostEnd = stop - 1;
      position = skipSpaces(bytes, stop, end);
    } else if (stop > position && bytes[stop - 1] !== COLON) {
      if (stop - position > 1 || bytes[position] !== MINUS) {
        header.hostStart = position;
        header.hostEnd = stop;
      }
      position = skipSpaces(bytes, stop, end);
      // Cisco ASA: `timestamp host : %ASA-...`.
      if (at(bytes, position, end) === COLON && at(bytes, position + 1, end) === SPACE)
        position = skipSpaces(bytes, position + 1, end);
    }
  }
  header.bodyStart = position;
  if (readTag(bytes, position, end, header, false)) return;
  const level = levelEnd(bytes, position, end);
  if (level > 0 && readTag(bytes, level + 1, end, header, false)) {
    header.levelStart = position;
    header.levelEnd = level;
  }
}

/** `host: %ASA-6-302013`: a colon at the end of the word, and a message of Cisco behind it. */
function isBeforeCisco(bytes: Uint8Array, stop: number, end: number): boolean {
  if (bytes[stop - 1] !== COLON) return false;
  const next = skipSpaces(bytes, stop, end);
  const letter = at(bytes, next + 1, end);
  return at(bytes, next, end) === PERCENT && letter >= 0x41 && letter <= 0x5a;
}

/** End of the word at `start` when it can be a host name, else `start`. */
function hostEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = at(bytes, start, end);
  if (first === PERCENT || first === LESS || first === 0x28) return start;
  const stop = Math.min(end, start + HOST_BYTES_MAX + 1);
  for (let position = start; position < stop; position++) {
    const byte = bytes[position] as number;
    if (byte <= SPACE) return position;
    // These do not stand in a name, but in a tag with a pid or in a body without a header.
    if (byte === EQUALS || byte === OPEN_BRACKET || byte === OPEN_BRACE) return start;
    if (byte === QUOTE || byte === PIPE || byte === COMMA) return start;
  }
  return stop === end ? end : start;
}

/** `notice tmm[123]: `, as syslog-ng on F5 BIG-IP writes it: where the word ends, or 0. */
function levelEnd(bytes: Uint8Array, start: number, end: number): number {
  // Shortest `err`, longest `critical`.
  const limit = Math.min(end, start + 9);
  let stop = start;
  while (stop < limit && isLetter(bytes[stop] as number)) stop++;
  if (stop - start < 3 || at(bytes, stop, limit) !== SPACE) return 0;
  return severityIdOf(bytes, start, stop) === 0 ? 0 : stop;
}

/**
 * `TAG:`, `TAG[pid]:` or `TAG[pid] ` at `start`. `isStrict` (no timestamp came before) asks for a
 * space behind the colon, so that no address or URL is taken for a program. False when there is
 * none.
 */
function readTag(
  bytes: Uint8Array,
  start: number,
  end: number,
  header: SyslogHeader,
  isStrict: boolean,
): boolean {
  const stop = Math.min(end, start + TAG_BYTES_MAX);
  let position = start;
  let digits = 0;
  while (position < stop && isTagByte(bytes[position] as number))
    if (isDigit(bytes[position++] as number)) digits++;
  // Digits alone are no program, but the number of a message (Cisco, `service sequence-numbers`).
  if (digits === position - start) return false;
  const byte = at(bytes, position, end);
  let next = position + 1;
  if (byte === OPEN_BRACKET) {
    const pidLimit = Math.min(end, next + PID_BYTES_MAX);
    while (next < pidLimit && bytes[next] !== CLOSE_BRACKET) next++;
    if (at(bytes, next, end) !== CLOSE_BRACKET) return false;
    const after = at(bytes, next + 1, end);
    if (after !== COLON && (isStrict || after !== SPACE)) return false;
    header.pidStart = position + 1;
    header.pidEnd = next;
    next += after === COLON ? 2 : 1;
  } else {
    if (byte !== COLON) return false;
    const after = at(bytes, next, end);
    if (after === SLASH || (isStrict && after !== SPACE)) return false;
    // CEF:0| and LEEF:1.0| are formats of their own, not programs.
    if (isFormatWord(bytes, start, position)) return false;
  }
  header.appStart = start;
  header.appEnd = position;
  header.bodyStart = at(bytes, next, end) === SPACE ? next + 1 : next;
  return true;
}

function isTagByte(byte: number): boolean {
  if (byte <= SPACE || byte === COLON || byte === OPEN_BRACKET) return false;
  if (byte === EQUALS || byte === QUOTE || byte === COMMA || byte === PIPE) return false;
  return byte !== LESS && byte !== OPEN_BRACE && byte !== PERCENT && byte !== CLOSE_BRACKET;
}

function isFormatWord(bytes: Uint8Array, start: number, end: number): boolean {
  const last = bytes[end - 1] === 0x46 && bytes[end - 2] === 0x45;
  if (!last) return false;
  const length = end - start;
  if (length === 3) return bytes[start] === 0x43;
  return length === 4 && bytes[start] === 0x4c && bytes[start + 1] === 0x45;
}

// Timestamps in the header of RFC 3164, and what devices make of them.
import { at, COLON, isDigit, isLetter, MINUS, PLUS, SPACE, skipSpaces } from '../text/ascii.js';
import {
  fourDigits,
  monthAt,
  readClock,
  readIso,
  readZone,
  type TimeReading,
  type TimeVerdict,
  twoDigits,
} from '../text/time.js';

/**
 * A timestamp at `start`: `Mmm dd hh:mm:ss`, with a year before or behind the clock or before the
 * month, with a fraction, with a zone behind it; or ISO 8601. reading.end is behind it.
 */
export function readBsdTime(
  bytes: Uint8Array,
  start: number,
  end: number,
  reading: TimeReading,
): TimeVerdict {
  const first = at(bytes, start, end);
  if (isDigit(first)) {
    if (readIso(bytes, start, end, reading) !== 'none') {
      skipNamedZone(bytes, end, reading);
      return reading.verdict;
    }
    const year = fourDigits(bytes, start, end);
    if (year < 0 || at(bytes, start + 4, end) !== SPACE) return 'none';
    return readFromMonth(bytes, start + 5, end, year, reading);
  }
  return readFromMonth(bytes, start, end, -1, reading);
}

function readFromMonth(
  bytes: Uint8Array,
  start: number,
  end: number,
  yearBefore: number,
  reading: TimeReading,
): TimeVerdict {
  const month = monthAt(bytes, start, end);
  if (month === 0 || at(bytes, start + 3, end) !== SPACE) return 'none';
  let position = skipSpaces(bytes, start + 3, end);
  let day = twoDigits(bytes, position, end);
  if (day >= 0) position += 2;
  else {
    if (!isDigit(at(bytes, position, end))) return 'none';
    day = (bytes[position] as number) - 0x30;
    position++;
  }
  if (at(bytes, position, end) !== SPACE) return 'none';
  position = skipSpaces(bytes, position, end);
  reading.reset();
  let year = yearBefore;
  const inner = fourDigits(bytes, position, end);
  if (inner >= 0 && at(bytes, position + 4, end) === SPACE) {
    year = inner;
    position = skipSpaces(bytes, position + 4, end);
  }
  if (!readClock(bytes, position, end, reading)) return 'none';
  if (year < 0) year = yearBehind(bytes, end, reading);
  readZone(bytes, end, reading);
  skipNamedZone(bytes, end, reading);
  reading.month = month;
  reading.day = day;
  reading.hasYear = year >= 0;
  // Without a year any leap year will do here: the real one is chosen against the time of receipt.
  reading.year = year >= 0 ? year : 2000;
  reading.settle(reading.hasYear);
  return reading.verdict;
}

/** ` 2009` behind the clock, when the text goes on with a space or a colon behind it. */
function yearBehind(bytes: Uint8Array, end: number, reading: TimeReading): number {
  if (at(bytes, reading.end, end) !== SPACE) return -1;
  const year = fourDigits(bytes, reading.end + 1, end);
  const next = at(bytes, reading.end + 5, end);
  if (year < 1970 || year > 2199 || (next !== SPACE && next !== COLON && next !== -1)) return -1;
  reading.end += 5;
  return year;
}

/** ` UTC`, ` GMT`, ` +0200`; and any other short name before a colon, whose offset nobody knows. */
function skipNamedZone(bytes: Uint8Array, end: number, reading: TimeReading): void {
  if (reading.hasZone || at(bytes, reading.end, end) !== SPACE) return;
  const start = reading.end + 1;
  const first = at(bytes, start, end);
  if (first === PLUS || first === MINUS) {
    const before = reading.end;
    reading.end = start;
    readZone(bytes, end, reading);
    if (!reading.hasZone) reading.end = before;
    return;
  }
  let stop = start;
  while (stop < end && stop - start < 6 && isLetter(bytes[stop] as number)) stop++;
  const next = at(bytes, stop, end);
  const length = stop - start;
  if (length < 3 || length > 5 || (next !== SPACE && next !== COLON)) return;
  const isUtc = length === 3 && isUtcName(bytes, start);
  if (!isUtc && next !== COLON) return;
  reading.hasZone = isUtc;
  reading.end = stop;
}

function isUtcName(bytes: Uint8Array, start: number): boolean {
  let name = 0;
  for (let i = 0; i < 3; i++) name = name * 256 + ((bytes[start + i] as number) | 0x20);
  return name === 0x757463 || name === 0x676d74;
}

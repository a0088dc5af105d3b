// devTimeFormat of LEEF: a pattern of Java's SimpleDateFormat. Read as far as dates need it:
// numbers, names of months and days, AM and PM, zones by offset, UTC and GMT.
import type { RawBatch } from '@weir/pipeline';
import { inferYear } from '../syslog/write.js';
import { APOSTROPHE, isDigit, isLetter, SPACE } from '../text/ascii.js';
import { monthAt, readZone, type TimeReading, US_PER_SECOND } from '../text/time.js';

/** Microseconds of a unit: hours, minutes, seconds. */
const HOUR_US = 3600 * US_PER_SECOND;
const MINUTE_US = 60 * US_PER_SECOND;

let position = 0;
let pmShift = 0;

/** Reads source[from, to) by format[formatFrom, formatTo) into `reading`; false when it differs. */
export function readFormatted(
  batch: RawBatch,
  source: Uint8Array,
  from: number,
  to: number,
  format: Uint8Array,
  formatFrom: number,
  formatTo: number,
  reading: TimeReading,
): boolean {
  reading.reset();
  reading.dayUs = 0;
  reading.month = 1;
  reading.day = 1;
  reading.year = 2000;
  position = from;
  pmShift = 0;
  let at = formatFrom;
  while (at < formatTo) {
    const letter = format[at] as number;
    if (letter === APOSTROPHE) {
      const stop = literalEnd(format, at + 1, formatTo);
      if (!literal(source, to, format, at + 1, stop)) return false;
      at = stop + 1;
      continue;
    }
    let run = at;
    while (run < formatTo && format[run] === letter) run++;
    const isRead = isLetter(letter)
      ? element(source, to, letter, run - at, reading)
      : literal(source, to, format, at, run);
    if (!isRead) return false;
    at = run;
  }
  reading.dayUs += pmShift * HOUR_US;
  if (position !== to) return false;
  reading.settle(reading.hasYear);
  if (reading.verdict !== 'valid') return false;
  if (reading.hasYear) return true;
  if (!inferYear(batch, reading)) return false;
  if (!reading.hasZone) reading.assumeZone();
  return true;
}

function literalEnd(format: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && format[at] !== APOSTROPHE) at++;
  return at;
}

function literal(
  source: Uint8Array,
  to: number,
  format: Uint8Array,
  start: number,
  end: number,
): boolean {
  for (let i = start; i < end; i++) {
    if (position >= to || source[position] !== format[i]) return false;
    position++;
  }
  return true;
}

/** One run of a letter. */
function element(
  source: Uint8Array,
  to: number,
  letter: number,
  count: number,
  reading: TimeReading,
): boolean {
  switch (String.fromCharCode(letter)) {
    case 'y':
    case 'Y': {
      const year = number(source, to, count <= 2 ? 2 : 4);
      reading.year = count <= 2 ? 2000 + year : year;
      reading.hasYear = true;
      return year >= 0;
    }
    case 'M':
      if (count >= 3) reading.month = name(source, to);
      else reading.month = number(source, to, 2);
      return reading.month > 0;
    case 'd':
      reading.day = number(source, to, 2);
      return reading.day > 0;
    case 'H':
    case 'k':
      return add(reading, number(source, to, 2), HOUR_US);
    case 'h':
    case 'K': {
      const hour = number(source, to, 2);
      return add(reading, hour === 12 ? 0 : hour, HOUR_US);
    }
    case 'm':
      return add(reading, number(source, to, 2), MINUTE_US);
    case 's':
      return add(reading, number(source, to, 2), US_PER_SECOND);
    case 'S':
      return fraction(source, to, reading);
    case 'a':
      pmShift = ((source[position] as number) | 0x20) === 0x70 ? 12 : 0;
      position += 2;
      return position <= to;
    case 'E':
      while (position < to && isLetter(source[position] as number)) position++;
      return true;
    case 'z':
    case 'Z':
    case 'X':
      return zone(source, to, reading);
    default:
      return false;
  }
}

/** Up to `digits` digits; -1 for none. A day may have one digit, with a space before it. */
function number(source: Uint8Array, to: number, digits: number): number {
  if (position < to && source[position] === SPACE) position++;
  let value = -1;
  const stop = Math.min(to, position + digits);
  while (position < stop && isDigit(source[position] as number)) {
    value = Math.max(value, 0) * 10 + (source[position] as number) - 0x30;
    position++;
  }
  return value;
}

function name(source: Uint8Array, to: number): number {
  const month = monthAt(source, position, to);
  while (position < to && isLetter(source[position] as number)) position++;
  return month;
}

function add(reading: TimeReading, value: number, unit: number): boolean {
  reading.dayUs += value * unit;
  return value >= 0 && value < (unit === HOUR_US ? 24 : 60);
}

function fraction(source: Uint8Array, to: number, reading: TimeReading): boolean {
  let unit = US_PER_SECOND / 10;
  const first = position;
  while (position < to && isDigit(source[position] as number)) {
    if (unit >= 1) reading.dayUs += ((source[position] as number) - 0x30) * unit;
    unit /= 10;
    position++;
  }
  return position > first;
}

function zone(source: Uint8Array, to: number, reading: TimeReading): boolean {
  const first = source[position] as number;
  if (position >= to) return false;
  if (first === 0x2b || first === 0x2d) {
    reading.end = position;
    readZone(source, to, reading);
    position = reading.end;
    return reading.hasZone;
  }
  const start = position;
  while (position < to && isLetter(source[position] as number)) position++;
  const length = position - start;
  // Of names only these say how far off they are.
  reading.hasZone =
    (length === 1 && first === 0x5a) ||
    (length === 3 && (first === 0x55 || first === 0x47) && source[position - 1] !== 0x45);
  return length > 0;
}

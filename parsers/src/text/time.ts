// Points in time, read from bytes into microseconds since 1970. A reading says what it had to
// assume.
import { at, COLON, COMMA, DOT, isDigit, isLetter, MINUS, PLUS, SPACE, ZERO } from './ascii.js';
import { assumedMinutesAt } from './assumed-zone.js';

export const US_PER_SECOND = 1_000_000;
export const US_PER_DAY = 86_400 * US_PER_SECOND;
/** Columns hold microseconds as exact doubles, and ClickHouse's DateTime64 starts at 1900. */
const YEAR_MIN = 1900;
const YEAR_MAX = 2254;

/**
 * What stands at a place: `none` is no timestamp at all, `invalid` has the form but not the values.
 */
export type TimeVerdict = 'none' | 'invalid' | 'valid';

/** One reading. Reused: there is one per parser, not one per event. */
export class TimeReading {
  verdict: TimeVerdict = 'none';
  /** Where the text behind the timestamp starts, for `valid` and `invalid`. */
  end = 0;
  us = 0;
  hasYear = false;
  hasZone = false;
  year = 0;
  month = 0;
  day = 0;
  /** Microseconds since midnight; minutes east of Greenwich. */
  dayUs = 0;
  zoneMinutes = 0;

  reset(): void {
    this.verdict = 'none';
    this.us = 0;
    this.hasYear = false;
    this.hasZone = false;
    this.zoneMinutes = 0;
  }

  /**
   * Sets `us` and the verdict from the parts. `isWhole`: the year is not made up, so that the zone
   * of the source can be known.
   */
  settle(isWhole = true): void {
    const { year, month, day } = this;
    const isDate =
      year >= YEAR_MIN &&
      year <= YEAR_MAX &&
      month >= 1 &&
      month <= 12 &&
      day >= 1 &&
      day <= daysInMonth(year, month);
    if (!isDate || this.dayUs < 0) {
      this.verdict = 'invalid';
      return;
    }
    this.us =
      daysFromCivil(year, month, day) * US_PER_DAY +
      this.dayUs -
      this.zoneMinutes * 60 * US_PER_SECOND;
    this.verdict = 'valid';
    if (isWhole && !this.hasZone) this.assumeZone();
  }

  /** Where somebody configured the zone of the source, `us` is of that zone. */
  assumeZone(): void {
    const minutes = assumedMinutesAt(this.us);
    if (Number.isNaN(minutes)) return;
    this.us -= minutes * 60 * US_PER_SECOND;
    this.zoneMinutes = minutes;
    this.hasZone = true;
  }
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
export const daysInMonth = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : (MONTH_DAYS[month - 1] ?? 0);

/** Days since 1970-01-01 in the proleptic Gregorian calendar; year >= 0. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Calendar year of a point in time. */
export function yearOf(us: number): number {
  let year = 1970 + Math.floor(us / (365.2425 * US_PER_DAY));
  while (daysFromCivil(year + 1, 1, 1) * US_PER_DAY <= us) year++;
  while (daysFromCivil(year, 1, 1) * US_PER_DAY > us) year--;
  return year;
}

/** Two digits, or -1. */
export function twoDigits(bytes: Uint8Array, position: number, end: number): number {
  if (position + 2 > end) return -1;
  const tens = (bytes[position] as number) - ZERO;
  const ones = (bytes[position + 1] as number) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/** Four digits, or -1. */
export function fourDigits(bytes: Uint8Array, position: number, end: number): number {
  const high = twoDigits(bytes, position, end);
  const low = twoDigits(bytes, position + 2, end);
  return high < 0 || low < 0 ? -1 : high * 100 + low;
}

/**
 * `hh:mm:ss` with an optional fraction behind `.` or `,`, at `position`. Sets dayUs (-1 for an
 * impossible time) and end; false when it has not this form. A leap second is invalid (RFC 5424
 * 6.2.3).
 */
export function readClock(
  bytes: Uint8Array,
  position: number,
  end: number,
  reading: TimeReading,
): boolean {
  const hour = twoDigits(bytes, position, end);
  const minute = twoDigits(bytes, position + 3, end);
  const second = twoDigits(bytes, position + 6, end);
  if (hour < 0 || minute < 0 || second < 0) return false;
  if (bytes[position + 2] !== COLON || bytes[position + 5] !== COLON) return false;
  let next = position + 8;
  let fractionUs = 0;
  const mark = at(bytes, next, end);
  if ((mark === DOT || mark === COMMA) && isDigit(at(bytes, next + 1, end))) {
    let unit = US_PER_SECOND / 10;
    next++;
    while (next < end && isDigit(bytes[next] as number)) {
      // Digits beyond the microsecond are cut off: unit is below one there.
      if (unit >= 1) fractionUs += ((bytes[next] as number) - ZERO) * unit;
      unit /= 10;
      next++;
    }
  }
  const isPossible = hour <= 23 && minute <= 59 && second <= 59;
  reading.dayUs = isPossible
    ? ((hour * 60 + minute) * 60 + second) * US_PER_SECOND + Math.floor(fractionUs)
    : -1;
  reading.end = next;
  return true;
}

/**
 * `Z`, `+hh:mm`, `+hhmm` or `+hh` at reading.end; leaves the reading as it is when there is none.
 */
export function readZone(bytes: Uint8Array, end: number, reading: TimeReading): void {
  const position = reading.end;
  const sign = at(bytes, position, end);
  if (sign === 0x5a || sign === 0x7a) {
    if (isLetter(at(bytes, position + 1, end))) return;
    reading.hasZone = true;
    reading.end = position + 1;
    return;
  }
  if (sign !== PLUS && sign !== MINUS) return;
  const hours = twoDigits(bytes, position + 1, end);
  if (hours < 0) return;
  let next = position + 3;
  if (at(bytes, next, end) === COLON) next++;
  let minutes = twoDigits(bytes, next, end);
  if (minutes < 0) {
    minutes = 0;
    next = position + 3;
  } else next += 2;
  // The largest offset in use is +14:00; anything above 23:59 cannot be meant.
  if (hours > 23 || minutes > 59) reading.dayUs = -1;
  reading.hasZone = true;
  reading.zoneMinutes = (sign === MINUS ? -1 : 1) * (hours * 60 + minutes);
  reading.end = next;
}

/** `hh:mm` with a zone behind it, as ISO 8601 has it and RFC 3339 has not. */
function readMinutes(
  bytes: Uint8Array,
  position: number,
  end: number,
  reading: TimeReading,
): boolean {
  const hour = twoDigits(bytes, position, end);
  const minute = twoDigits(bytes, position + 3, end);
  const next = at(bytes, position + 5, end);
  if (hour < 0 || minute < 0 || bytes[position + 2] !== COLON) return false;
  if (next !== 0x5a && next !== PLUS && next !== MINUS) return false;
  const isPossible = hour <= 23 && minute <= 59;
  reading.dayUs = isPossible ? (hour * 60 + minute) * 60 * US_PER_SECOND : -1;
  reading.end = position + 5;
  return true;
}

/** RFC 3339 with `T` or a space between date and time and with an optional zone. */
export function readIso(
  bytes: Uint8Array,
  start: number,
  end: number,
  reading: TimeReading,
): TimeVerdict {
  reading.reset();
  const year = fourDigits(bytes, start, end);
  const separator = at(bytes, start + 4, end);
  if (year < 0 || (separator !== MINUS && separator !== 0x2f)) return 'none';
  const month = twoDigits(bytes, start + 5, end);
  const day = twoDigits(bytes, start + 8, end);
  if (month < 0 || day < 0 || bytes[start + 7] !== separator) return 'none';
  const between = at(bytes, start + 10, end);
  if (between !== 0x54 && between !== 0x74 && between !== SPACE) return 'none';
  if (!readClock(bytes, start + 11, end, reading) && !readMinutes(bytes, start + 11, end, reading))
    return 'none';
  reading.year = year;
  reading.month = month;
  reading.day = day;
  reading.hasYear = true;
  readZone(bytes, end, reading);
  reading.settle();
  return reading.verdict;
}

/** Three letters as one number, in lower case. */
const packed = (a: number, b: number, c: number): number =>
  ((a | 0x20) << 16) | ((b | 0x20) << 8) | (c | 0x20);
const MONTHS = Int32Array.from(
  'jan feb mar apr may jun jul aug sep oct nov dec'.split(' '),
  (name) => packed(name.charCodeAt(0), name.charCodeAt(1), name.charCodeAt(2)),
);

/** 1 to 12 for the three letters at `position`, in any case; 0 for anything else. */
export function monthAt(bytes: Uint8Array, position: number, end: number): number {
  if (position + 3 > end || !isLetter(bytes[position] as number)) return 0;
  const b = bytes[position + 1] as number;
  const c = bytes[position + 2] as number;
  // Bit 0x20 is set below, so that only letters may come here: a control byte would pass for one.
  if (!isLetter(b) || !isLetter(c)) return 0;
  const name = packed(bytes[position] as number, b, c);
  for (let i = 0; i < 12; i++) if (MONTHS[i] === name) return i + 1;
  return 0;
}

/**
 * Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by magnitude: values
 * below 10^11 are seconds (up to the year 5138), below 10^14 ms, below 10^17 us. NaN when out of
 * range.
 */
export function epochToUs(value: number): number {
  const size = Math.abs(value);
  let us = value * US_PER_SECOND;
  if (size >= 1e17) us = value / 1000;
  else if (size >= 1e14) us = value;
  else if (size >= 1e11) us = value * 1000;
  us = Math.floor(us);
  const isInRange =
    us >= daysFromCivil(YEAR_MIN, 1, 1) * US_PER_DAY &&
    us < daysFromCivil(YEAR_MAX + 1, 1, 1) * US_PER_DAY;
  return isInRange ? us : Number.NaN;
}

const TEN_TO = Array.from({ length: 9 }, (_, exponent) => 10 ** exponent);

/**
 * Decimal digits since 1970 (s, ms, us or ns by their number), with an optional fraction of
 * seconds; NaN for anything else. Nanoseconds are cut off exactly, which a double of the whole
 * would not be.
 */
export function epochDigitsToUs(bytes: Uint8Array, start: number, end: number): number {
  // Two halves of eight digits each: both fit into 32 bits, whose arithmetic is the fastest.
  let high = 0;
  let low = 0;
  let point = start;
  for (; point < end; point++) {
    const digit = (bytes[point] as number) - ZERO;
    if (digit < 0 || digit > 9) break;
    if (point - start < 8) high = (Math.imul(high, 10) + digit) | 0;
    else if (point - start < 16) low = (Math.imul(low, 10) + digit) | 0;
  }
  const digits = point - start;
  // 17 digits are microseconds of the year 5138 and later.
  if (digits < 1 || digits === 17 || digits > 19 || point + 10 < end) return Number.NaN;
  if (point < end && bytes[point] !== DOT) return Number.NaN;
  // 18 and 19 digits are nanoseconds: their last three are below the microsecond.
  if (digits === 18) return epochToUs(Math.max(high * 1e7 + Math.floor(low / 10), 1e14));
  if (digits === 19) return epochToUs(Math.max(high * 1e8 + low, 1e14));
  const value = digits <= 8 ? high : high * (TEN_TO[digits - 8] as number) + low;
  let fractionUs = 0;
  let unit = US_PER_SECOND / 10;
  for (let i = point + 1; i < end; i++) {
    const byte = bytes[i] as number;
    if (!isDigit(byte)) return Number.NaN;
    if (unit >= 1) fractionUs += (byte - ZERO) * unit;
    unit /= 10;
  }
  // A fraction is one of seconds; behind any finer unit it says nothing that is kept.
  return epochToUs(value) + (value < 1e11 ? Math.floor(fractionUs) : 0);
}

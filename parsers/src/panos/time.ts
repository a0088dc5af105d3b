// The times of a PAN-OS event. All but the high resolution timestamp (since 10.0) are local and
// without a zone: where that one is there, its zone is theirs too.
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import { SLASH, SPACE } from '../text/ascii.js';
import { readMoment } from '../text/moment.js';
import {
  daysFromCivil,
  daysInMonth,
  fourDigits,
  TimeReading,
  twoDigits,
  US_PER_DAY,
  US_PER_SECOND,
} from '../text/time.js';
import { writeTime } from '../text/values.js';
import { KIND } from './names.js';

/** Of `YYYY/MM/DD hh:mm:ss`. */
const LOCAL_BYTES = 19;
/** Where nothing was logged yet PAN-OS writes a high resolution timestamp of 1969 or 1970. */
const EARLIEST_US = 631_152_000 * US_PER_SECOND;

export class PanosTime {
  readonly #reading = new TimeReading();
  /** Start and end of each kind; an end of 0 is none. */
  readonly #spans = new Uint32Array(10);
  #isUtc = false;
  #zoneMinutes = 0;
  #hasZone = false;
  /** The last day that was read, as a number of eight digits, and when it began. */
  #date = 0;
  #dateUs = 0;

  begin(): void {
    this.#spans.fill(0);
    this.#isUtc = false;
  }

  /** Remembers where the value of this kind stands. */
  keep(kind: number, start: number, end: number): boolean {
    if (kind === KIND.zone) {
      // Of dtz only UTC says how far off it is.
      this.#isUtc = end - start === 3;
      return true;
    }
    const at = indexOf(kind);
    this.#spans[at] = start;
    this.#spans[at + 1] = end;
    return true;
  }

  finish(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.#hasZone = false;
    this.#zoneMinutes = 0;
    const highRes = this.#read(batch, KIND.highRes, out);
    const isHighRes = highRes >= EARLIEST_US;
    if (isHighRes && this.#reading.hasZone) {
      this.#hasZone = true;
      this.#zoneMinutes = this.#reading.zoneMinutes;
    }
    const received = this.#read(batch, KIND.received, out);
    if (!Number.isNaN(received)) out.number(row, FIELD.metadata_logged_time, received);
    const start = this.#read(batch, KIND.start, out);
    if (!Number.isNaN(start)) out.number(row, FIELD.start_time, start);
    let us = highRes;
    let kind: number = KIND.highRes;
    if (!isHighRes) {
      kind = KIND.generated;
      us = this.#read(batch, kind, out);
    }
    if (Number.isNaN(us)) {
      kind = KIND.received;
      us = this.#read(batch, kind, out);
    }
    const hasZone = isHighRes ? this.#hasZone : this.#reading.hasZone;
    this.#writeTime(batch, row, us, kind, hasZone, out);
  }

  #writeTime(
    batch: RawBatch,
    row: number,
    us: number,
    kind: number,
    hasZone: boolean,
    out: ColumnWriter,
  ): void {
    const position = this.#spans[indexOf(kind)] as number;
    const base = batch.offsets[row] as number;
    const offset = position > base && position < batch.bytes.length ? position - base : 0;
    if (Number.isNaN(us)) {
      const isThere = this.#spans.some((value) => value !== 0);
      if (isThere) out.mark(row, MARK.timestamp_invalid, offset);
      return;
    }
    if (!hasZone && !this.#hasZone && !this.#isUtc)
      out.mark(row, MARK.timestamp_zone_assumed, offset);
    writeTime(batch, row, us, offset, out);
  }

  /** Microseconds since 1970, NaN where there is no such time. */
  #read(batch: RawBatch, kind: number, out: ColumnWriter): number {
    const start = this.#spans[indexOf(kind)] as number;
    const end = this.#spans[indexOf(kind) + 1] as number;
    if (end === 0) return Number.NaN;
    const isRaw = start < batch.bytes.length;
    const shift = isRaw ? 0 : batch.bytes.length;
    const source = isRaw ? batch.bytes : out.scratch.memory;
    const reading = this.#reading;
    if (end - start === LOCAL_BYTES && this.#readLocal(source, start - shift)) {
      // The zone that the event names goes before one that is configured.
      if (this.#hasZone) return reading.us - this.#zoneMinutes * 60 * US_PER_SECOND;
      reading.assumeZone();
      return reading.us;
    }
    if (readMoment(batch, source, start - shift, end - shift, reading) !== 'valid')
      return Number.NaN;
    // `dtz=UTC` goes for all times of the event, whatever is configured for its source.
    if (this.#isUtc) return reading.us + reading.zoneMinutes * 60 * US_PER_SECOND;
    if (reading.hasZone || !this.#hasZone) return reading.us;
    return reading.us - this.#zoneMinutes * 60 * US_PER_SECOND;
  }

  /**
   * `YYYY/MM/DD hh:mm:ss`, the form of nearly all times: the day is the same for many events. False
   * for any other form and for an impossible time.
   */
  #readLocal(bytes: Uint8Array, start: number): boolean {
    const end = start + LOCAL_BYTES;
    if (bytes[start + 4] !== SLASH || bytes[start + 7] !== SLASH) return false;
    if (bytes[start + 10] !== SPACE) return false;
    const year = fourDigits(bytes, start, end);
    const month = twoDigits(bytes, start + 5, end);
    const day = twoDigits(bytes, start + 8, end);
    const hour = twoDigits(bytes, start + 11, end);
    const minute = twoDigits(bytes, start + 14, end);
    const second = twoDigits(bytes, start + 17, end);
    if (hour < 0 || minute < 0 || second < 0 || hour > 23 || minute > 59 || second > 59)
      return false;
    const reading = this.#reading;
    reading.reset();
    const date = (year * 100 + month) * 100 + day;
    if (date !== this.#date) {
      if (year < 1900 || year > 2254 || day < 1 || day > daysInMonth(year, month)) return false;
      this.#date = date;
      this.#dateUs = daysFromCivil(year, month, day) * US_PER_DAY;
    }
    reading.us = this.#dateUs + ((hour * 60 + minute) * 60 + second) * US_PER_SECOND;
    reading.hasYear = true;
    reading.verdict = 'valid';
    return true;
  }

  /** Any other time of the event. */
  writeMoment(
    batch: RawBatch,
    row: number,
    field: number,
    source: Uint8Array,
    from: number,
    to: number,
    out: ColumnWriter,
  ): boolean {
    const reading = this.#reading;
    if (readMoment(batch, source, from, to, reading) !== 'valid') return false;
    out.number(row, field, reading.us);
    return true;
  }
}

const indexOf = (kind: number): number => (kind - KIND.received) * 2;

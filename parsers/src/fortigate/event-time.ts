// The time of a FortiGate event, which up to four of its keys tell together.
import { type ColumnWriter, MARK, type RawBatch } from '@weir/pipeline';
import {
  epochDigitsToUs,
  fourDigits,
  readClock,
  readZone,
  TimeReading,
  twoDigits,
} from '../text/time.js';
import { writeTime } from '../text/values.js';

const DATE_BYTES = 10;

/** eventtime is absolute; date and time are local, with `tz` since FortiOS 6.2 only. */
export class FortigateTime {
  readonly #reading = new TimeReading();
  #eventTimeUs = Number.NaN;
  /** Position of the first key of the time, for marks; -1 while there is none. */
  #key = -1;
  #dateStart = 0;
  #dateEnd = 0;
  #clockStart = 0;
  #clockEnd = 0;
  #zoneStart = 0;
  #zoneEnd = 0;

  begin(): void {
    this.#eventTimeUs = Number.NaN;
    this.#key = -1;
    this.#dateEnd = 0;
    this.#clockEnd = 0;
    this.#zoneEnd = 0;
  }

  /** Seconds to FortiOS 6.0, nanoseconds since 6.2. False when it is no time. */
  setEventTime(bytes: Uint8Array, key: number, start: number, end: number): boolean {
    if (this.#key < 0) this.#key = key;
    this.#eventTimeUs = epochDigitsToUs(bytes, start, end);
    return !Number.isNaN(this.#eventTimeUs);
  }

  setDate(key: number, start: number, end: number): void {
    if (this.#key < 0) this.#key = key;
    this.#dateStart = start;
    this.#dateEnd = end;
  }

  setClock(key: number, start: number, end: number): void {
    if (this.#key < 0) this.#key = key;
    this.#clockStart = start;
    this.#clockEnd = end;
  }

  setZone(start: number, end: number): void {
    this.#zoneStart = start;
    this.#zoneEnd = end;
  }

  /** Writes the event's time, or marks it as invalid; without any of the keys it does nothing. */
  finish(batch: RawBatch, row: number, out: ColumnWriter): void {
    if (this.#key < 0) return;
    const offset = this.#key - (batch.offsets[row] as number);
    if (!Number.isNaN(this.#eventTimeUs)) {
      writeTime(batch, row, this.#eventTimeUs, offset, out);
      return;
    }
    const reading = this.#reading;
    this.#readLocal(batch.bytes);
    if (reading.verdict !== 'valid') {
      out.mark(row, MARK.timestamp_invalid, offset);
      return;
    }
    if (!reading.hasZone) out.mark(row, MARK.timestamp_zone_assumed, offset);
    writeTime(batch, row, reading.us, offset, out);
  }

  #readLocal(bytes: Uint8Array): void {
    const reading = this.#reading;
    reading.reset();
    reading.verdict = 'none';
    if (this.#dateEnd - this.#dateStart !== DATE_BYTES || this.#clockEnd === 0) return;
    if (!readClock(bytes, this.#clockStart, this.#clockEnd, reading)) return;
    reading.year = fourDigits(bytes, this.#dateStart, this.#dateEnd);
    reading.month = twoDigits(bytes, this.#dateStart + 5, this.#dateEnd);
    reading.day = twoDigits(bytes, this.#dateStart + 8, this.#dateEnd);
    if (this.#zoneEnd > 0) {
      reading.end = this.#zoneStart;
      readZone(bytes, this.#zoneEnd, reading);
    }
    reading.settle();
  }
}

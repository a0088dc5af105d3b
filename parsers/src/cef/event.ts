// One event of CEF or LEEF of any vendor while its pairs come in: what has a field goes there at
// once, what several pairs decide together (time, class, users) is settled at the end.
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import { AS, TypedWriter } from '../common/typed-writer.js';
import { readFormatted } from '../leef/time-format.js';
import { isNone, lowerLookup, writeHash } from '../panos/helpers.js';
import { readMoment } from '../text/moment.js';
import { parseUnsigned } from '../text/number.js';
import { severityIdOf } from '../text/severity.js';
import { TimeReading, US_PER_SECOND } from '../text/time.js';
import { writeClass, writeTime } from '../text/values.js';
import { dispositionTable, type KeySet, KIND, outcomeTable, protocolTable } from './keys.js';

const F = FIELD;
const BASE_EVENT = 0;
const AUTHENTICATION = 3002;
const LOGON = 1;
const LOGOFF = 2;

/** severity_id of CEF's 0 to 10: 0-3 Low, 4-6 Medium, 7-8 High, 9-10 Very-High. */
const SEVERITY_BY_NUMBER = [2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5];

/** severity_id of a number from 0 to 10 or of a word; 0 for anything else. */
export function cefSeverityOf(bytes: Uint8Array, start: number, end: number): number {
  const number = parseUnsigned(bytes, start, end);
  if (!Number.isNaN(number)) return SEVERITY_BY_NUMBER[number] ?? 0;
  const isVeryHigh = end - start === 9 && ((bytes[start] as number) | 0x20) === 0x76;
  return isVeryHigh ? 5 : severityIdOf(bytes, start, end);
}

/** Of the kinds of times, in the order in which they are asked for. */
const TIMES = [KIND.received, KIND.deviceTime, KIND.end, KIND.start];
/** Keys of times that are none. */
const NAMES: Readonly<Record<number, string>> = {
  [KIND.received]: 'rt',
  [KIND.deviceTime]: 'devTime',
  [KIND.end]: 'end',
  [KIND.start]: 'start',
};

export class GenericEvent implements PairSink {
  readonly #keys: KeySet;
  readonly #typed = new TypedWriter();
  readonly #reading = new TimeReading();
  #batch!: RawBatch;
  #out!: ColumnWriter;
  #row = 0;
  #rawEnd = 0;
  /** Start and end of what is kept, by kind less `received`; an end of 0 is none. */
  readonly #kept = new Uint32Array(40);
  #isLogin = false;
  #isLogout = false;
  #status = 0;
  /** By key: the event that it was last seen in. */
  readonly #seen: Uint32Array;
  #generation = 0;
  #source: Uint8Array = new Uint8Array(0);

  constructor(keys: KeySet) {
    this.#keys = keys;
    this.#seen = new Uint32Array(keys.kinds.length);
  }

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.#batch = batch;
    this.#out = out;
    this.#row = row;
    this.#rawEnd = batch.bytes.length;
    this.#typed.begin(batch, row, out);
    this.#generation = (this.#generation + 1) >>> 0;
    this.#kept.fill(0);
    this.#isLogin = false;
    this.#isLogout = false;
    this.#status = 0;
  }

  pair(
    keySource: Uint8Array,
    keyFrom: number,
    keyTo: number,
    keyInPlace: number,
    start: number,
    end: number,
    _isText: boolean,
    position: number,
  ): void {
    if (start >= end) return;
    const shift = this.#locate(start);
    if (isNone(this.#source, start - shift, end - shift)) return;
    const key = this.#keys.table.lookup(keySource, keyFrom, keyTo);
    if (key !== 0) {
      // Values are free text: what a client chose may hold another `src=`. The first one counts,
      // and the other is kept.
      const isAgain = this.#seen[key] === this.#generation;
      this.#seen[key] = this.#generation;
      if (!isAgain && this.#known(key, start, end)) return;
      this.#typed.mark(MARK.value_invalid, position);
    }
    const out = this.#out;
    let keyStart = keyInPlace;
    if (keyStart < 0) {
      keyStart = out.scratch.position;
      out.scratch.copy(keySource, keyFrom, keyTo);
    }
    out.unmapped(this.#row, keyStart, keyStart + keyTo - keyFrom, start, end);
  }

  /** Sets where values of this position are read from; what to subtract from positions there. */
  #locate(start: number): number {
    const isRaw = start < this.#rawEnd;
    this.#source = isRaw ? this.#batch.bytes : this.#out.scratch.memory;
    return isRaw ? 0 : this.#rawEnd;
  }

  /** False when the value is not of the kind that its key asks for. */
  #known(key: number, start: number, end: number): boolean {
    const kind = this.#keys.kinds[key] as number;
    const field = this.#keys.fields[key] as number;
    if (kind < KIND.received) return this.#typed.put(kind, field, start, end);
    const out = this.#out;
    const row = this.#row;
    const shift = this.#locate(start);
    const source = this.#source;
    const from = start - shift;
    const to = end - shift;
    switch (kind) {
      case KIND.action: {
        const disposition = lowerLookup(dispositionTable, source, from, to);
        if (disposition !== 0) out.number(row, F.disposition_id, disposition);
        out.span(row, F.action, start, end);
        return true;
      }
      case KIND.outcome:
        this.#status = lowerLookup(outcomeTable, source, from, to);
        out.span(row, F.status, start, end);
        return true;
      case KIND.protocol:
        return this.#protocol(source, from, to, start, end);
      case KIND.hash:
        return writeHash(source, row, from, to, shift, false, out);
      case KIND.direction: {
        const direction = parseUnsigned(source, from, to);
        if (direction !== 0 && direction !== 1) return false;
        out.number(row, F.connection_info_direction_id, direction + 1);
        return true;
      }
      case KIND.level:
        this.severity(start, end);
        return true;
      case KIND.login:
        this.#isLogin = (source[from] as number) === 0x74;
        return true;
      case KIND.logout:
        this.#isLogout = (source[from] as number) === 0x74;
        return true;
      default:
        this.#keep(kind, start, end);
        return true;
    }
  }

  /** A severity of the header or of an attribute. */
  severity(start: number, end: number): void {
    if (start >= end) return;
    const shift = this.#locate(start);
    const severityId = cefSeverityOf(this.#source, start - shift, end - shift);
    if (severityId !== 0) this.#out.number(this.#row, F.severity_id, severityId);
    this.#out.span(this.#row, F.severity, start, end);
  }

  #keep(kind: number, start: number, end: number): void {
    const at = (kind - KIND.received) * 2;
    this.#kept[at] = start;
    this.#kept[at + 1] = end;
  }

  #protocol(source: Uint8Array, from: number, to: number, start: number, end: number): boolean {
    let number = lowerLookup(protocolTable, source, from, to) - 1;
    if (number < 0) number = parseUnsigned(source, from, to);
    else this.#typed.put(AS.lower, F.connection_info_protocol_name, start, end);
    if (!(number <= 255)) {
      this.#typed.put(AS.lower, F.connection_info_protocol_name, start, end);
      return true;
    }
    this.#out.number(this.#row, F.connection_info_protocol_num, number);
    return true;
  }

  finish(): void {
    const row = this.#row;
    const out = this.#out;
    this.#times();
    const isAuth = this.#isLogin || this.#isLogout;
    if (isAuth) writeClass(row, AUTHENTICATION, this.#isLogin ? LOGON : LOGOFF, out);
    else writeClass(row, BASE_EVENT, 0, out);
    if (this.#status !== 0) out.number(row, F.status_id, this.#status);
    this.#account(KIND.user, isAuth ? F.user_name : F.actor_user_name);
    this.#account(KIND.target, F.user_name);
  }

  #account(kind: number, field: number): void {
    const at = (kind - KIND.received) * 2;
    const end = this.#kept[at + 1] as number;
    if (end !== 0) this.#typed.put(AS.account, field, this.#kept[at] as number, end);
  }

  /** The event's own time is the first that it has; its start and end have fields besides. */
  #times(): void {
    const out = this.#out;
    const row = this.#row;
    let isDone = false;
    for (const kind of TIMES) {
      const at = (kind - KIND.received) * 2;
      const start = this.#kept[at] as number;
      if (this.#kept[at + 1] === 0) continue;
      const us = this.#read(kind, start, this.#kept[at + 1] as number);
      const base = this.#typed.base;
      const offset = start > base && start < this.#rawEnd ? start - base : 0;
      if (Number.isNaN(us)) {
        if (!isDone) out.mark(row, MARK.timestamp_invalid, offset);
        this.#typed.unmapped(NAMES[kind] ?? 'time', start, this.#kept[at + 1] as number);
        continue;
      }
      if (kind === KIND.start) out.number(row, F.start_time, us);
      if (kind === KIND.end) out.number(row, F.end_time, us);
      if (isDone) continue;
      isDone = true;
      if (!this.#reading.hasYear) out.mark(row, MARK.timestamp_year_inferred, offset);
      if (!this.#reading.hasZone && !this.#isUtc())
        out.mark(row, MARK.timestamp_zone_assumed, offset);
      writeTime(this.#batch, row, us, offset, out);
    }
  }

  #read(kind: number, start: number, end: number): number {
    const reading = this.#reading;
    const shift = this.#locate(start);
    const formatAt = (KIND.timeFormat - KIND.received) * 2;
    const formatEnd = this.#kept[formatAt + 1] as number;
    const from = start - shift;
    const to = end - shift;
    if (kind === KIND.deviceTime && formatEnd !== 0) {
      const formatStart = this.#kept[formatAt] as number;
      const isRaw = formatStart < this.#rawEnd;
      const format = isRaw ? this.#batch.bytes : this.#out.scratch.memory;
      const less = isRaw ? 0 : this.#rawEnd;
      const isRead = readFormatted(
        this.#batch,
        this.#source,
        from,
        to,
        format,
        formatStart - less,
        formatEnd - less,
        reading,
      );
      if (isRead) return reading.us;
    }
    if (readMoment(this.#batch, this.#source, from, to, reading) !== 'valid') return Number.NaN;
    // `dtz=UTC` goes before a zone that is configured for the source.
    return this.#isUtc() ? reading.us + reading.zoneMinutes * 60 * US_PER_SECOND : reading.us;
  }

  #isUtc(): boolean {
    const at = (KIND.timeZone - KIND.received) * 2;
    const end = this.#kept[at + 1] as number;
    const start = this.#kept[at] as number;
    if (end - start !== 3) return false;
    const shift = this.#locate(start);
    const first = this.#source[start - shift];
    return first === 0x55 || first === 0x47;
  }
}

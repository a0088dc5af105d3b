// A syslog header into columns. It is written after the body, and only where the body said nothing:
// the device's own fields know better than the transport.
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import { trimEnd } from '../text/ascii.js';
import { SEVERITY_ID_BY_CODE, severityIdOf } from '../text/severity.js';
import { daysFromCivil, daysInMonth, type TimeReading, US_PER_DAY, yearOf } from '../text/time.js';
import { receivedUsOf, writeTime, writeUnsigned } from '../text/values.js';
import { DEFAULT_PRI, type SyslogHeader } from './header.js';
import { writeStructuredData } from './structured-data.js';

const FACILITY = FIELD.syslog_facility;
const SEVERITY = FIELD.syslog_severity;
const SEVERITY_ID = FIELD.severity_id;
const HOSTNAME = FIELD.device_hostname;
const PROCESS_NAME = FIELD.actor_process_name;
const PROCESS_PID = FIELD.actor_process_pid;
const EVENT_UID = FIELD.metadata_uid;
const MESSAGE = FIELD.message;
const TIME = FIELD.time;
const HALF_YEAR_US = 182 * US_PER_DAY;

/** Fills what the body left open. Returns true when the header was read without a fault. */
export function writeHeader(
  batch: RawBatch,
  row: number,
  header: SyslogHeader,
  out: ColumnWriter,
): boolean {
  const { bytes } = batch;
  const base = batch.offsets[row] ?? 0;
  const pri = header.priState === 'valid' ? header.pri : DEFAULT_PRI;
  if (header.priState === 'missing') out.mark(row, MARK.pri_missing, 0);
  else if (header.priState === 'invalid') out.mark(row, MARK.pri_invalid, 0);
  out.number(row, FACILITY, pri >> 3);
  out.number(row, SEVERITY, pri & 7);
  if (header.levelEnd > 0) writeLevel(bytes, row, header, out);
  if (!out.has(row, SEVERITY_ID))
    out.number(row, SEVERITY_ID, SEVERITY_ID_BY_CODE[pri & 7] as number);
  if (header.hostEnd > 0 && !out.has(row, HOSTNAME))
    out.span(row, HOSTNAME, header.hostStart, header.hostEnd);
  if (header.appEnd > 0 && !out.has(row, PROCESS_NAME))
    out.span(row, PROCESS_NAME, header.appStart, header.appEnd);
  if (header.pidEnd > 0 && !out.has(row, PROCESS_PID)) {
    const { pidStart, pidEnd } = header;
    if (!writeUnsigned(bytes, row, PROCESS_PID, pidStart, pidEnd, out)) {
      const key = out.scratch.constant('proc_id');
      out.unmapped(row, key.start, key.end, pidStart, pidEnd);
    }
  }
  if (header.msgIdEnd > 0 && !out.has(row, EVENT_UID))
    out.span(row, EVENT_UID, header.msgIdStart, header.msgIdEnd);
  if (!out.has(row, TIME)) writeHeaderTime(batch, row, header, out);
  if (header.sdEnd > header.sdStart)
    writeStructuredData(bytes, row, header.sdStart, header.sdEnd, out);
  if (header.headerFault >= 0) out.mark(row, MARK.syslog_header_invalid, header.headerFault - base);
  if (header.sdFault >= 0) out.mark(row, MARK.structured_data_invalid, header.sdFault - base);
  return header.headerFault < 0 && header.sdFault < 0;
}

/** The word for the severity is the device's own; the PRI may be that of a relay. */
function writeLevel(
  bytes: Uint8Array,
  row: number,
  { levelStart, levelEnd }: SyslogHeader,
  out: ColumnWriter,
): void {
  if (!out.has(row, FIELD.metadata_log_level))
    out.span(row, FIELD.metadata_log_level, levelStart, levelEnd);
  if (!out.has(row, SEVERITY_ID))
    out.number(row, SEVERITY_ID, severityIdOf(bytes, levelStart, levelEnd));
}

/** The text behind the header as the message, without a byte order mark and trailing line ends. */
export function writeMessage(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): void {
  const { bytes } = batch;
  let first = start;
  // RFC 5424 6.4: UTF-8 text begins with a byte order mark.
  if (end - first >= 3 && bytes[first] === 0xef && bytes[first + 1] === 0xbb) {
    if (bytes[first + 2] === 0xbf) first += 3;
  }
  out.span(row, MESSAGE, first, trimEnd(bytes, first, end));
}

function writeHeaderTime(
  batch: RawBatch,
  row: number,
  header: SyslogHeader,
  out: ColumnWriter,
): void {
  const { time } = header;
  const offset = header.timeStart - (batch.offsets[row] ?? 0);
  if (time.verdict === 'none') {
    // A body whose own timestamp was wrong has said more than that there is none.
    if (out.hasMark(row, MARK.timestamp_invalid)) return;
    out.mark(row, MARK.timestamp_missing, offset);
    return;
  }
  writeReading(batch, row, time, header.timeStart, out);
}

/** A timestamp that was read at `position`, absolute, with the year of the time of receipt. */
export function writeReading(
  batch: RawBatch,
  row: number,
  time: TimeReading,
  position: number,
  out: ColumnWriter,
): void {
  const offset = position - (batch.offsets[row] ?? 0);
  const isValid = time.verdict === 'valid' && (time.hasYear || inferYear(batch, time));
  if (!isValid) {
    out.mark(row, MARK.timestamp_invalid, offset);
    return;
  }
  if (!time.hasYear) {
    out.mark(row, MARK.timestamp_year_inferred, offset);
    if (!time.hasZone) time.assumeZone();
  }
  if (!time.hasZone) out.mark(row, MARK.timestamp_zone_assumed, offset);
  writeTime(batch, row, time.us, offset, out);
}

let yearFor = Number.NaN;
let yearThen = 0;
/** Calendar year of the time of receipt. The last answer is kept: it is the same for a batch. */
function receivedYear(receivedUs: number): number {
  if (receivedUs !== yearFor) {
    yearFor = receivedUs;
    yearThen = yearOf(receivedUs);
  }
  return yearThen;
}

/**
 * Chooses the year that puts the timestamp nearest to the time of receipt, so that December's
 * events which arrive in January keep their year and a clock that runs ahead does too. Feb 29 takes
 * the nearest leap year.
 */
export function inferYear(batch: RawBatch, time: TimeReading): boolean {
  const received = receivedUsOf(batch);
  const year = receivedYear(received);
  const rest = time.dayUs - time.zoneMinutes * 60_000_000;
  if (time.day <= daysInMonth(year, time.month)) {
    const us = daysFromCivil(year, time.month, time.day) * US_PER_DAY + rest;
    // Any other year would be farther off: nearly every event ends here.
    if (Math.abs(us - received) < HALF_YEAR_US) {
      time.us = us;
      return true;
    }
  }
  const reach = time.month === 2 && time.day === 29 ? 8 : 1;
  let best = Number.POSITIVE_INFINITY;
  for (let candidate = year - reach; candidate <= year + reach; candidate++) {
    if (time.day > daysInMonth(candidate, time.month)) continue;
    const us = daysFromCivil(candidate, time.month, time.day) * US_PER_DAY + rest;
    if (Math.abs(us - received) >= best) continue;
    best = Math.abs(us - received);
    time.us = us;
  }
  return best < Number.POSITIVE_INFINITY;
}

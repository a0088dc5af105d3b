// W3C extended logs, such as those of IIS: the `#Fields` directive, which names the columns, is the
// context of the source, or stands in front of the row in the same event.
import { type ColumnWriter, FIELD, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { lineEnd, ownHeader, readOwnHeader } from '../common/own-header.js';
import { contextOf } from '../common/run-context.js';
import { isDash, TypedWriter } from '../common/typed-writer.js';
import type { Pack } from '../pack.js';
import { at, COLON, DOT, find, MINUS, PLUS, QUOTE, SPACE, startsWith, TAB } from '../text/ascii.js';
import { secondsToMs } from '../text/number.js';
import { readIso, TimeReading } from '../text/time.js';
import { writeClass, writeTime } from '../text/values.js';
import { KIND } from './fields.js';
import { type W3cPlan, w3cPlanOf } from './plan.js';
import { dispositionTable, methodTable, protocolTable } from './words.js';

const HASH = 0x23;
const HTTP = 4002;
const NETWORK = 4001;
const OTHER = 99;
const TRAFFIC = 6;
const REFUSE = 5;
/** disposition_id. */
const DROPPED = 6;
const QUESTION_MARK = 0x3f;
const values = new TypedWriter();
const reading = new TimeReading();
/** Of the row: where its date, time, path, query and method stand. */
const place = {
  ...{ dateStart: 0, dateEnd: 0, clockStart: 0, clockEnd: 0, stemStart: 0, stemEnd: 0 },
  ...{ queryStart: 0, queryEnd: 0, method: 0 },
};

export const w3c: Pack = {
  name: 'w3c',
  version: '1',
  summary: 'W3C extended logs: IIS, Windows Firewall, and others with a #Fields directive.',
  detect: (bytes, start, end) => at(bytes, start, end) === HASH,
  parse(batch, row, start, end, out): ParseVerdict {
    const { bytes } = batch;
    if (at(bytes, start, end) === HASH) {
      if (!readOwnHeader(bytes, start, end)) return 'no';
      const plan = w3cPlanOf(ownHeader.header);
      if (plan === null) return 'no';
      return parseRow(plan, batch, row, ownHeader.start, ownHeader.end, out);
    }
    const plan = w3cPlanOf(contextOf(batch, row));
    if (plan === null) return 'no';
    return parseRow(plan, batch, row, start, lineEnd(bytes, start, end), out);
  },
};

function parseRow(
  plan: W3cPlan,
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  const count = plan.names.length;
  const separator = find(bytes, TAB, start, end) < end ? TAB : SPACE;
  if (count > 1 && find(bytes, separator, start, end) === end) return 'no';
  values.begin(batch, row, out);
  place.dateEnd = 0;
  place.clockEnd = 0;
  place.stemEnd = 0;
  place.queryEnd = 0;
  place.method = 0;
  let column = 0;
  let position = start;
  while (position < end && column < count) {
    // IIS quotes nothing: there a quote is what the client sent, and hides no column.
    const isQuoted = bytes[position] === QUOTE && !plan.isPlain;
    const stop = isQuoted ? quotedEnd(bytes, position, end) : find(bytes, separator, position, end);
    if (isQuoted && at(bytes, stop - 1, end) === QUOTE && stop - position > 1)
      writeQuoted(plan, column, bytes, position + 1, stop - 1, out);
    else if (!isDash(bytes, position, stop)) writeValue(plan, column, position, stop);
    column++;
    position = stop + 1;
  }
  const isWhole = column === count && position >= end;
  if (!isWhole) {
    out.mark(row, MARK.missing_field, Math.min(position, end) - (batch.offsets[row] as number));
    if (position < end) values.unmapped('_rest', position, end);
  }
  finish(plan);
  return isWhole ? 'parsed' : 'partial';
}

/** Behind the closing quote; two quotes are one of the text. */
function quotedEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start + 1; i < end; i++) {
    if (bytes[i] !== QUOTE) continue;
    if (at(bytes, i + 1, end) !== QUOTE) return i + 1;
    i++;
  }
  return end;
}

function writeQuoted(
  plan: W3cPlan,
  column: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: ColumnWriter,
): void {
  if (find(bytes, QUOTE, start, end) === end) {
    writeValue(plan, column, start, end);
    return;
  }
  const from = out.scratch.position;
  for (let i = start; i < end; i++) {
    out.scratch.byte(bytes[i] as number);
    if (bytes[i] === QUOTE) i++;
  }
  writeValue(plan, column, from, out.scratch.position);
}

function writeValue(plan: W3cPlan, column: number, start: number, end: number): void {
  if (start >= end) return;
  const name = plan.names[column] as string;
  const kind = plan.kinds[column] as number;
  const field = plan.fields[column] as number;
  const { out, row, batch } = values;
  const isRaw = start < batch.bytes.length;
  switch (kind) {
    case 0:
      values.unmapped(name, start, end);
      return;
    case KIND.date:
      place.dateStart = start;
      place.dateEnd = end;
      return;
    case KIND.clock:
      place.clockStart = start;
      place.clockEnd = end;
      return;
    case KIND.stem:
      place.stemStart = start;
      place.stemEnd = end;
      values.named(KIND.text, field, name, start, end);
      return;
    case KIND.query:
      place.queryStart = start;
      place.queryEnd = end;
      values.named(KIND.text, field, name, start, end);
      return;
    case KIND.method:
      place.method = isRaw ? methodTable.lookup(batch.bytes, start, end) : 0;
      values.named(KIND.text, field, name, start, end);
      return;
    case KIND.version: {
      const isHttp = isRaw && startsWith(batch.bytes, start, end, 'HTTP/');
      values.named(KIND.text, field, name, isHttp ? start + 5 : start, end);
      return;
    }
    case KIND.taken:
      writeTaken(plan, name, field, start, end);
      return;
    case KIND.agent:
      writeAgent(plan, field, start, end);
      return;
    case KIND.host:
      writeHost(name, field, start, end);
      return;
    case KIND.action: {
      const disposition = isRaw ? dispositionTable.lookup(batch.bytes, start, end) : 0;
      if (disposition !== 0) out.number(row, FIELD.disposition_id, disposition);
      values.named(KIND.text, field, name, start, end);
      return;
    }
    case KIND.protocol: {
      const protocol = isRaw ? protocolTable.lookup(batch.bytes, start, end) : 0;
      if (protocol === 0) values.named(KIND.unsigned, field, name, start, end);
      else out.number(row, field, protocol);
      return;
    }
    default:
      values.named(kind, field, name, start, end);
  }
}

/** Seconds with a fraction by the draft; whole milliseconds by Microsoft; else it is not said. */
function writeTaken(plan: W3cPlan, name: string, field: number, start: number, end: number): void {
  const { bytes } = values.batch;
  if (start < bytes.length && find(bytes, DOT, start, end) < end) {
    const ms = secondsToMs(bytes, start, end);
    if (Number.isNaN(ms)) values.unmapped(name, start, end);
    else values.out.number(values.row, field, ms);
  } else if (plan.isMicrosoft) values.named(KIND.unsigned, field, name, start, end);
  else values.unmapped(name, start, end);
}

/** IIS writes a plus for a space. */
function writeAgent(plan: W3cPlan, field: number, start: number, end: number): void {
  const { batch, out } = values;
  const { bytes } = batch;
  if (!plan.isMicrosoft || start >= bytes.length || find(bytes, PLUS, start, end) === end) {
    values.put(KIND.text, field, start, end);
    return;
  }
  const from = out.scratch.position;
  for (let i = start; i < end; i++)
    out.scratch.byte(bytes[i] === PLUS ? SPACE : (bytes[i] as number));
  values.put(KIND.text, field, from, out.scratch.position);
}

/** `www.example.com:8080`; an address of IPv6 stands in brackets. */
function writeHost(name: string, field: number, start: number, end: number): void {
  const { bytes } = values.batch;
  let colon = end;
  while (colon > start && bytes[colon - 1] !== COLON && bytes[colon - 1] !== 0x5d) colon--;
  const hasPort =
    start < bytes.length &&
    colon > start &&
    bytes[colon - 1] === COLON &&
    values.put(KIND.unsigned, FIELD.http_request_url_port, colon, end);
  const last = hasPort ? colon - 1 : end;
  const isBracketed = start < bytes.length && bytes[start] === 0x5b && bytes[last - 1] === 0x5d;
  const edge = isBracketed && last - start > 2 ? 1 : 0;
  values.named(KIND.text, field, name, start + edge, last - edge);
}

function finish(plan: W3cPlan): void {
  const { out, row } = values;
  if (plan.product !== '') out.code(row, FIELD.metadata_product_name, plan.product);
  if (plan.vendor !== '') out.code(row, FIELD.metadata_product_vendor_name, plan.vendor);
  if (plan.version !== '') {
    const version = out.scratch.constant(plan.version);
    out.span(row, FIELD.metadata_product_version, version.start, version.end);
  }
  const isDropped = out.numberAt(row, FIELD.disposition_id) === DROPPED;
  let activity = 0;
  if (plan.classUid === NETWORK) activity = isDropped ? REFUSE : TRAFFIC;
  if (plan.classUid === HTTP) activity = place.method === 0 ? OTHER : place.method;
  writeClass(row, plan.classUid, activity, out);
  writeUrl();
  finishTime(plan);
}

/** Path and query as the client asked for them, where the log has them apart. */
function writeUrl(): void {
  const { out, row, batch } = values;
  const URL = FIELD.http_request_url_url_string;
  if (place.stemEnd === 0 || out.has(row, URL)) return;
  if (place.queryEnd === 0) {
    out.span(row, URL, place.stemStart, place.stemEnd);
    return;
  }
  const base = batch.bytes.length;
  // Quoted with quotes in it: rare enough to do without.
  if (place.stemStart >= base || place.queryStart >= base) return;
  const from = out.scratch.position;
  out.scratch.copy(batch.bytes, place.stemStart, place.stemEnd);
  out.scratch.byte(QUESTION_MARK);
  out.scratch.copy(batch.bytes, place.queryStart, place.queryEnd);
  out.span(row, URL, from, out.scratch.position);
}

function finishTime(plan: W3cPlan): void {
  const { out, row, batch, base } = values;
  const { bytes } = batch;
  if (place.clockEnd === 0) {
    if (place.dateEnd !== 0) values.unmapped('date', place.dateStart, place.dateEnd);
    return;
  }
  const from = out.scratch.position;
  if (place.dateEnd !== 0) copy(place.dateStart, place.dateEnd);
  else for (let i = 0; i < plan.date.length; i++) out.scratch.byte(plan.date.charCodeAt(i));
  out.scratch.byte(SPACE);
  copy(place.clockStart, place.clockEnd);
  const text = out.scratch.view();
  const start = from - bytes.length;
  const verdict = readIso(text, start, text.length, reading);
  const isRead = verdict === 'valid' && reading.end === text.length && text[start + 4] === MINUS;
  const offset = place.clockStart < bytes.length ? place.clockStart - base : 0;
  if (!isRead) {
    out.mark(row, MARK.timestamp_invalid, offset);
    values.unmapped('date', place.dateStart, place.dateEnd);
    values.unmapped('time', place.clockStart, place.clockEnd);
    return;
  }
  if (plan.isLocalTime) out.mark(row, MARK.timestamp_zone_assumed, offset);
  writeTime(batch, row, reading.us, offset, out);
}

/** An absolute range to the end of scratch. */
function copy(start: number, end: number): void {
  const { out, batch } = values;
  const base = batch.bytes.length;
  if (start < base) out.scratch.copy(batch.bytes, start, end);
  else for (let i = start; i < end; i++) out.scratch.byte(out.scratch.byteAt(i));
}

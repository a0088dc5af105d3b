// Cisco ISE: `CISE_CATEGORY ID TOTAL SEGMENT text`. A long message comes in several segments; the
// first has `time zone sequence code LEVEL Class: text,` and all have `name=value,` with `\,`.
// After "Cisco ISE Syslogs", chapters "Cisco ISE Message Codes" and "Remote Logging Target
// Content".
import { type ColumnWriter, FIELD, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { CiscoEvent } from '../cisco/event.js';
import { AUTHENTICATION, classOf, type MeaningName, meaningOf } from '../cisco/meanings.js';
import { AS } from '../common/typed-writer.js';
import type { Pack } from '../pack.js';
import {
  at,
  BACKSLASH,
  CLOSE_BRACE,
  COLON,
  COMMA,
  EQUALS,
  find,
  isDigit,
  isLetter,
  OPEN_BRACE,
  SPACE,
  skipSpaces,
  startsWith,
  trimEnd,
} from '../text/ascii.js';
import { isIp } from '../text/ip.js';
import { KeyTable } from '../text/key-table.js';
import { severityIdOf } from '../text/severity.js';
import { monthAt, readIso, TimeReading } from '../text/time.js';
import { writeTime } from '../text/values.js';
import { accountingTable, keyAs, keyField, keyTable, READ } from './keys.js';

const HEADER_BYTES_MAX = 96;
const KEY_BYTES_MAX = 80;
const STEPS_MAX = 256;

const MEANINGS: readonly (readonly [category: string, meaning: MeaningName])[] = [
  ['CISE_Passed_Authentications', 'logon_ok'],
  ['CISE_Failed_Attempts', 'logon_fail'],
  ['CISE_RADIUS_Accounting', 'session'],
  ['CISE_TACACS_Accounting', 'command'],
  ['CISE_Administrative_and_Operational_Audit', 'update'],
];
const categories = new KeyTable(
  MEANINGS.map(([category, meaning]) => [category, meaningOf(meaning) + 1] as const),
);
/** Codes that mean something else than their category ("Cisco ISE Message Codes"). */
const CODES: readonly (readonly [code: string, meaning: MeaningName])[] = [
  ['51000', 'logon_fail'],
  ['51001', 'logon_ok'],
  ['51002', 'logoff'],
  ['51003', 'logoff'],
  ['52000', 'create'],
  ['52001', 'update'],
  ['52002', 'delete'],
];
const codes = new KeyTable(CODES.map(([code, meaning]) => [code, meaningOf(meaning) + 1] as const));
const BASE = meaningOf('base');
const SESSION = meaningOf('session');

const event = new CiscoEvent();
const reading = new TimeReading();
/** Start and end of each Step, and of each StepData. */
const steps = new Int32Array(2 * STEPS_MAX);
const stepData = new Int32Array(2 * STEPS_MAX);
const state = { meaning: 0, activity: -1, steps: 0, stepData: 0, hasUser: false, isSignIn: false };

export const ciscoIse: Pack = {
  name: 'cisco_ise',
  version: '1',
  summary: 'Cisco ISE authentications, accounting, audits and posture, with their segments.',
  detect: (bytes, start, end) => findCategory(bytes, start, end) >= 0,
  parse,
};

/** Position of `CISE_`, at the start or behind a second header that a relay left; -1 for none. */
function findCategory(bytes: Uint8Array, start: number, end: number): number {
  if (startsWith(bytes, start, end, 'CISE_')) return start;
  if (monthAt(bytes, start, end) === 0) return -1;
  const stop = Math.min(end, start + HEADER_BYTES_MAX);
  for (let position = start; position < stop; position++)
    if (bytes[position] === SPACE && startsWith(bytes, position + 1, end, 'CISE_'))
      return position + 1;
  return -1;
}

function parse(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  const last = trimEnd(bytes, start, end);
  const first = findCategory(bytes, start, last);
  if (first < 0) return 'no';
  const categoryEnd = find(bytes, SPACE, first, last);
  const id = skipSpaces(bytes, categoryEnd, last);
  const idEnd = digitsEnd(bytes, id, last);
  const total = skipSpaces(bytes, idEnd, last);
  const totalEnd = digitsEnd(bytes, total, last);
  const segment = skipSpaces(bytes, totalEnd, last);
  const segmentEnd = digitsEnd(bytes, segment, last);
  if (idEnd === id || totalEnd === total || segmentEnd === segment) return 'no';
  event.begin(batch, row, out);
  state.meaning = BASE;
  state.activity = -1;
  state.steps = 0;
  state.stepData = 0;
  state.hasUser = false;
  out.code(row, FIELD.metadata_product_vendor_name, 'Cisco');
  out.code(row, FIELD.metadata_product_name, 'ISE');
  out.span(row, FIELD.metadata_log_name, first, categoryEnd);
  // Segments of one message share their id.
  out.span(row, FIELD.metadata_correlation_uid, id, idEnd);
  event.typed.unmapped('total_segments', total, totalEnd);
  event.typed.unmapped('segment', segment, segmentEnd);
  if (first > start) hostBefore(bytes, row, start, first, out);
  let position = skipSpaces(bytes, segmentEnd, last);
  const isFirst = bytes[segment] === 0x30 && segmentEnd - segment === 1;
  if (isFirst) {
    const meaning = categories.lookup(bytes, first, categoryEnd);
    if (meaning !== 0) state.meaning = meaning - 1;
    position = readHead(batch, row, position, last, out);
  }
  state.isSignIn = classOf(state.meaning) === AUTHENTICATION;
  event.setMeaning(state.meaning);
  readPairs(bytes, row, position, last, out);
  join('Step', steps, state.steps, bytes, out);
  join('StepData', stepData, state.stepData, bytes, out);
  event.settle(state.meaning, state.activity);
  return 'parsed';
}

/** The name in front of the category. */
function hostBefore(
  bytes: Uint8Array,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): void {
  let stop = end;
  while (stop > start && bytes[stop - 1] === SPACE) stop--;
  let first = stop;
  while (first > start && bytes[first - 1] !== SPACE) first--;
  if (first > start && isLetter(bytes[first] as number))
    out.span(row, FIELD.device_hostname, first, stop);
}

/** `2026-03-01 12:00:00.000 +00:00 0000000001 5200 NOTICE Class: text, `. Position behind it. */
function readHead(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): number {
  const { bytes } = batch;
  if (readIso(bytes, start, end, reading) === 'none') return start;
  let position = skipSpaces(bytes, reading.end, end);
  if (!reading.hasZone && (bytes[position] === 0x2b || bytes[position] === 0x2d)) {
    const zoneEnd = find(bytes, SPACE, position, end);
    addZone(bytes, position, zoneEnd);
    position = skipSpaces(bytes, zoneEnd, end);
  }
  const offset = start - (batch.offsets[row] as number);
  if (reading.verdict === 'valid') {
    if (!reading.hasZone) out.mark(row, MARK.timestamp_zone_assumed, offset);
    writeTime(batch, row, reading.us, offset, out);
  } else out.mark(row, MARK.timestamp_invalid, offset);
  const sequenceEnd = digitsEnd(bytes, position, end);
  event.typed.named(AS.unsigned, FIELD.metadata_sequence, 'sequence', position, sequenceEnd);
  position = skipSpaces(bytes, sequenceEnd, end);
  const codeEnd = digitsEnd(bytes, position, end);
  out.span(row, FIELD.metadata_event_code, position, codeEnd);
  const meaning = codes.lookup(bytes, position, codeEnd);
  if (meaning !== 0) state.meaning = meaning - 1;
  position = skipSpaces(bytes, codeEnd, end);
  const levelEnd = find(bytes, SPACE, position, end);
  const severity = severityIdOf(bytes, position, levelEnd);
  if (severity !== 0) out.number(row, FIELD.severity_id, severity);
  out.span(row, FIELD.severity, position, levelEnd);
  position = skipSpaces(bytes, levelEnd, end);
  const stop = valueEnd(bytes, position, end);
  out.span(row, FIELD.message, position, stop);
  const colon = find(bytes, COLON, position, stop);
  if (colon < stop) event.typed.unmapped('message_class', position, colon);
  return Math.min(stop + 1, end);
}

/** A zone apart from the clock: ` +02:00`. */
function addZone(bytes: Uint8Array, start: number, end: number): void {
  const digit = (at: number): number => (bytes[at] as number) - 0x30;
  const isWhole = end - start === 6 && bytes[start + 3] === COLON;
  if (!isWhole) return;
  const hours = digit(start + 1) * 10 + digit(start + 2);
  const minutes = digit(start + 4) * 10 + digit(start + 5);
  if (!(hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59)) return;
  reading.hasZone = true;
  reading.zoneMinutes = (bytes[start] === 0x2d ? -1 : 1) * (hours * 60 + minutes);
  reading.settle();
}

function readPairs(
  bytes: Uint8Array,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): void {
  let position = start;
  while (position < end) {
    position = skipSpaces(bytes, position, end);
    const stop = valueEnd(bytes, position, end);
    const equals = find(bytes, EQUALS, position, Math.min(stop, position + KEY_BYTES_MAX));
    if (at(bytes, equals, stop) === EQUALS && equals > position)
      pair(bytes, row, position, equals, equals + 1, stop, out);
    else if (stop > position) event.typed.unmapped('text', position, stop);
    position = stop + 1;
  }
}

/** The comma that ends a value: not an escaped one, and none in braces. */
function valueEnd(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  for (let position = start; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte === BACKSLASH) position++;
    else if (byte === OPEN_BRACE) depth++;
    else if (byte === CLOSE_BRACE) depth = Math.max(0, depth - 1);
    else if (byte === COMMA && depth === 0) return position;
  }
  return end;
}

function pair(
  bytes: Uint8Array,
  row: number,
  keyStart: number,
  keyEnd: number,
  first: number,
  last: number,
  out: ColumnWriter,
): void {
  let start = skipSpaces(bytes, first, last);
  let end = trimEnd(bytes, start, last);
  if (start >= end) return;
  const key = keyTable.lookup(bytes, keyStart, keyEnd);
  const as = keyAs[key] as number;
  if (as === READ.step || as === READ.stepData) {
    keepStep(as, start, end);
    return;
  }
  const isText = as === 0 || as === AS.text;
  if (isText && find(bytes, BACKSLASH, start, end) < end) {
    const from = out.scratch.position;
    unescaped(bytes, start, end, out);
    start = from;
    end = out.scratch.position;
  }
  const field = keyField[key] as number;
  const isTaken = as !== 0 && as < READ.user && out.has(row, field);
  if (as === 0 || isTaken) out.unmapped(row, keyStart, keyEnd, start, end);
  else if (as < READ.user) event.typed.pair(as, field, keyStart, keyEnd, start, end);
  else special(bytes, row, as, keyStart, keyEnd, start, end, out);
}

function special(
  bytes: Uint8Array,
  row: number,
  as: number,
  keyStart: number,
  keyEnd: number,
  start: number,
  end: number,
  out: ColumnWriter,
): void {
  if (as === READ.user) {
    if (state.hasUser) out.unmapped(row, keyStart, keyEnd, start, end);
    else event.user(start, end);
    state.hasUser = true;
  } else if (as === READ.actor) {
    // Who signs in as an administrator is the user of that sign-in.
    event.user(start, end);
  } else if (as === READ.station) {
    // The station is a MAC address on a LAN and an address of a VPN client.
    const field = isIp(bytes, start, end) ? FIELD.src_endpoint_ip : FIELD.src_endpoint_mac;
    const kind = field === FIELD.src_endpoint_ip ? AS.ip : AS.mac;
    if (out.has(row, field) || !event.typed.put(kind, field, start, end))
      out.unmapped(row, keyStart, keyEnd, start, end);
  } else if (as === READ.session) {
    // Accounting counts a session of the network; elsewhere it is one of the user.
    const isAccounting = state.meaning === SESSION;
    const field = isAccounting ? FIELD.connection_info_uid : FIELD.session_uid;
    const isOfKind = isAccounting === startsWith(bytes, keyStart, keyEnd, 'Acct');
    const mayHave = isAccounting || state.isSignIn;
    if (isOfKind && mayHave && !out.has(row, field)) out.span(row, field, start, end);
    else out.unmapped(row, keyStart, keyEnd, start, end);
  } else {
    const activity = accountingTable.lookup(bytes, start, end);
    if (state.meaning === SESSION && activity !== 0) state.activity = activity;
    out.unmapped(row, keyStart, keyEnd, start, end);
  }
}

/** `\,` and the like: the backslash goes (ISE escapes its own separators). */
function unescaped(bytes: Uint8Array, start: number, end: number, out: ColumnWriter): void {
  for (let i = start; i < end; i++) {
    if (bytes[i] === BACKSLASH && i + 1 < end && isSeparator(bytes[i + 1] as number)) i++;
    out.scratch.byte(bytes[i] as number);
  }
}

const isSeparator = (byte: number): boolean =>
  byte === COMMA ||
  byte === EQUALS ||
  byte === BACKSLASH ||
  byte === OPEN_BRACE ||
  byte === CLOSE_BRACE ||
  byte === 0x3b;

function keepStep(as: number, start: number, end: number): void {
  const list = as === READ.step ? steps : stepData;
  const count = as === READ.step ? state.steps : state.stepData;
  if (count >= STEPS_MAX) return;
  list[2 * count] = start;
  list[2 * count + 1] = end;
  if (as === READ.step) state.steps++;
  else state.stepData++;
}

/** An attribute that comes once for each step: its values with commas between them. */
function join(
  name: string,
  list: Int32Array,
  count: number,
  bytes: Uint8Array,
  out: ColumnWriter,
): void {
  if (count === 0) return;
  const { scratch } = out;
  const from = scratch.position;
  for (let i = 0; i < count; i++) {
    if (i > 0) scratch.byte(COMMA);
    scratch.copy(bytes, list[2 * i] as number, list[2 * i + 1] as number);
  }
  event.typed.unmapped(name, from, scratch.position);
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && isDigit(bytes[position] as number)) position++;
  return position;
}

// F5 BIG-IP: messages with a code (`01260013:4: SSL Handshake failed ...`) and those of its parts
// without one, and lists of key="value" of Advanced WAF, the network firewall and iRules.
import { type ColumnWriter, FIELD, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { TextEvents } from '../common/text-events.js';
import { TypedWriter } from '../common/typed-writer.js';
import type { Pack } from '../pack.js';
import {
  at,
  COLON,
  COMMA,
  EQUALS,
  find,
  isDigit,
  isHexDigit,
  isLetter,
  QUOTE,
  SLASH,
  SPACE,
  skipSpaces,
  startsWith,
  trimEnd,
  ZERO,
} from '../text/ascii.js';
import { SEVERITY_ID_BY_CODE } from '../text/severity.js';
import { writeClass } from '../text/values.js';
import { keyTable, markerTable } from './keys.js';
import { F5List } from './list.js';
import { holes, rows } from './messages.js';

const AUTHENTICATION = 3002;
const CODE_BYTES = 8;
const KEY_BYTES_MAX = 40;
/** Most have eight hex digits; leading zeros are left out. */
const SESSION_DIGITS_MIN = 5;
const HOST_BYTES_MAX = 255;
const events = new TextEvents(holes, rows);
const list = new F5List();
const typed = new TypedWriter();

export const f5Bigip: Pack = {
  name: 'f5_bigip',
  version: '1',
  summary: 'F5 BIG-IP: LTM, Advanced WAF (ASM), APM, AFM, DNS, audit and iRules that log.',
  tags: [
    ...['tmm', 'tmm1', 'tmm2', 'tmm3', 'tmm4', 'tmm5', 'tmm6', 'tmm7', 'mcpd', 'bigd', 'apmd'],
    ...['tmsh', 'gtmd', 'big3d', 'pam_audit', 'ASM', 'audit_forwarder', 'sod', 'lind', 'chmand'],
  ],
  detect,
  parse,
  rule: () => (isList ? 'list of keys' : events.lastPattern),
};

/** Whether the last event was a list. */
let isList = false;

function detect(bytes: Uint8Array, start: number, end: number): boolean {
  const first = at(bytes, start, end);
  if (isHexDigit(first) && isCoded(bytes, start, end)) return true;
  switch (first) {
    case 0x52: // R
      return startsWith(bytes, start, end, 'Rule /');
    case SLASH:
      return sessionEnd(bytes, start, end) > 0;
    case 0x5b: // [
      return startsWith(bytes, start, end, '[ssl_');
    case 0x70: // p
      if (startsWith(bytes, start, end, 'pam_bigip_authz')) return true;
      break;
    default:
  }
  return listStart(bytes, start, end) >= 0;
}

/** `01260013:4: `. */
function isCoded(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + CODE_BYTES + 3 > end || bytes[start + CODE_BYTES] !== COLON) return false;
  const level = bytes[start + CODE_BYTES + 1] as number;
  if (level < ZERO || level > 0x37 || bytes[start + CODE_BYTES + 2] !== COLON) return false;
  for (let i = start; i < start + CODE_BYTES; i++)
    if (!isHexDigit(bytes[i] as number)) return false;
  return true;
}

/**
 * Where a list begins: at its first key, or behind a host name and a comma as iRules have it that
 * send without a header. -1 when there is none with a key of BIG-IP's own in its first pairs.
 */
function listStart(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  const limit = Math.min(end, start + HOST_BYTES_MAX);
  let stop = position;
  while (stop < limit && isKeyByte(bytes[stop] as number)) stop++;
  if (at(bytes, stop, end) === COMMA) {
    position = stop + 1;
    if (bytes[position] !== 0x66) return -1;
    return startsWith(bytes, position, end, 'f5_') ? position : -1;
  }
  if (stop === position || at(bytes, stop, end) !== EQUALS) return -1;
  if (stop - position > KEY_BYTES_MAX) return -1;
  if (markerTable.lookup(bytes, position, stop) !== 0) return position;
  // ASM's fields can be chosen and put in any order: then all of its lists are quoted.
  const isKnown = keyTable.lookup(bytes, position, stop) !== 0;
  return isKnown && at(bytes, stop + 1, end) === QUOTE ? position : -1;
}

const isKeyByte = (byte: number): boolean =>
  isLetter(byte) || isDigit(byte) || byte === 0x5f || byte === 0x2d || byte === 0x2e;

function parse(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  const first = skipSpaces(bytes, start, end);
  const last = trimEnd(bytes, first, end);
  if (first === last) return 'no';
  const from = listStart(bytes, first, last);
  isList = from >= 0;
  if (isList) return parseList(batch, row, first, from, last, out);
  typed.begin(batch, row, out);
  const isKnown = parseText(first, last);
  if (!isKnown) {
    out.rollbackRow(row);
    return 'no';
  }
  out.code(row, FIELD.metadata_product_vendor_name, 'F5');
  out.code(row, FIELD.metadata_product_name, 'BIG-IP');
  return 'parsed';
}

/** False when nothing of the text is BIG-IP's. */
function parseText(start: number, end: number): boolean {
  const { out, row, batch } = typed;
  const { bytes } = batch;
  let first = start;
  const hasCode = isCoded(bytes, first, end);
  if (hasCode) {
    const level = (bytes[first + CODE_BYTES + 1] as number) - ZERO;
    out.span(row, FIELD.metadata_event_code, first, first + CODE_BYTES);
    out.number(row, FIELD.severity_id, SEVERITY_ID_BY_CODE[level] as number);
    first = skipSpaces(bytes, first + CODE_BYTES + 3, end);
  }
  out.span(row, FIELD.message, first, end);
  const session = sessionEnd(bytes, first, end);
  if (session > 0) first = writeSession(first, session, end);
  if (events.write(typed, first, end)) {
    finishText();
    return true;
  }
  writeClass(row, 0, 0, out);
  return hasCode || session > 0 || startsWith(bytes, first, end, 'audit_forwarder');
}

/** The session's id stands where its class has a place for it. */
function finishText(): void {
  const { out, row } = typed;
  if (sessionStop === 0 || out.numberAt(row, FIELD.class_uid) !== AUTHENTICATION) return;
  out.clearField(row, FIELD.actor_session_uid);
  out.span(row, FIELD.session_uid, sessionStart, sessionStop);
}

/** What sessionEnd and writeSession found. */
let sessionStart = 0;
let sessionStop = 0;

/**
 * `/Common/profile:Common:8c6be305: `, which APM puts in front: the position behind its colon, or
 * 0.
 */
function sessionEnd(bytes: Uint8Array, start: number, end: number): number {
  sessionStop = 0;
  if (at(bytes, start, end) !== SLASH) return 0;
  const space = find(bytes, SPACE, start, Math.min(end, start + HOST_BYTES_MAX));
  if (at(bytes, space, end) !== SPACE || bytes[space - 1] !== COLON) return 0;
  const first = find(bytes, COLON, start, space);
  const second = find(bytes, COLON, first + 1, space);
  const third = find(bytes, COLON, second + 1, space);
  if (third !== space - 1) return 0;
  for (let i = second + 1; i < third; i++) if (!isHexDigit(bytes[i] as number)) return 0;
  return third - second > SESSION_DIGITS_MIN ? space : 0;
}

/** Access profile, partition and session. Returns where the text goes on. */
function writeSession(start: number, stop: number, end: number): number {
  const { out, row, batch } = typed;
  const { bytes } = batch;
  const first = find(bytes, COLON, start, stop);
  const second = find(bytes, COLON, first + 1, stop);
  out.span(row, FIELD.policy_name, start, first);
  typed.unmapped('partition', first + 1, second);
  sessionStart = second + 1;
  sessionStop = stop - 1;
  out.span(row, FIELD.actor_session_uid, sessionStart, sessionStop);
  return skipSpaces(bytes, stop, end);
}

function parseList(
  batch: RawBatch,
  row: number,
  start: number,
  from: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  list.begin(batch, row, out);
  const isWhole = scan(batch.bytes, from, end);
  if (!list.hasMarker) {
    out.rollbackRow(row);
    return 'no';
  }
  if (from > start + 1) out.span(row, FIELD.device_hostname, start, from - 1);
  out.code(row, FIELD.metadata_product_vendor_name, 'F5');
  out.code(row, FIELD.metadata_product_name, 'BIG-IP');
  list.finish();
  return isWhole ? 'parsed' : 'partial';
}

/** `key="value",key=value`. False when a part of it is no pair. */
function scan(bytes: Uint8Array, start: number, end: number): boolean {
  let isWhole = true;
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte === COMMA || byte === SPACE) {
      position++;
      continue;
    }
    const equals = keyEndAt(bytes, position, end);
    if (equals < 0) {
      isWhole = false;
      list.typed.mark(MARK.key_value_invalid, position);
      position = find(bytes, COMMA, position, end);
      continue;
    }
    const keyStart = position;
    let valueStart = equals + 1;
    if (at(bytes, valueStart, end) !== QUOTE) {
      position = bareEnd(bytes, valueStart, end);
      list.pair(keyStart, equals, valueStart, position);
      continue;
    }
    valueStart++;
    const stop = quotedEnd(bytes, valueStart, end);
    if (stop === end) {
      isWhole = false;
      list.typed.mark(MARK.key_value_invalid, valueStart - 1);
    }
    list.pair(keyStart, equals, valueStart, stop);
    position = stop + 1;
  }
  return isWhole;
}

function keyEndAt(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + KEY_BYTES_MAX);
  let stop = start;
  while (stop < limit && isKeyByte(bytes[stop] as number)) stop++;
  return stop > start && at(bytes, stop, end) === EQUALS ? stop : -1;
}

/** A bare value ends at a comma with another key behind it. */
function bareEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    if (bytes[i] !== COMMA) continue;
    if (i + 1 === end || keyEndAt(bytes, i + 1, end) > 0) return i;
  }
  return end;
}

/**
 * A quote closes where a comma and a key, or the end, follow: values hold quotes of their own,
 * which are doubled or not.
 */
function quotedEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    if (bytes[i] !== QUOTE) continue;
    if (i + 1 === end) return i;
    if (bytes[i + 1] !== COMMA) continue;
    const next = skipSpaces(bytes, i + 2, end);
    if (next === end || keyEndAt(bytes, next, end) > 0) return i;
  }
  return end;
}

// Linux audit log, as auditd writes it, as its plug-ins send it to syslog, and as the kernel logs
// it without auditd: `type=SYSCALL msg=audit(1772316855.123:4711): arch=c000003e syscall=59 ...`,
// with `node=` in front or not, and enriched behind a group separator or not. One row a record;
// those of one event have the same metadata.correlation_uid, and the view auditd_events joins
// them.
import { type ColumnWriter, FIELD, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { AS } from '../common/typed-writer.js';
import { behindUptime } from '../linux/netfilter.js';
import type { Pack } from '../pack.js';
import {
  APOSTROPHE,
  at,
  COLON,
  EQUALS,
  find,
  isDigit,
  QUOTE,
  SPACE,
  skipSpaces,
  startsWith,
  trimEnd,
} from '../text/ascii.js';
import { AuditRecord } from './record.js';
import { nameOfNumber } from './records.js';

const GROUP_SEPARATOR = 0x1d;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const TYPE_BYTES_MAX = 48;
const NODE_BYTES_MAX = 260;
const record = new AuditRecord();

export const linuxAudit: Pack = {
  name: 'linux_audit',
  version: '1',
  summary: 'Linux audit records: system calls, programs, files, sign-in, accounts, SELinux.',
  tags: ['audit', 'audispd', 'audisp-syslog', 'auditd'],
  detect(bytes, start, end) {
    const first = at(bytes, start, end);
    if (first !== 0x74 && first !== 0x6e && first !== 0x61 && first !== 0x5b) return false;
    return headAt(bytes, start, end) >= 0;
  },
  parse,
};

/** What headAt found. */
let nodeStart = 0;
let nodeEnd = 0;
let typeStart = 0;
let typeEnd = 0;

/** Position of `audit(`, with `type=` and maybe `node=` in front of it; -1 when there is none. */
function headAt(bytes: Uint8Array, start: number, end: number): number {
  let position = behindUptime(bytes, start, end);
  nodeStart = 0;
  nodeEnd = 0;
  if (startsWith(bytes, position, end, 'audit: ')) position += 7;
  if (startsWith(bytes, position, end, 'node=')) {
    nodeStart = position + 5;
    nodeEnd = find(bytes, SPACE, nodeStart, Math.min(end, nodeStart + NODE_BYTES_MAX));
    position = nodeEnd + 1;
  }
  if (!startsWith(bytes, position, end, 'type=')) return -1;
  typeStart = position + 5;
  typeEnd = find(bytes, SPACE, typeStart, Math.min(end, typeStart + TYPE_BYTES_MAX));
  let head = typeEnd + 1;
  if (startsWith(bytes, head, end, 'msg=')) head += 4;
  return startsWith(bytes, head, end, 'audit(') ? head + 5 : -1;
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
  const open = headAt(bytes, skipSpaces(bytes, start, last), last);
  if (open < 0) return 'no';
  const close = find(bytes, CLOSE_PARENTHESIS, open, last);
  const colon = find(bytes, COLON, open, close);
  if (close === last || colon === close) return 'no';
  record.begin(batch, row, out);
  const { typed } = record;
  out.code(row, FIELD.metadata_product_name, 'Linux Audit');
  out.code(row, FIELD.metadata_product_vendor_name, 'Linux');
  typed.named(AS.epoch, FIELD.time, 'time', open + 1, colon);
  out.span(row, FIELD.metadata_correlation_uid, open + 1, close);
  if (nodeEnd > nodeStart) out.span(row, FIELD.device_hostname, nodeStart, nodeEnd);
  writeType(bytes, row, out);
  let first = close + 1;
  if (at(bytes, first, last) === COLON) first++;
  first = skipSpaces(bytes, first, last);
  out.span(row, FIELD.message, start, last);
  if (record.isAvc) first = readAccess(bytes, first, last);
  scan(bytes, first, last);
  record.finish();
  return 'parsed';
}

function writeType(bytes: Uint8Array, row: number, out: ColumnWriter): void {
  const name = isDigit(at(bytes, typeStart, typeEnd))
    ? nameOfNumber(bytes, typeStart, typeEnd)
    : '';
  if (name === '') {
    out.span(row, FIELD.metadata_event_code, typeStart, typeEnd);
    record.setType(bytes, typeStart, typeEnd);
    return;
  }
  // The kernel's number, as the name that auditd gives it.
  const span = out.scratch.constant(name);
  out.span(row, FIELD.metadata_event_code, span.start, span.end);
  record.typed.unmapped('type', typeStart, typeEnd);
  const view = out.scratch.view();
  const shift = bytes.length;
  record.setType(view, span.start - shift, span.end - shift);
}

/** `avc:  denied  { read } for  pid=...`. Returns where the pairs begin. */
function readAccess(bytes: Uint8Array, start: number, end: number): number {
  if (!startsWith(bytes, start, end, 'avc:')) return start;
  const resultStart = skipSpaces(bytes, start + 4, end);
  const resultEnd = find(bytes, SPACE, resultStart, end);
  const open = skipSpaces(bytes, resultEnd, end);
  if (at(bytes, open, end) !== OPEN_BRACE) return start;
  const close = find(bytes, CLOSE_BRACE, open, end);
  const first = skipSpaces(bytes, open + 1, close);
  record.access(resultStart, resultEnd, first, trimEnd(bytes, first, close));
  let next = skipSpaces(bytes, Math.min(close + 1, end), end);
  if (startsWith(bytes, next, end, 'for ')) next = skipSpaces(bytes, next + 4, end);
  return next;
}

/** Pairs, also those inside `msg='...'` and behind the group separator. */
function scan(bytes: Uint8Array, start: number, end: number): void {
  let position = start;
  // A pair is given on when the next one begins: a bare value can go on with words.
  let keyStart = 0;
  let keyEnd = 0;
  let valueStart = 0;
  let valueEnd = 0;
  let isQuoted = false;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte === SPACE || byte === GROUP_SEPARATOR || byte === APOSTROPHE) {
      position++;
      continue;
    }
    const equals = keyEndAt(bytes, position, end);
    if (equals < 0) {
      const stop = wordEnd(bytes, position, end);
      if (keyEnd > 0 && !isQuoted) valueEnd = stop;
      position = Math.max(stop, position + 1);
      continue;
    }
    if (keyEnd > 0) record.pair(keyStart, keyEnd, valueStart, valueEnd, isQuoted);
    keyStart = byte === OPEN_PARENTHESIS ? position + 1 : position;
    keyEnd = equals;
    valueStart = equals + 1;
    isQuoted = at(bytes, valueStart, end) === QUOTE;
    if (at(bytes, valueStart, end) === APOSTROPHE) {
      // What a program said stands in apostrophes: pairs of their own.
      keyEnd = 0;
      position = valueStart + 1;
    } else if (isQuoted) {
      valueStart++;
      valueEnd = find(bytes, QUOTE, valueStart, end);
      position = valueEnd + 1;
    } else if (at(bytes, valueStart, end) === OPEN_BRACE) {
      // `SADDR={ saddr_fam=inet laddr=192.0.2.1 lport=443 }`.
      valueEnd = Math.min(end, find(bytes, CLOSE_BRACE, valueStart, end) + 1);
      position = valueEnd;
    } else {
      valueEnd = wordEnd(bytes, valueStart, end);
      position = valueEnd;
    }
  }
  if (keyEnd > 0) record.pair(keyStart, keyEnd, valueStart, valueEnd, isQuoted);
}

/** Position of the `=` behind the key at `start`, or -1. */
function keyEndAt(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === EQUALS) return i > start ? i : -1;
    if (byte === SPACE || byte === QUOTE || byte === APOSTROPHE) return -1;
    if (byte === GROUP_SEPARATOR) return -1;
  }
  return -1;
}

/** End of a bare value. Old versions write lists in parentheses, with commas. */
function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  let stop = start;
  while (stop < end) {
    const byte = bytes[stop] as number;
    if (byte === SPACE || byte === APOSTROPHE || byte === GROUP_SEPARATOR) break;
    stop++;
  }
  const last = stop > start ? bytes[stop - 1] : 0;
  const isList = last === 0x2c || (last === CLOSE_PARENTHESIS && bytes[start] !== OPEN_PARENTHESIS);
  return isList ? stop - 1 : stop;
}

// Cisco IOS, IOS XE, IOS XR and NX-OS: `%FACILITY[-SUBFACILITY]-SEVERITY-MNEMONIC: text`, with what
// these put before it: sequence number, host, time with a mark for an unsure clock, node, process.
import { type ColumnWriter, FIELD, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { CiscoEvent } from '../cisco/event.js';
import { readGeneric } from '../cisco/generic.js';
import { meaningOf } from '../cisco/meanings.js';
import { MessageTable } from '../cisco/message-table.js';
import { findPercent } from '../cisco/prefix.js';
import { TemplateSet } from '../cisco/template.js';
import { once } from '../common/once.js';
import type { Pack } from '../pack.js';
import { at, COLON, isDigit, isLetter, MINUS, SPACE, skipSpaces, trimEnd } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { SEVERITY_ID_BY_CODE } from '../text/severity.js';
import { MESSAGES } from './messages.js';
import { IosPrefix } from './prefix.js';

const FACILITY_BYTES_MAX = 64;
const BASE = meaningOf('base');
const DOLLAR = 0x24;

/** Facilities that only NX-OS has. */
const nexusFacilities = new KeyTable(
  'ETHPORT ETH_PORT_CHANNEL VSHD VPC ACLLOG DAEMON USER_ACCT ETH_PORT_SEC FEX-MGR VDC_MGR'
    .split(' ')
    .map((name) => [name, 1] as const),
);

const compiled = once(() => {
  const templates = new TemplateSet();
  const messages = new MessageTable(templates, [MESSAGES], {});
  templates.seal();
  return { templates, messages };
});
const event = new CiscoEvent();
const prefix = new IosPrefix();

/** What stands in front of the text, as readTag found it. */
const tag = {
  facilityStart: 0,
  facilityEnd: 0,
  severity: 0,
  nameStart: 0,
  nameEnd: 0,
  text: 0,
  isVdc: false,
};

export const ciscoIos: Pack = {
  name: 'cisco_ios',
  version: '1',
  summary: 'Cisco IOS, IOS XE, IOS XR and NX-OS system messages.',
  detect(bytes, start, end) {
    const percent = findPercent(bytes, start, end);
    return percent >= 0 && readTag(bytes, percent, end);
  },
  parse,
  rule,
};

function parse(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  const last = trimEnd(bytes, start, end);
  const percent = findPercent(bytes, start, last);
  if (percent < 0 || !readTag(bytes, percent, last)) return 'no';
  event.begin(batch, row, out);
  out.code(row, FIELD.metadata_product_vendor_name, 'Cisco');
  out.span(row, FIELD.metadata_log_name, tag.facilityStart, tag.facilityEnd);
  out.span(row, FIELD.metadata_event_code, tag.nameStart, tag.nameEnd);
  const level = tag.nameStart - 2;
  out.span(row, FIELD.severity, level, level + 1);
  out.number(row, FIELD.severity_id, SEVERITY_ID_BY_CODE[tag.severity] as number);
  out.span(row, FIELD.message, tag.text, last);
  prefix.read(batch, row, start, percent, event.typed, out);
  out.code(row, FIELD.metadata_product_name, productOf(bytes));
  const { templates, messages } = compiled();
  const message = messages.ids.lookup(bytes, tag.nameStart, tag.nameEnd);
  const meaning = message === 0 ? BASE : (messages.meanings[message - 1] as number);
  const text = prefix.readSlot(bytes, row, tag.text, last, event.typed, out);
  const isKnown = message !== 0 && messages.matches(templates, message, bytes, text, last);
  hasForm = isKnown;
  if (!isKnown) readGeneric(bytes, text, last, templates);
  event.write(templates, meaning);
  return 'parsed';
}

/** Whether a form of the message fitted the last event. */
let hasForm = false;

function rule({ bytes }: RawBatch): string {
  const name = String.fromCharCode(...bytes.subarray(tag.facilityStart, tag.nameEnd));
  return `${name}: ${hasForm ? compiled().messages.lastForm : 'no form fits; labelled values'}`;
}

/** IOS, where nothing tells one of its kin. */
function productOf(bytes: Uint8Array): string {
  if (prefix.hasNode) return 'IOS XR';
  if (tag.isVdc || nexusFacilities.lookup(bytes, tag.facilityStart, tag.facilityEnd) !== 0)
    return 'NX-OS';
  return 'IOS';
}

/** Reads `%SEC-6-IPACCESSLOGP: ` at `start` into `tag`. */
function readTag(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start + 1;
  // NX-OS: `%$VDC-1$ %ETHPORT-5-IF_UP:`.
  tag.isVdc = at(bytes, position, end) === DOLLAR;
  if (tag.isVdc) {
    const stop = Math.min(end, position + FACILITY_BYTES_MAX);
    while (position < stop && bytes[position] !== SPACE) position++;
    position = skipSpaces(bytes, position, end);
    if (at(bytes, position, end) !== 0x25) return false;
    position++;
  }
  tag.facilityStart = position;
  if (!isLetter(at(bytes, position, end))) return false;
  const limit = Math.min(end, position + FACILITY_BYTES_MAX);
  let level = -1;
  for (; position < limit; position++) {
    const byte = bytes[position] as number;
    if (byte === MINUS) {
      const digit = at(bytes, position + 1, end);
      if (digit >= 0x30 && digit <= 0x37 && at(bytes, position + 2, end) === MINUS) {
        level = position + 1;
        break;
      }
    } else if (!isNameByte(byte)) return false;
  }
  if (level < 0) return false;
  tag.facilityEnd = position;
  tag.severity = (bytes[level] as number) - 0x30;
  tag.nameStart = level + 2;
  position = tag.nameStart;
  // A number is a message of another kind of device, cut short.
  if (position - tag.facilityStart < 5 || !isLetter(at(bytes, position, end))) return false;
  while (position < end && (isNameByte(bytes[position] as number) || bytes[position] === MINUS))
    position++;
  if (position === tag.nameStart || position - tag.nameStart > 2 * FACILITY_BYTES_MAX) return false;
  tag.nameEnd = position;
  position = skipSpaces(bytes, position, end);
  const next = at(bytes, position, end);
  if (next === COLON) position++;
  else if (position === tag.nameEnd && next !== -1) return false;
  tag.text = skipSpaces(bytes, position, end);
  return true;
}

const isNameByte = (byte: number): boolean =>
  isLetter(byte) || isDigit(byte) || byte === 0x5f || byte === 0x2f;

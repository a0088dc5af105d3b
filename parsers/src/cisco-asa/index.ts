// Cisco firewalls: ASA, FTD, and before them PIX and FWSM. `%ASA-6-302013: text`, where the class
// of the message can stand in front of its level (EMBLEM): `%ASA-session-6-302013: text`.
import { type ColumnWriter, FIELD, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { CiscoEvent } from '../cisco/event.js';
import { readGeneric } from '../cisco/generic.js';
import { meaningOf } from '../cisco/meanings.js';
import { findPercent } from '../cisco/prefix.js';
import { TemplateSet } from '../cisco/template.js';
import { once } from '../common/once.js';
import type { Pack } from '../pack.js';
import {
  at,
  COLON,
  isDigit,
  isLetter,
  MINUS,
  skipSpaces,
  startsWith,
  trimEnd,
} from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { SEVERITY_ID_BY_CODE } from '../text/severity.js';
import { messageTable } from './messages.js';
import { SecurityEvent } from './security-event.js';

const PRODUCTS = ['ASA', 'FTD', 'PIX', 'FWSM', 'NGIPS', 'ACE', 'ASASM'];
/** What OCSF names the product; %NGIPS is what FTD writes in front of its security events. */
const PRODUCT_NAMES = ['ASA', 'FTD', 'PIX', 'FWSM', 'FTD', 'ACE', 'ASA'];
const products = new KeyTable(PRODUCTS.map((name, index) => [name, index + 1] as const));
const ID_DIGITS = 6;
const CLASS_BYTES_MAX = 24;
const BASE = meaningOf('base');

/**
 * Messages that relays strip of their id, and what tells them: of a text of these forms the id is
 * known to be one of few that mean the same.
 */
const BARE_IDS = '113019 113039 722051 722055 722022 722023 716001 716002 716038 716039 722041';

const compiled = once(() => {
  const templates = new TemplateSet();
  const messages = messageTable(templates);
  const bareMessages = [...BARE_IDS.split(' '), '717037', '722012'].map((id) => {
    const bytes = new TextEncoder().encode(id);
    return messages.ids.lookup(bytes, 0, bytes.length);
  });
  templates.seal();
  return { templates, messages, bareMessages };
});
const event = new CiscoEvent();
const securityEvent = new SecurityEvent(event);

/** What stands in front of the text, as readTag found it. */
const tag = { product: 0, severity: 0, classStart: 0, classEnd: 0, idStart: 0, textStart: 0 };

export const ciscoAsa: Pack = {
  name: 'cisco_asa',
  version: '1',
  summary: 'Cisco ASA, FTD, PIX and FWSM messages by their ids, and FTD security events.',
  detect(bytes, start, end) {
    const percent = findPercent(bytes, start, end);
    return percent < 0 ? isBare(bytes, start, end) : readTag(bytes, percent, end);
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
  if (percent < 0) return parseBare(batch, row, start, last, out);
  if (!readTag(bytes, percent, last)) return 'no';
  const { idStart, textStart } = tag;
  const idEnd = idStart + ID_DIGITS;
  event.begin(batch, row, out);
  out.code(row, FIELD.metadata_product_vendor_name, 'Cisco');
  out.code(row, FIELD.metadata_product_name, PRODUCT_NAMES[tag.product - 1] as string);
  out.span(row, FIELD.metadata_event_code, idStart, idEnd);
  out.span(row, FIELD.severity, idStart - 2, idStart - 1);
  out.number(row, FIELD.severity_id, SEVERITY_ID_BY_CODE[tag.severity] as number);
  if (tag.classEnd > 0) out.span(row, FIELD.metadata_log_name, tag.classStart, tag.classEnd);
  out.span(row, FIELD.message, textStart, last);
  if (isSecurityEvent(bytes, idStart)) {
    const kind = (bytes[idEnd - 1] as number) - 0x30;
    if (securityEvent.read(batch, row, kind, textStart, last, out)) {
      found = FOUND.securityEvent;
      return 'parsed';
    }
  }
  const message = compiled().messages.ids.lookup(bytes, idStart, idEnd);
  writeText(bytes, message, textStart, last);
  return 'parsed';
}

/** By the forms of the message; where none fits, what can be said of any text. */
function writeText(bytes: Uint8Array, message: number, start: number, end: number): void {
  const { templates, messages } = compiled();
  const meaning = message === 0 ? BASE : (messages.meanings[message - 1] as number);
  const isKnown = message !== 0 && messages.matches(templates, message, bytes, start, end);
  found = isKnown ? FOUND.form : message === 0 ? FOUND.noId : FOUND.noForm;
  if (!isKnown) readGeneric(bytes, start, end, templates);
  event.write(templates, meaning);
}

/** How the last event was read. */
const FOUND = { form: 0, noForm: 1, noId: 2, securityEvent: 3, bare: 4 } as const;
let found: (typeof FOUND)[keyof typeof FOUND] = FOUND.form;

function rule({ bytes }: RawBatch): string {
  const { messages } = compiled();
  if (found === FOUND.bare) return `without id: ${messages.lastForm}`;
  const id = String.fromCharCode(...bytes.subarray(tag.idStart, tag.idStart + ID_DIGITS));
  switch (found) {
    case FOUND.form:
      return `${id}: ${messages.lastForm}`;
    case FOUND.securityEvent:
      return `${id}: security event`;
    case FOUND.noForm:
      return `${id}: no form fits; labelled values`;
    default:
      return `${id}: no form known; labelled values`;
  }
}

/** 430001 to 430005. */
function isSecurityEvent(bytes: Uint8Array, start: number): boolean {
  const kind = (bytes[start + 5] as number) - 0x30;
  return kind >= 1 && kind <= 5 && startsWith(bytes, start, start + ID_DIGITS, '43000');
}

/** Reads `%ASA-6-302013: ` at `start` into `tag`. */
function readTag(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start + 1;
  while (position < end && isLetter(bytes[position] as number)) position++;
  if (position - start > 6 || at(bytes, position, end) !== MINUS) return false;
  tag.product = products.lookup(bytes, start + 1, position);
  if (tag.product === 0) return false;
  position++;
  tag.classEnd = 0;
  if (!isDigit(at(bytes, position, end))) {
    const stop = Math.min(end, position + CLASS_BYTES_MAX);
    tag.classStart = position;
    while (position < stop && isClassByte(bytes, position)) position++;
    tag.classEnd = position;
    if (at(bytes, position, end) !== MINUS) return false;
    position++;
  }
  tag.severity = at(bytes, position, end) - 0x30;
  if (tag.severity < 0 || tag.severity > 7 || at(bytes, position + 1, end) !== MINUS) return false;
  tag.idStart = position + 2;
  const idEnd = tag.idStart + ID_DIGITS;
  for (let i = tag.idStart; i < idEnd; i++) if (!isDigit(at(bytes, i, end))) return false;
  const next = at(bytes, idEnd, end);
  if (isDigit(next) || isLetter(next)) return false;
  tag.textStart = skipSpaces(bytes, next === COLON ? idEnd + 1 : idEnd, end);
  return true;
}

/** A letter, a hyphen inside of a word (`vpn-session`), or an underscore. */
function isClassByte(bytes: Uint8Array, position: number): boolean {
  const byte = bytes[position] as number;
  if (byte === MINUS) return isLetter(bytes[position + 1] as number);
  return isLetter(byte) || byte === 0x5f;
}

/** The text of a message whose id was taken off on its way. */
const isBare = (bytes: Uint8Array, start: number, end: number): boolean =>
  startsWith(bytes, start, end, 'Group <') ||
  startsWith(bytes, start, end, 'Group = ') ||
  startsWith(bytes, start, end, 'Tunnel group search using certificate maps');

function parseBare(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  if (!isBare(batch.bytes, start, end)) return 'no';
  const { templates, messages, bareMessages } = compiled();
  for (const message of bareMessages) {
    if (!messages.matches(templates, message, batch.bytes, start, end)) continue;
    found = FOUND.bare;
    event.begin(batch, row, out);
    out.code(row, FIELD.metadata_product_vendor_name, 'Cisco');
    out.span(row, FIELD.message, start, end);
    event.write(templates, messages.meanings[message - 1] as number);
    return 'parsed';
  }
  return 'no';
}

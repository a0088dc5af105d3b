// Cisco Meraki (MX, MR, MS): `1 1577880000.123456789 DEVICE TYPE text`, the text being pairs with a
// few words before or behind them. After Meraki's "Syslog Event Types and Log Samples".
import { type ColumnWriter, FIELD, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { readEndpoint } from '../cisco/endpoint.js';
import { CiscoEvent } from '../cisco/event.js';
import { MessageTable } from '../cisco/message-table.js';
import { TemplateSet } from '../cisco/template.js';
import { AS } from '../common/typed-writer.js';
import type { Pack } from '../pack.js';
import {
  APOSTROPHE,
  at,
  COLON,
  DOT,
  EQUALS,
  find,
  isDigit,
  isLetter,
  QUOTE,
  SPACE,
  skipSpaces,
  startsWith,
  trimEnd,
} from '../text/ascii.js';
import { isIp } from '../text/ip.js';
import { KeyTable } from '../text/key-table.js';
import { MerakiClass } from './classes.js';
import { keyAs, keyField, keyTable, READ, TEXTS } from './keys.js';

const EPOCH_DIGITS = 10;
const KEY_BYTES_MAX = 40;
const types = new KeyTable(
  (
    'flows firewall vpn_firewall cellular_firewall bridge_anyconnect_client_vpn_firewall ' +
    'l7_firewall urls ip_flow_start ip_flow_end ids-alerts security_event events ' +
    'airmarshal_events splash_auth device_packet_flood'
  )
    .split(' ')
    .map((name, index) => [name, index + 1] as const),
);

const templates = new TemplateSet();
const texts = new MessageTable(templates, [TEXTS], {});
templates.seal();
const textTable = new TextEncoder().encode('TEXT');
const text = texts.ids.lookup(textTable, 0, textTable.length);
const event = new CiscoEvent();
const classes = new MerakiClass(event);
const parts = { time: 0, timeEnd: 0, device: 0, deviceEnd: 0, type: 0, typeEnd: 0 };

export const ciscoMeraki: Pack = {
  name: 'cisco_meraki',
  version: '1',
  summary: 'Cisco Meraki flows, URLs, events, intrusion and Air Marshal messages.',
  detect: readParts,
  parse,
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
  if (!readParts(bytes, start, last)) return 'no';
  event.begin(batch, row, out);
  const type = types.lookup(bytes, parts.type, parts.typeEnd);
  out.code(row, FIELD.metadata_product_vendor_name, 'Cisco');
  out.code(row, FIELD.metadata_product_name, 'Meraki');
  out.span(row, FIELD.device_hostname, parts.device, parts.deviceEnd);
  out.span(row, FIELD.metadata_log_name, parts.type, parts.typeEnd);
  event.typed.named(AS.epoch, FIELD.time, 'timestamp', parts.time, parts.timeEnd);
  const textStart = skipSpaces(bytes, parts.typeEnd, last);
  classes.begin(type, bytes, row, out);
  readText(bytes, row, textStart, last, out);
  classes.finish();
  if (!out.has(row, FIELD.message)) out.span(row, FIELD.message, textStart, last);
  return 'parsed';
}

/** `1 `, seconds with a fraction, the device's name, a type that Meraki has. */
function readParts(bytes: Uint8Array, start: number, end: number): boolean {
  if (at(bytes, start, end) !== 0x31 || at(bytes, start + 1, end) !== SPACE) return false;
  let position = start + 2;
  parts.time = position;
  while (position < end && isDigit(bytes[position] as number)) position++;
  if (position - parts.time !== EPOCH_DIGITS || at(bytes, position, end) !== DOT) return false;
  position = find(bytes, SPACE, position, end);
  parts.timeEnd = position;
  parts.device = skipSpaces(bytes, position, end);
  parts.deviceEnd = find(bytes, SPACE, parts.device, end);
  parts.type = skipSpaces(bytes, parts.deviceEnd, end);
  parts.typeEnd = find(bytes, SPACE, parts.type, end);
  return types.lookup(bytes, parts.type, parts.typeEnd) !== 0;
}

function readText(
  bytes: Uint8Array,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): void {
  let position = start;
  let hasPair = false;
  while (position < end) {
    position = skipSpaces(bytes, position, end);
    if (position >= end) return;
    const keyEnd = keyEndAt(bytes, position, end);
    if (keyEnd < 0) {
      const stop = find(bytes, SPACE, position, end);
      if (!hasPair) {
        // A sentence: `dhcp lease of ip ...`; or a word that says what was done.
        if (position === start && matchText(bytes, position, end)) return;
        classes.word(position, stop);
      }
      position = stop;
      continue;
    }
    const isRest = bytes[keyEnd] === COLON;
    let first = isRest ? skipSpaces(bytes, keyEnd + 1, end) : keyEnd + 1;
    // `type= rogue_ssid_detected`: some releases write a space there.
    if (at(bytes, first, end) === SPACE && startsWith(bytes, position, end, 'type=')) first++;
    const quote = at(bytes, first, end);
    const isQuoted = !isRest && (quote === APOSTROPHE || quote === QUOTE);
    // `pattern: allow all` and `message: ...` go on to the end.
    let stop = isRest ? end : find(bytes, SPACE, first, end);
    if (isQuoted) stop = quotedEnd(bytes, ++first, end, quote);
    pair(bytes, row, position, keyEnd, first, stop, out);
    hasPair = true;
    position = isQuoted ? stop + 1 : stop;
  }
}

function matchText(bytes: Uint8Array, start: number, end: number): boolean {
  if (!texts.matches(templates, text, bytes, start, end)) return false;
  classes.sentence(templates, start, end);
  return true;
}

/** Position of `=` behind a key, or of `:` behind one of the words whose value is the rest. */
function keyEndAt(bytes: Uint8Array, start: number, end: number): number {
  const stop = Math.min(end, start + KEY_BYTES_MAX);
  for (let position = start; position < stop; position++) {
    const byte = bytes[position] as number;
    if (byte === EQUALS) return position > start ? position : -1;
    if (byte === COLON) {
      const key = keyTable.lookup(bytes, start, position);
      return (keyAs[key] as number) >= READ.rest ? position : -1;
    }
    if (!isLetter(byte) && !isDigit(byte) && byte !== 0x5f && byte !== 0x2d) return -1;
  }
  return -1;
}

/** The quote with a space or the end behind it: values hold quotes of their own. */
function quotedEnd(bytes: Uint8Array, start: number, end: number, quote: number): number {
  let position = start;
  while (position < end) {
    if (bytes[position] === quote && (position + 1 >= end || bytes[position + 1] === SPACE))
      return position;
    position++;
  }
  return end;
}

function pair(
  bytes: Uint8Array,
  row: number,
  keyStart: number,
  keyEnd: number,
  start: number,
  end: number,
  out: ColumnWriter,
): void {
  const key = keyTable.lookup(bytes, keyStart, keyEnd);
  const as = keyAs[key] as number;
  if (as === 0 || start >= end) {
    out.unmapped(row, keyStart, keyEnd, start, end);
    return;
  }
  if (as < READ.source) {
    const field = keyField[key] as number;
    if (out.has(row, field)) out.unmapped(row, keyStart, keyEnd, start, end);
    else event.typed.pair(as, field, keyStart, keyEnd, start, end);
    return;
  }
  if (as === READ.source || as === READ.destination) {
    // A MAC address where layer 2 is spoken of, else an address with a port.
    const side = as - READ.source;
    const mac = side === 0 ? FIELD.src_endpoint_mac : FIELD.dst_endpoint_mac;
    templates.count = 0;
    const stop = isMac(bytes, start, end) ? -1 : readEndpoint(bytes, start, end, side, templates);
    if (stop === end) classes.endpoint(templates);
    else event.typed.pair(AS.mac, mac, keyStart, keyEnd, start, end);
    return;
  }
  classes.special(as, keyStart, keyEnd, start, end);
}

const isMac = (bytes: Uint8Array, start: number, end: number): boolean =>
  end - start === 17 && bytes[start + 2] === COLON && !isIp(bytes, start, end);

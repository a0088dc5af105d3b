// Common Event Format (ArcSight, "CEF Implementation Standard"), version 0 and 1, of any vendor.
// Profiles that a pack knows better are given to it: PAN-OS,
// FortiGate and F5 BIG-IP.
import { type ColumnWriter, FIELD, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { LabelSink } from '../common/label-sink.js';
import { F5CefSink } from '../f5/cef-sink.js';
import { FortigateSink } from '../fortigate/sink.js';
import type { Pack } from '../pack.js';
import { PanosSink } from '../panos/sink.js';
import { typeTable } from '../panos/words.js';
import { at, COLON, isDigit, PIPE, skipSpaces, startsWith, trimEnd } from '../text/ascii.js';
import { GenericEvent } from './event.js';
import { PipedHeader } from './header.js';
import { cefKeys } from './keys.js';
import { scanPairs } from './scan.js';

/** Parts of the header behind `CEF:`. */
const PART = { version: 0, vendor: 1, product: 2, release: 3, code: 4, name: 5, level: 6 } as const;
const PARTS = 7;
const SPACE = 0x20;

const header = new PipedHeader();
const labels = new LabelSink();
const generic = new GenericEvent(cefKeys);
const panos = new PanosSink();
const fortigate = new FortigateSink();
const f5 = new F5CefSink();

export const cef: Pack = {
  name: 'cef',
  version: '1',
  summary:
    'Common Event Format of any vendor; the profiles of PAN-OS, FortiGate and BIG-IP in full.',
  detect: (bytes, start, end) => startOf(bytes, start, end) >= 0,
  parse,
};

/** Behind `CEF:`, -1 where the text does not begin with it and a version. */
function startOf(bytes: Uint8Array, start: number, end: number): number {
  let first = skipSpaces(bytes, start, end);
  // BIG-IP writes `ASM:CEF:0|`, and relays double what they put in front.
  const isDoubled = at(bytes, first + 3, end) === COLON && at(bytes, first + 7, end) === COLON;
  if (isDoubled && at(bytes, first + 4, end) === 0x43) first += 4;
  if (at(bytes, first, end) !== 0x43 || !startsWith(bytes, first, end, 'CEF:')) return -1;
  const version = skipSpaces(bytes, first + 4, end);
  const isVersion = isDigit(at(bytes, version, end)) && at(bytes, version + 1, end) === PIPE;
  return isVersion ? version : -1;
}

function parse(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  const first = startOf(bytes, start, end);
  if (first < 0) return 'no';
  const last = trimEnd(bytes, first, end);
  if (!header.read(bytes, first, last, PARTS)) return 'no';
  const faultAt = parseBy(batch, row, last, out);
  if (faultAt < 0) return 'parsed';
  out.mark(row, MARK.key_value_invalid, faultAt - (batch.offsets[row] as number));
  return 'partial';
}

/** By the profile of the vendor. Position of text that belongs to no key, or -1. */
function parseBy(batch: RawBatch, row: number, last: number, out: ColumnWriter): number {
  const { bytes } = batch;
  if (isPart(bytes, PART.vendor, 'Palo Alto Networks') && panosType(bytes) >= 0)
    return parsePanos(batch, row, last, out);
  if (isPart(bytes, PART.vendor, 'Fortinet')) {
    const faultAt = parseFortigate(batch, row, last, out);
    if (fortigate.event.facts.type !== 0) return faultAt;
    // Another product of the vendor.
    out.rollbackRow(row);
  }
  if (isPart(bytes, PART.vendor, 'F5')) return parseF5(batch, row, last, out);
  return parseGeneric(batch, row, last, out);
}

function parseF5(batch: RawBatch, row: number, last: number, out: ColumnWriter): number {
  const { bytes } = batch;
  generic.begin(batch, row, out);
  generic.severity(header.starts[PART.level] as number, header.ends[PART.level] as number);
  f5.begin(batch, row, out);
  header.code(bytes, row, PART.vendor, FIELD.metadata_product_vendor_name, out);
  header.code(bytes, row, PART.product, FIELD.metadata_product_name, out);
  header.span(bytes, row, PART.release, FIELD.metadata_product_version, out);
  header.span(bytes, row, PART.code, FIELD.metadata_event_code, out);
  header.span(bytes, row, PART.name, FIELD.message, out);
  labels.begin(batch, out, f5);
  const faultAt = scanPairs(batch, header.end, last, SPACE, true, out, labels);
  labels.finish();
  f5.list.finish();
  return faultAt;
}

function parseFortigate(batch: RawBatch, row: number, last: number, out: ColumnWriter): number {
  fortigate.begin(batch, row, out);
  labels.begin(batch, out, fortigate);
  const faultAt = scanPairs(batch, header.end, last, SPACE, true, out, labels);
  labels.finish();
  if (fortigate.event.facts.type === 0)
    fortigate.category(header.starts[PART.name] as number, header.ends[PART.name] as number);
  if (fortigate.event.facts.type === 0) return faultAt;
  header.span(batch.bytes, row, PART.release, FIELD.metadata_product_version, out);
  if (!out.has(row, FIELD.metadata_event_code))
    header.span(batch.bytes, row, PART.code, FIELD.metadata_event_code, out);
  fortigate.event.finish();
  return faultAt;
}

function isPart(bytes: Uint8Array, part: number, text: string): boolean {
  const start = header.starts[part] as number;
  const end = header.ends[part] as number;
  return end - start === text.length && startsWith(bytes, start, end, text);
}

function parseGeneric(batch: RawBatch, row: number, last: number, out: ColumnWriter): number {
  const { bytes } = batch;
  generic.begin(batch, row, out);
  header.code(bytes, row, PART.vendor, FIELD.metadata_product_vendor_name, out);
  header.code(bytes, row, PART.product, FIELD.metadata_product_name, out);
  header.span(bytes, row, PART.release, FIELD.metadata_product_version, out);
  header.span(bytes, row, PART.code, FIELD.metadata_event_code, out);
  generic.severity(header.starts[PART.level] as number, header.ends[PART.level] as number);
  labels.begin(batch, out, generic);
  const faultAt = scanPairs(batch, header.end, last, SPACE, true, out, labels);
  labels.finish();
  generic.finish();
  // The name is the text of an event that has no other.
  if (!out.has(row, FIELD.message)) header.span(bytes, row, PART.name, FIELD.message, out);
  else header.unmapped(bytes, row, PART.name, 'name', out);
  return faultAt;
}

/**
 * The part that has the type of log: the Strata Logging Service has it as class id and the subtype
 * as name; PAN-OS the other way round. -1 for neither.
 */
function panosType(bytes: Uint8Array): number {
  for (const part of [PART.code, PART.name]) {
    const start = header.starts[part] as number;
    // Types are in capitals here; in lower case `auth` and `userid` are subtypes of SYSTEM.
    const isUpper = (bytes[start] as number) < 0x61;
    if (isUpper && typeTable.lookup(bytes, start, header.ends[part] as number) !== 0) return part;
  }
  return -1;
}

/** PAN-OS counts its five words, from 1 informational to 5 critical; others are as CEF says. */
function panosSeverity(batch: RawBatch, row: number, isOfDevice: boolean, out: ColumnWriter): void {
  const start = header.starts[PART.level] as number;
  const end = header.ends[PART.level] as number;
  generic.begin(batch, row, out);
  generic.severity(start, end);
  const number = end - start === 1 ? (batch.bytes[start] as number) - 0x30 : 0;
  if (isOfDevice && number >= 1 && number <= 5) out.number(row, FIELD.severity_id, number);
}

function parsePanos(batch: RawBatch, row: number, last: number, out: ColumnWriter): number {
  const { bytes } = batch;
  panos.begin(batch, row, out);
  const { event } = panos;
  const typeAt = panosType(bytes);
  const subtypeAt = typeAt === PART.code ? PART.name : PART.code;
  event.setType(header.starts[typeAt] as number, header.ends[typeAt] as number);
  if (!header.isEmpty(subtypeAt))
    event.setSubtype(header.starts[subtypeAt] as number, header.ends[subtypeAt] as number);
  // The Strata Logging Service has its own version there.
  const isOfDevice = isPart(bytes, PART.product, 'PAN-OS');
  if (isOfDevice) header.span(bytes, row, PART.release, FIELD.metadata_product_version, out);
  labels.begin(batch, out, panos);
  const faultAt = scanPairs(batch, header.end, last, SPACE, true, out, labels);
  labels.finish();
  event.finish();
  if (!out.has(row, FIELD.severity_id)) panosSeverity(batch, row, isOfDevice, out);
  return faultAt;
}

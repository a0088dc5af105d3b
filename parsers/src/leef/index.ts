// Log Event Extended Format (IBM QRadar, "LEEF events"), versions 1.0 and 2.0, of any vendor. The
// profile of PAN-OS and the Strata Logging Service is given to its pack.
import { type ColumnWriter, FIELD, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { GenericEvent } from '../cef/event.js';
import { PipedHeader } from '../cef/header.js';
import { leefKeys } from '../cef/keys.js';
import { scanPairs } from '../cef/scan.js';
import type { Pack } from '../pack.js';
import { PanosSink } from '../panos/sink.js';
import {
  at,
  EQUALS,
  isHexDigit,
  PIPE,
  SPACE,
  skipSpaces,
  startsWith,
  TAB,
  trimEnd,
} from '../text/ascii.js';

/** Parts of the header behind `LEEF:`. */
const PART = { version: 0, vendor: 1, product: 2, release: 3, code: 4 } as const;
const PARTS = 5;

const header = new PipedHeader();
const generic = new GenericEvent(leefKeys);
const panos = new PanosSink();
/** Where the attributes start, behind a delimiter of version 2.0. */
let attributesAt = 0;

export const leef: Pack = {
  name: 'leef',
  version: '1',
  summary: 'Log Event Extended Format 1.0 and 2.0 of any vendor.',
  detect: (bytes, start, end) => startOf(bytes, start, end) >= 0,
  parse,
};

function startOf(bytes: Uint8Array, start: number, end: number): number {
  const first = skipSpaces(bytes, start, end);
  if (at(bytes, first, end) !== 0x4c || !startsWith(bytes, first, end, 'LEEF:')) return -1;
  const version = first + 5;
  const isVersion = at(bytes, version + 1, end) === 0x2e && at(bytes, version + 3, end) === PIPE;
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
  const delimiter = delimiterOf(bytes, last);
  const vendor = header.starts[PART.vendor] as number;
  const isPanos = startsWith(bytes, vendor, header.ends[PART.vendor] as number, 'Palo Alto ');
  let faultAt = -1;
  if (isPanos) faultAt = parsePanos(batch, row, last, delimiter, out);
  if (!isPanos || panos.event.facts.type === 0) {
    if (isPanos) out.rollbackRow(row);
    faultAt = parseGeneric(batch, row, last, delimiter, out);
  }
  if (faultAt < 0) return 'parsed';
  out.mark(row, MARK.key_value_invalid, faultAt - (batch.offsets[row] as number));
  return 'partial';
}

function parseGeneric(
  batch: RawBatch,
  row: number,
  last: number,
  delimiter: number,
  out: ColumnWriter,
): number {
  const { bytes } = batch;
  generic.begin(batch, row, out);
  header.code(bytes, row, PART.vendor, FIELD.metadata_product_vendor_name, out);
  header.code(bytes, row, PART.product, FIELD.metadata_product_name, out);
  header.span(bytes, row, PART.release, FIELD.metadata_product_version, out);
  header.span(bytes, row, PART.code, FIELD.metadata_event_code, out);
  const faultAt = scanPairs(batch, attributesAt, last, delimiter, false, out, generic);
  generic.finish();
  return faultAt;
}

/** `cat` has the type of log, and the event id is what was done. */
function parsePanos(
  batch: RawBatch,
  row: number,
  last: number,
  delimiter: number,
  out: ColumnWriter,
): number {
  panos.begin(batch, row, out);
  const { event } = panos;
  header.span(batch.bytes, row, PART.release, FIELD.metadata_product_version, out);
  const faultAt = scanPairs(batch, attributesAt, last, delimiter, false, out, panos);
  if (event.facts.type === 0) return faultAt;
  if (!out.has(row, FIELD.metadata_event_code))
    header.span(batch.bytes, row, PART.code, FIELD.metadata_event_code, out);
  event.finish();
  return faultAt;
}

/**
 * A tab, or what version 2.0 has behind the event id: a character, or its hexadecimal number behind
 * `x` or `0x`. Where that is missing, or the text has no tab, the attributes start at once.
 */
function delimiterOf(bytes: Uint8Array, end: number): number {
  attributesAt = header.end;
  const isVersion2 = bytes[header.starts[PART.version] as number] === 0x32;
  let delimiter = TAB;
  if (isVersion2) {
    let stop = header.end;
    while (stop < end && stop - header.end < 5 && bytes[stop] !== PIPE) stop++;
    if (stop < end && bytes[stop] === PIPE) {
      attributesAt = stop + 1;
      const named = character(bytes, header.end, stop);
      if (named > 0) delimiter = named;
    }
  }
  if (delimiter !== TAB) return delimiter;
  for (let i = attributesAt; i < end; i++) if (bytes[i] === TAB) return TAB;
  return SPACE;
}

/** 0 when the text is no delimiter. */
function character(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 1 && bytes[start] !== EQUALS) return bytes[start] as number;
  let digits = start;
  if (bytes[digits] === 0x30 && length > 2) digits++;
  if (((bytes[digits] as number) | 0x20) !== 0x78) return 0;
  let value = 0;
  for (let i = digits + 1; i < end; i++) {
    const byte = bytes[i] as number;
    if (!isHexDigit(byte)) return 0;
    value = value * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return value < 0x80 ? value : 0;
}

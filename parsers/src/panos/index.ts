// Palo Alto Networks PAN-OS in its default comma separated format, by syslog ("Syslog Field
// Descriptions" of the PAN-OS Administrator's Guide, 8.0 to 11.2), and as the Strata Logging
// Service forwards it.
import { type ColumnWriter, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import type { Pack } from '../pack.js';
import { at, COMMA, isDigit, QUOTE, SLASH, trimEnd } from '../text/ascii.js';
import { WordCopy } from '../text/words.js';
import { PanosEvent } from './event.js';
import { FIELD_COUNT_MIN, LAYOUT, LAYOUT_NAMES, TYPE } from './layouts.js';
import { layoutNumbers } from './names.js';
import { FieldSplitter } from './split.js';
import { typeTable } from './words.js';

const fields = new FieldSplitter();
const event = new PanosEvent();
const wordCopy = new WordCopy();
/** Where the type stands: in AUDIT, usually, and in GLOBALPROTECT of 9.1.0. */
const TYPE_AT = 3;
const TYPE_AT_AUDIT = 2;
const TYPE_AT_OLD = 5;

export const panosCsv: Pack = {
  name: 'panos_csv',
  version: '1',
  summary: 'Palo Alto Networks PAN-OS logs of all types, comma separated.',
  detect(bytes, start, end) {
    if (!isDigit(at(bytes, start, end))) return false;
    // `1,2026/` or, in AUDIT, `serial,2026/`; the Strata Logging Service has `1,2026-`.
    const stop = Math.min(end, start + 24);
    let comma = start;
    while (comma < stop && bytes[comma] !== COMMA) comma++;
    if (at(bytes, comma, end) !== COMMA || !isDigit(at(bytes, comma + 1, end))) return false;
    return isDate(bytes, comma + 1, end);
  },
  parse,
  rule,
};

/** `2026/`, `2026-`, or `2/28/`, which spreadsheets make of it. */
function isDate(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start + 1; i < start + 5; i++) {
    const byte = at(bytes, i, end);
    if (byte === SLASH) return true;
    if (byte === 0x2d) return i === start + 4;
    if (!isDigit(byte)) return false;
  }
  return false;
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
  fields.split(bytes, wordCopy.of(batch), start, last);
  const layout = layoutOf(bytes);
  if (layout === 0) return 'no';
  lastLayout = layout;
  event.begin(batch, row, out);
  const numbers = layoutNumbers[layout] as Uint16Array;
  const { starts, ends, doubled, count } = fields;
  const known = Math.min(count, numbers.length);
  // The first field is a constant of the format, and the type was looked up already.
  for (let i = layout === LAYOUT.audit ? 0 : 1; i < known; i++) {
    const from = starts[i] as number;
    const to = ends[i] as number;
    if (from >= to) continue;
    if (doubled[i] === 1) unquoted(bytes, numbers[i] as number, from, to, out);
    else event.value(numbers[i] as number, from, to);
  }
  for (let i = known; i < count; i++) extra(i);
  event.finish();
  return verdictOf(row, layout, start, last, out);
}

const WORD_BYTES_MAX = 64;
let lastLayout = 0;

/** Type and subtype as they stand there, and the layout that the fields were read by. */
function rule({ bytes }: RawBatch): string {
  const [layout = ''] = Object.entries(LAYOUT).find(([, number]) => number === lastLayout) ?? [];
  const places: Partial<Record<number, number>> = {
    [LAYOUT.audit]: TYPE_AT_AUDIT,
    [LAYOUT.globalprotectOld]: TYPE_AT_OLD,
  };
  const typeIndex = places[lastLayout] ?? TYPE_AT;
  const word = (index: number): string => {
    if (index >= fields.count) return '';
    const start = fields.starts[index] as number;
    const end = Math.min(fields.ends[index] as number, start + WORD_BYTES_MAX);
    return String.fromCharCode(...bytes.subarray(start, end));
  };
  const documented = (LAYOUT_NAMES[lastLayout] ?? []).length;
  return `${word(typeIndex)}/${word(typeIndex + 1)}, layout ${layout}: ${fields.count} fields, ${documented} documented`;
}

function verdictOf(
  row: number,
  layout: number,
  start: number,
  last: number,
  out: ColumnWriter,
): ParseVerdict {
  const base = event.typed.base;
  let verdict: ParseVerdict = 'parsed';
  if (fields.faultAt >= 0) {
    out.mark(row, MARK.value_invalid, fields.faultAt - base);
    verdict = 'partial';
  }
  if (fields.count < (FIELD_COUNT_MIN[layout] as number)) {
    out.mark(row, MARK.missing_field, Math.max(last, start) - base);
    verdict = 'partial';
  }
  return verdict;
}

/** LAYOUT of the type that stands in its place, 0 when there is none. */
function layoutOf(bytes: Uint8Array): number {
  const type = typeAt(bytes, TYPE_AT);
  if (type !== 0 && LAYOUT_NAMES[type]?.length !== 0)
    return type === LAYOUT.config && hasChange(bytes) ? LAYOUT.configWithChange : type;
  if (typeAt(bytes, TYPE_AT_AUDIT) === TYPE.audit) return LAYOUT.audit;
  return typeAt(bytes, TYPE_AT_OLD) === TYPE.globalprotect ? LAYOUT.globalprotectOld : 0;
}

function typeAt(bytes: Uint8Array, index: number): number {
  if (index >= fields.count) return 0;
  return typeTable.lookup(bytes, fields.starts[index] as number, fields.ends[index] as number);
}

/** CONFIG: action flags are the only hexadecimal number, in one of two places. */
function hasChange(bytes: Uint8Array): boolean {
  const flags = (LAYOUT_NAMES[LAYOUT.configWithChange] ?? []).indexOf('actionflags');
  const from = fields.starts[flags] as number;
  return fields.count > flags && bytes[from] === 0x30 && bytes[from + 1] === 0x78;
}

/** Each doubled quote is one. */
function unquoted(
  bytes: Uint8Array,
  name: number,
  from: number,
  to: number,
  out: ColumnWriter,
): void {
  const { scratch } = out;
  const first = scratch.position;
  for (let i = from; i < to; i++) {
    if (bytes[i] === QUOTE && i + 1 < to && bytes[i + 1] === QUOTE) i++;
    scratch.byte(bytes[i] as number);
  }
  event.value(name, first, scratch.position);
}

/** A field behind those that are documented: what it says is kept under its number. */
function extra(index: number): void {
  const from = fields.starts[index] as number;
  const to = fields.ends[index] as number;
  if (from < to) event.typed.unmapped(`field_${index + 1}`, from, to);
}

// Zeek's logs as its ASCII writer has them: columns between tabs. What the columns are stands in
// header lines, which are the context of the source, or in front of the row in the same event; or
// else the row has a layout that nothing but one log of Zeek has.
import { type ColumnWriter, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { contextOf } from '../common/run-context.js';
import type { Pack } from '../pack.js';
import { at, BACKSLASH, CR, DOT, isDigit, LF, TAB } from '../text/ascii.js';
import { type ColumnPlan, columnPlanOf, isAbsent, TYPE } from './columns.js';
import { unescape } from './escapes.js';
import { FORM, ZeekEvent } from './event.js';
import { standardPlanOf } from './layouts.js';
import { JSON_LIST } from './list-value.js';

const HASH = 0x23;
const TRUE = 0x54;
const FALSE = 0x46;
/** `1772366400.123456`: Zeek writes times with six digits behind the point. */
const POINT_AT = 10;
const TIME_BYTES = 17;
/** Longest header in front of a row in one event. */
const HEADER_BYTES_MAX = 32 * 1024;
const event = new ZeekEvent();
const decoder = new TextDecoder();

export const zeekTsv: Pack = {
  name: 'zeek_tsv',
  version: '1',
  summary: 'Zeek logs as columns between tabs, with their header lines.',
  detect(bytes, start, end) {
    if (at(bytes, start, end) === HASH) return isHeader(bytes, start, end);
    return (
      at(bytes, start + POINT_AT, end) === DOT &&
      at(bytes, start + TIME_BYTES, end) === TAB &&
      isDigit(at(bytes, start, end))
    );
  },
  parse,
};

/** `#separator`, or `#fields` and the like where someone cut the first line off. */
function isHeader(bytes: Uint8Array, start: number, end: number): boolean {
  const second = at(bytes, start + 1, end);
  return second === 0x73 || second === 0x66 || second === 0x70;
}

function parse(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  if (at(bytes, start, end) === HASH) return parseWithHeader(batch, row, start, end, out);
  const last = lineEnd(bytes, end, start);
  const context = contextOf(batch, row);
  const plan = context === '' ? standardPlanOf(bytes, start, last) : columnPlanOf(context);
  return plan === null ? 'no' : parseRow(plan, batch, row, start, last, out);
}

/** An event that brings its header lines along: they are the lines that begin with `#`. */
function parseWithHeader(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  let position = start;
  while (position < end && bytes[position] === HASH) {
    const newline = bytes.indexOf(LF, position);
    if (newline < 0 || newline >= end || newline - start > HEADER_BYTES_MAX) return 'no';
    position = newline + 1;
  }
  const header = decoder.decode(bytes.subarray(start, position - 1));
  const plan = columnPlanOf(header);
  if (plan === null || position >= end) return 'no';
  const newline = bytes.indexOf(LF, position);
  const rowEnd = newline < 0 || newline > end ? end : newline;
  if (!isCloseOnly(bytes, rowEnd, end)) return 'no';
  return parseRow(plan, batch, row, position, lineEnd(bytes, rowEnd, position), out);
}

/** Behind the row there may be `#close` and line ends, but no other row: it would be lost. */
function isCloseOnly(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start;
  while (position < end && (bytes[position] === LF || bytes[position] === CR)) position++;
  if (position < end && bytes[position] !== HASH) return false;
  const newline = position < end ? bytes.indexOf(LF, position) : -1;
  return newline < 0 || newline >= end || isCloseOnly(bytes, newline, end);
}

/** Tabs at the end are empty columns: only what ends a line is taken off. */
function lineEnd(bytes: Uint8Array, end: number, start: number): number {
  let last = end;
  while (last > start && (bytes[last - 1] === LF || bytes[last - 1] === CR)) last--;
  return last;
}

function parseRow(
  plan: ColumnPlan,
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  const { count, separator } = plan;
  // A text without a second column is none of these rows.
  const second = count > 1 ? bytes.indexOf(separator, start) : start;
  if (second < 0 || second >= end) return 'no';
  event.begin(batch, row, out, JSON_LIST);
  let column = 0;
  let position = start;
  while (position <= end && column < count) {
    let stop = position;
    let hasEscape = false;
    while (stop < end) {
      const byte = bytes[stop] as number;
      if (byte === separator) break;
      if (byte === BACKSLASH) hasEscape = true;
      stop++;
    }
    writeColumn(plan, column, bytes, position, stop, hasEscape, out);
    column++;
    position = stop + 1;
  }
  // Fewer columns than the header has, or more: whoever cut the row also moved its columns.
  const isWhole = column === count && position > end;
  if (!isWhole) {
    out.mark(row, MARK.missing_field, Math.min(position, end) - (batch.offsets[row] as number));
    if (position <= end) event.writer.unmapped('_rest', position, end);
  }
  event.finish(plan.log);
  return isWhole ? 'parsed' : 'partial';
}

function writeColumn(
  plan: ColumnPlan,
  column: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  hasEscape: boolean,
  out: ColumnWriter,
): void {
  if (isAbsent(plan, bytes, start, end)) return;
  const number = plan.numbers[column] as number;
  const type = plan.types[column] as number;
  let keyStart = -1;
  let keyEnd = -1;
  // A name that no log of the tables has.
  if (number === 0) {
    const key = out.scratch.constant(plan.names[column] as string);
    keyStart = key.start;
    keyEnd = key.end;
  }
  if (type === TYPE.list) {
    const form = plan.listForms[column];
    event.value(plan.log, number, keyStart, keyEnd, FORM.list, start, end, form);
  } else if (type === TYPE.literal) {
    event.value(plan.log, number, keyStart, keyEnd, FORM.literal, start, end);
  } else if (type === TYPE.truth && end - start === 1 && isTruth(bytes[start] as number)) {
    const word = out.scratch.constant(bytes[start] === TRUE ? 'true' : 'false');
    event.value(plan.log, number, keyStart, keyEnd, FORM.literal, word.start, word.end);
  } else if (hasEscape) {
    const from = out.scratch.position;
    unescape(bytes, start, end, out.scratch);
    event.value(plan.log, number, keyStart, keyEnd, FORM.text, from, out.scratch.position);
  } else event.value(plan.log, number, keyStart, keyEnd, FORM.text, start, end);
}

const isTruth = (byte: number): boolean => byte === TRUE || byte === FALSE;

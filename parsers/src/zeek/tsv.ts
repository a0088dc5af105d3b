// Zeek's logs as its ASCII writer has them: columns between tabs. What the columns are stands in
// header lines, which are the context of the source, or in front of the row in the same event; or
// else the row has a layout that nothing but one log of Zeek has.
import { type ColumnWriter, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { lineEnd, ownHeader, readOwnHeader } from '../common/own-header.js';
import { contextOf } from '../common/run-context.js';
import type { Pack } from '../pack.js';
import { at, BACKSLASH, DOT, isDigit, TAB } from '../text/ascii.js';
import { type ColumnPlan, columnPlanOf, isAbsent, TYPE } from './columns.js';
import { unescapeZeek } from './escapes.js';
import { FORM, ZeekEvent } from './event.js';
import { standardPlanOf } from './layouts.js';
import { JSON_LIST } from './list-value.js';
import { settle } from './settle.js';

const HASH = 0x23;
const TRUE = 0x54;
const FALSE = 0x46;
/** `1772366400.123456`: Zeek writes times with six digits behind the point. */
const POINT_AT = 10;
const TIME_BYTES = 17;
const event = new ZeekEvent();

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
  rule: () => `${event.logWords}, columns by ${columnsBy}`,
};

/** What named the columns of the last event. */
let columnsBy = '';

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
  if (at(bytes, start, end) === HASH) {
    if (!readOwnHeader(bytes, start, end)) return 'no';
    const own = columnPlanOf(ownHeader.header);
    if (own === null) return 'no';
    columnsBy = 'the header in front of the row';
    return parseRow(own, batch, row, ownHeader.start, ownHeader.end, out);
  }
  const last = lineEnd(bytes, start, end);
  const context = contextOf(batch, row);
  const plan = context === '' ? standardPlanOf(bytes, start, last) : columnPlanOf(context);
  columnsBy = context === '' ? 'the standard layout' : "the source's header";
  return plan === null ? 'no' : parseRow(plan, batch, row, start, last, out);
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
  settle(event, plan.log);
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
    unescapeZeek(bytes, start, end, out.scratch);
    event.value(plan.log, number, keyStart, keyEnd, FORM.text, from, out.scratch.position);
  } else event.value(plan.log, number, keyStart, keyEnd, FORM.text, start, end);
}

const isTruth = (byte: number): boolean => byte === TRUE || byte === FALSE;

// CSV with named columns (RFC 4180, and what others make of it: `;`, tab or `|` between columns).
// The names are those of the header line, which is the context of the source, or those that someone
// gave beforehand. What a column is follows from its name, as with JSON and key=value.
import {
  COLUMNS_PREFIX,
  type ColumnWriter,
  MARK,
  type ParseVerdict,
  type RawBatch,
} from '@weir/pipeline';
import { FieldWriter } from '../common/fields.js';
import { lineEnd, ownHeader, readOwnHeader } from '../common/own-header.js';
import { contextOf } from '../common/run-context.js';
import type { Pack } from '../pack.js';
import { at, find, QUOTE, startsWith } from '../text/ascii.js';

interface CsvPlan {
  readonly separator: number;
  /** Names one behind the other, and where each begins. */
  readonly names: Uint8Array;
  readonly starts: Uint32Array;
  readonly count: number;
}

const HASH = 0x23;
const SEPARATORS = [',', ';', '\t', '|'];
const PLANS_MAX = 256;
/** More columns are no header line. */
const COLUMNS_MAX = 1_024;
const encoder = new TextEncoder();
const fields = new FieldWriter();
const plans = new Map<string, CsvPlan | null>();
let lastContext = '';
let lastPlan: CsvPlan | null = null;

export const csv: Pack = {
  name: 'csv',
  version: '1',
  summary: 'CSV with named columns: by a header line, or by names that were given.',
  detect: (bytes, start, end) =>
    at(bytes, start, end) === HASH && startsWith(bytes, start, end, COLUMNS_PREFIX),
  parse(batch, row, start, end, out): ParseVerdict {
    const { bytes } = batch;
    if (startsWith(bytes, start, end, COLUMNS_PREFIX)) {
      const plan = readOwnHeader(bytes, start, end) ? planOf(ownHeader.header) : null;
      if (plan === null) return 'no';
      return parseRow(plan, batch, row, ownHeader.start, ownHeader.end, out);
    }
    const plan = planOf(contextOf(batch, row));
    return plan === null
      ? 'no'
      : parseRow(plan, batch, row, start, lineEnd(bytes, start, end), out);
  },
};

function planOf(context: string): CsvPlan | null {
  if (context === lastContext) return lastPlan;
  let plan = plans.get(context);
  if (plan === undefined) {
    plan = compile(context);
    if (plans.size >= PLANS_MAX) plans.clear();
    plans.set(context, plan);
  }
  lastContext = context;
  lastPlan = plan;
  return plan;
}

function compile(context: string): CsvPlan | null {
  if (!context.startsWith(COLUMNS_PREFIX)) return null;
  const line = (context.slice(COLUMNS_PREFIX.length).split('\n')[0] ?? '')
    .replace(/^\ufeff/, '')
    .trimEnd();
  const separator = separatorOf(line);
  const names = splitLine(line, separator).map(
    (name, index) => name.trim() || `column${index + 1}`,
  );
  if (names.length > COLUMNS_MAX || line === '') return null;
  const parts = names.map((name) => encoder.encode(name));
  const starts = new Uint32Array(names.length + 1);
  parts.forEach((part, index) => {
    starts[index + 1] = (starts[index] as number) + part.length;
  });
  const bytes = new Uint8Array(starts[names.length] as number);
  parts.forEach((part, index) => {
    bytes.set(part, starts[index]);
  });
  return { separator: separator.charCodeAt(0), names: bytes, starts, count: names.length };
}

/** The one that stands most often outside of quotes. */
function separatorOf(line: string): string {
  let best = ',';
  let most = 1;
  for (const separator of SEPARATORS) {
    const { length } = splitLine(line, separator);
    if (length <= most) continue;
    best = separator;
    most = length;
  }
  return best;
}

function splitLine(line: string, separator: string): string[] {
  const parts = [''];
  let isQuoted = false;
  for (const letter of line) {
    if (letter === '"') isQuoted = !isQuoted;
    else if (letter === separator && !isQuoted) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts;
}

function parseRow(
  plan: CsvPlan,
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  const { separator, count } = plan;
  fields.begin(batch, row, out);
  let column = 0;
  let position = start;
  while (position <= end && column < count) {
    const isQuoted = at(bytes, position, end) === QUOTE;
    const stop = isQuoted ? quotedEnd(bytes, position, end) : find(bytes, separator, position, end);
    const isClosed = isQuoted && stop - position > 1 && bytes[stop - 1] === QUOTE;
    if (isClosed) writeQuoted(plan, column, bytes, position, stop, out);
    else pair(plan, column, position, stop, position);
    column++;
    // Behind a closing quote there can only be a separator; anything else is left to what follows.
    position = isQuoted ? find(bytes, separator, stop, end) + 1 : stop + 1;
  }
  const isWhole = column === count && position > end;
  if (!isWhole)
    out.mark(row, MARK.missing_field, Math.min(position, end) - (batch.offsets[row] as number));
  if (position <= end) {
    const key = out.scratch.constant('_rest');
    out.unmapped(row, key.start, key.end, position, end);
  }
  fields.finish();
  return isWhole ? 'parsed' : 'partial';
}

/** Behind the closing quote; two quotes are one of the text. */
function quotedEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start + 1; i < end; i++) {
    if (bytes[i] !== QUOTE) continue;
    if (at(bytes, i + 1, end) !== QUOTE) return i + 1;
    i++;
  }
  return end;
}

function writeQuoted(
  plan: CsvPlan,
  column: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: ColumnWriter,
): void {
  if (find(bytes, QUOTE, start + 1, end - 1) === end - 1) {
    pair(plan, column, start + 1, end - 1, start);
    return;
  }
  const from = out.scratch.position;
  for (let i = start + 1; i < end - 1; i++) {
    out.scratch.byte(bytes[i] as number);
    if (bytes[i] === QUOTE) i++;
  }
  pair(plan, column, from, out.scratch.position, start);
}

/** An empty value says no more than an absent one. */
function pair(plan: CsvPlan, column: number, start: number, end: number, position: number): void {
  if (start >= end) return;
  const from = plan.starts[column] as number;
  const to = plan.starts[column + 1] as number;
  fields.pair(plan.names, from, to, -1, start, end, true, position);
}

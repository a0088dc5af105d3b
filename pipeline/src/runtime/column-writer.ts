// The place where parsers write: typed arrays of one batch, pooled and reused. A column is opened
// when a row first has a value in it, so that a batch carries only the columns it uses.
import type { Column, EventBatch, RawBatch, Status } from '../batch.js';
import { STATUS } from '../batch.js';
import type { BatchWriter } from '../component.js';
import { assert } from '../errors.js';
import { LIMITS } from '../limits.js';
import { FIELDS, type FieldKind } from '../schema/fields.js';
import { MARK, markName } from '../taxonomy.js';
import { Scratch } from './scratch.js';

/** Name and version of a parser, as they stand in the rows that it made. */
export interface ParserIdentity {
  readonly name: string;
  readonly version: string;
}

const ROWS = LIMITS.batchEventCountMax;
const FIELD_COUNT = FIELDS.length;
const QUINTUPLE = 5;
const NO_BATCH: RawBatch = {
  tenant: '',
  stream: '',
  retentionClass: '',
  format: 'syslog',
  receivedAtNs: 0n,
  eventCount: 0,
  bytes: new Uint8Array(0),
  offsets: new Uint32Array(1),
  marks: new Uint32Array(0),
  runs: [],
  requestParts: [],
  dispositions: [],
};

interface CodeColumn {
  readonly codes: Uint16Array<ArrayBuffer>;
  readonly lookup: Map<string, number>;
  dictionary: string[];
  lastValue: string;
  lastCode: number;
}

/**
 * Writer of one batch at a time: `begin`, then rows in ascending order, then `finish`. The
 * EventBatch that `finish` returns is a view of pooled memory: it is valid until the next `begin`.
 */
export class ColumnWriter implements BatchWriter {
  /** Derived text of the batch; positions in it start at batch.bytes.length. */
  readonly scratch = new Scratch();
  #batch: RawBatch = NO_BATCH;
  #parsers: readonly ParserIdentity[] = [];
  #isOpen = false;
  /** Fields with a column in this batch, in the order in which they were opened. */
  #openFields: number[] = [];
  readonly #spans: (Uint32Array<ArrayBuffer> | undefined)[] = new Array(FIELD_COUNT).fill(
    undefined,
  );
  readonly #numbers: (Float64Array<ArrayBuffer> | undefined)[] = new Array(FIELD_COUNT).fill(
    undefined,
  );
  readonly #codes: (CodeColumn | undefined)[] = new Array(FIELD_COUNT).fill(undefined);
  /** Cleared arrays of fields that are not open now. */
  readonly #spanPool: (Uint32Array<ArrayBuffer> | undefined)[] = [];
  readonly #numberPool: (Float64Array<ArrayBuffer> | undefined)[] = [];
  readonly #codePool: (CodeColumn | undefined)[] = [];
  readonly #status = new Uint8Array(ROWS);
  readonly #quarantine = new Uint8Array(ROWS);
  readonly #parserIndex = new Uint8Array(ROWS);
  #unmapped = new Uint32Array(QUINTUPLE * ROWS * 8);
  #unmappedLength = 0;
  #marks = new Uint32Array(3 * ROWS);
  #marksLength = 0;
  /** The row being written, and what it began with. */
  #row = -1;
  #rowUnmappedStart = 0;
  #rowMarksStart = 0;
  /** Bit n: mark n was noted for this row already. */
  #rowMarkBits = 0;
  /** What keepMarks saved: the marks and the reason that a rollback leaves. */
  #keptMarkBits = 0;
  #keptQuarantine = 0;
  #hasRolledBack = false;

  /** Starts a batch. `parsers` is what setParser's index refers to. */
  begin(batch: RawBatch, parsers: readonly ParserIdentity[] = []): void {
    assert(batch.eventCount <= ROWS, 'batch is within its event limit');
    this.#clear();
    this.#batch = batch;
    this.#parsers = parsers;
    this.#isOpen = true;
    this.scratch.begin(batch.bytes.length);
  }

  /** Ends the batch. The result is valid until the next `begin`. */
  finish(): EventBatch {
    assert(this.#isOpen, 'a batch was begun');
    this.#isOpen = false;
    const rows = this.#batch.eventCount;
    const columns: Column[] = [];
    for (const field of this.#openFields.sort((a, b) => a - b)) {
      if (this.#hasRolledBack && !this.#hasAny(field, rows)) continue;
      columns.push(this.#columnOf(field, rows));
    }
    return {
      raw: this.#batch,
      scratch: this.scratch.view(),
      status: this.#status.subarray(0, rows),
      columns,
      unmapped: this.#unmapped.subarray(0, this.#unmappedLength),
      marks: this.#marks.subarray(0, this.#marksLength),
      quarantine: this.#quarantine.subarray(0, rows),
      parserIndex: this.#parserIndex.subarray(0, rows),
      parsers: this.#parsers,
    };
  }

  span(row: number, field: number, start: number, end: number): void {
    // 0,0 means absent, and an empty value says no more than an absent one.
    if (start >= end) return;
    const spans = this.#spans[field] ?? this.#openSpans(field);
    spans[2 * row] = start;
    spans[2 * row + 1] = end;
  }

  text(row: number, field: number, text: string): void {
    const span = this.scratch.text(text);
    this.span(row, field, span.start, span.end);
  }

  number(row: number, field: number, value: number): void {
    const values = this.#numbers[field] ?? this.#openNumbers(field);
    values[row] = value;
  }

  code(row: number, field: number, value: string): void {
    const column = this.#codes[field] ?? this.#openCodes(field);
    if (value !== column.lastValue) {
      let code = column.lookup.get(value);
      if (code === undefined) {
        code = column.dictionary.length;
        assert(code < 65_536, 'a dictionary index fits into 16 bits');
        column.dictionary.push(value);
        column.lookup.set(value, code);
      }
      column.lastValue = value;
      column.lastCode = code;
    }
    column.codes[row] = column.lastCode;
  }

  unmapped(
    row: number,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (row !== this.#row) this.openRow(row);
    const at = this.#unmappedLength;
    if (at - this.#rowUnmappedStart >= QUINTUPLE * LIMITS.unmappedPairsPerEventMax) {
      const eventStart = this.#batch.offsets[row] ?? 0;
      const isInEvent = keyStart >= eventStart && keyStart < this.#batch.bytes.length;
      this.mark(row, MARK.value_invalid, isInEvent ? keyStart - eventStart : 0);
      return;
    }
    if (at + QUINTUPLE > this.#unmapped.length) this.#unmapped = grown(this.#unmapped);
    const unmapped = this.#unmapped;
    unmapped[at] = row;
    unmapped[at + 1] = keyStart;
    unmapped[at + 2] = keyEnd;
    unmapped[at + 3] = valueStart;
    unmapped[at + 4] = valueEnd;
    this.#unmappedLength = at + QUINTUPLE;
  }

  scratchText(text: string): { readonly start: number; readonly end: number } {
    return this.scratch.text(text);
  }

  /** Notes each code once a row, at the first offset, so that marks stay bounded. */
  mark(row: number, mark: number, offset: number): void {
    if (row !== this.#row) this.openRow(row);
    const bit = 1 << mark;
    if ((this.#rowMarkBits & bit) !== 0) return;
    this.#rowMarkBits |= bit;
    if (this.#marksLength + 3 > this.#marks.length) this.#marks = grown(this.#marks);
    this.#marks[this.#marksLength++] = row;
    this.#marks[this.#marksLength++] = mark;
    this.#marks[this.#marksLength++] = offset;
  }

  reject(row: number, mark: number, offset: number): void {
    this.mark(row, mark, offset);
    if (this.#quarantine[row] === 0) this.#quarantine[row] = mark;
  }

  // What follows goes beyond the contract of BatchWriter: for parseBatch and parsers of this
  // project.

  /** Rows come in ascending order; writes to an earlier row are a defect. */
  openRow(row: number): void {
    assert(row >= this.#row, 'rows are written in ascending order');
    this.#row = row;
    this.#rowUnmappedStart = this.#unmappedLength;
    this.#rowMarksStart = this.#marksLength;
    this.#rowMarkBits = 0;
    this.#keptMarkBits = 0;
    this.#keptQuarantine = 0;
  }

  /** What was marked for the row until now survives a rollback: it was noted before any parser. */
  keepMarks(row: number): void {
    if (row !== this.#row) this.openRow(row);
    this.#rowMarksStart = this.#marksLength;
    this.#keptMarkBits = this.#rowMarkBits;
    this.#keptQuarantine = this.rejectedAs(row);
  }

  setParser(row: number, index: number): void {
    this.#parserIndex[row] = index;
  }

  setStatus(row: number, status: Status): void {
    this.#status[row] = status;
  }

  /** The reason for which the row goes to quarantine, 0 for none. */
  rejectedAs(row: number): number {
    return this.#quarantine[row] ?? 0;
  }

  /** True when the row has a value in the field. */
  has(row: number, field: number): boolean {
    const spans = this.#spans[field];
    if (spans !== undefined) return spans[2 * row + 1] !== 0;
    const values = this.#numbers[field];
    if (values !== undefined) return !Number.isNaN(values[row]);
    return (this.#codes[field]?.codes[row] ?? 0) !== 0;
  }

  /** True when the mark was noted for the current row. */
  hasMark(row: number, mark: number): boolean {
    return row === this.#row && (this.#rowMarkBits & (1 << mark)) !== 0;
  }

  /** Index of the next unmapped pair; pairs of the current row can be replaced by index. */
  get unmappedIndex(): number {
    return this.#unmappedLength / QUINTUPLE;
  }

  /** Position `part` (1 key start .. 4 value end) of a pair. */
  unmappedAt(index: number, part: 1 | 2 | 3 | 4): number {
    return this.#unmapped[index * QUINTUPLE + part] ?? 0;
  }

  replaceUnmappedValue(index: number, valueStart: number, valueEnd: number): void {
    assert(index * QUINTUPLE >= this.#rowUnmappedStart, 'the pair belongs to the current row');
    this.#unmapped[index * QUINTUPLE + 3] = valueStart;
    this.#unmapped[index * QUINTUPLE + 4] = valueEnd;
  }

  /** Index of the current row's first unmapped pair. */
  get rowUnmappedIndex(): number {
    return this.#rowUnmappedStart / QUINTUPLE;
  }

  /** Takes a pair of the current row out; pairs behind it move up. */
  removeUnmapped(index: number): void {
    const at = index * QUINTUPLE;
    assert(at >= this.#rowUnmappedStart, 'the pair belongs to the current row');
    this.#unmapped.copyWithin(at, at + QUINTUPLE, this.#unmappedLength);
    this.#unmappedLength -= QUINTUPLE;
  }

  /** The opposite of removeUnmapped: pairs from `index` on move down. */
  insertUnmapped(
    index: number,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    const at = index * QUINTUPLE;
    assert(at >= this.#rowUnmappedStart, 'the pair belongs to the current row');
    if (this.#unmappedLength + QUINTUPLE > this.#unmapped.length)
      this.#unmapped = grown(this.#unmapped);
    this.#unmapped.copyWithin(at + QUINTUPLE, at, this.#unmappedLength);
    this.#unmapped[at] = this.#row;
    this.#unmapped[at + 1] = keyStart;
    this.#unmapped[at + 2] = keyEnd;
    this.#unmapped[at + 3] = valueStart;
    this.#unmapped[at + 4] = valueEnd;
    this.#unmappedLength += QUINTUPLE;
  }

  /** Forgets the current row's unmapped pairs from this index on. */
  truncateUnmapped(index: number): void {
    assert(index * QUINTUPLE >= this.#rowUnmappedStart, 'the pair belongs to the current row');
    this.#unmappedLength = Math.min(this.#unmappedLength, index * QUINTUPLE);
  }

  /** Start or end of the row's span, 0 where it has none. */
  spanAt(row: number, field: number, part: 0 | 1): number {
    return this.#spans[field]?.[2 * row + part] ?? 0;
  }

  /** The row's number, NaN where it has none. */
  numberAt(row: number, field: number): number {
    return this.#numbers[field]?.[row] ?? Number.NaN;
  }

  /** The row's text of a code field, empty where it has none. */
  codeAt(row: number, field: number): string {
    const column = this.#codes[field];
    return column === undefined ? '' : (column.dictionary[column.codes[row] ?? 0] ?? '');
  }

  /** Makes the field absent in the row. */
  clearField(row: number, field: number): void {
    this.#spans[field]?.fill(0, 2 * row, 2 * row + 2);
    this.#numbers[field]?.fill(Number.NaN, row, row + 1);
    this.#codes[field]?.codes.fill(0, row, row + 1);
    this.#hasRolledBack = true;
  }

  /** Names of the row's marks, in the order in which they were noted. */
  marksOfRow(row: number): string[] {
    const names: string[] = [];
    // The marks of the row being written are the newest.
    let at = this.#marksLength;
    while (at > 0 && (this.#marks[at - 3] as number) === row) at -= 3;
    for (; at < this.#marksLength; at += 3) names.push(markName(this.#marks[at + 1] as number));
    return names;
  }

  /** The parser that setParser named for the row. */
  parserOf(row: number): ParserIdentity | undefined {
    return this.#parsers[this.#parserIndex[row] ?? 0];
  }

  get batch(): RawBatch {
    return this.#batch;
  }

  /** Forgets what was written for the current row, but for the marks that keepMarks saved. */
  rollbackRow(row: number): void {
    if (row !== this.#row) return;
    this.#unmappedLength = this.#rowUnmappedStart;
    this.#marksLength = this.#rowMarksStart;
    this.#rowMarkBits = this.#keptMarkBits;
    this.#quarantine[row] = this.#keptQuarantine;
    this.#status[row] = STATUS.parsed;
    this.#parserIndex[row] = 0;
    this.#hasRolledBack = true;
    for (const field of this.#openFields) {
      this.#spans[field]?.fill(0, 2 * row, 2 * row + 2);
      this.#numbers[field]?.fill(Number.NaN, row, row + 1);
      this.#codes[field]?.codes.fill(0, row, row + 1);
    }
  }

  #clear(): void {
    const rows = this.#batch.eventCount;
    for (const field of this.#openFields) {
      const spans = this.#spans[field];
      const numbers = this.#numbers[field];
      const codes = this.#codes[field];
      if (spans !== undefined) this.#spanPool[field] = spans.fill(0, 0, 2 * rows);
      if (numbers !== undefined) this.#numberPool[field] = numbers.fill(Number.NaN, 0, rows);
      if (codes !== undefined) {
        codes.codes.fill(0, 0, rows);
        codes.lookup.clear();
        this.#codePool[field] = codes;
      }
      this.#spans[field] = undefined;
      this.#numbers[field] = undefined;
      this.#codes[field] = undefined;
    }
    this.#openFields = [];
    this.#status.fill(0, 0, rows);
    this.#quarantine.fill(0, 0, rows);
    this.#parserIndex.fill(0, 0, rows);
    this.#unmappedLength = 0;
    this.#marksLength = 0;
    this.#row = -1;
    this.#rowUnmappedStart = 0;
    this.#rowMarksStart = 0;
    this.#rowMarkBits = 0;
    this.#keptMarkBits = 0;
    this.#keptQuarantine = 0;
    this.#hasRolledBack = false;
  }

  #openSpans(field: number): Uint32Array<ArrayBuffer> {
    this.#open(field, 'span');
    const spans = this.#spanPool[field] ?? new Uint32Array(2 * ROWS);
    this.#spans[field] = spans;
    return spans;
  }

  #openNumbers(field: number): Float64Array<ArrayBuffer> {
    this.#open(field, 'number');
    const values = this.#numberPool[field] ?? new Float64Array(ROWS).fill(Number.NaN);
    this.#numbers[field] = values;
    return values;
  }

  #openCodes(field: number): CodeColumn {
    this.#open(field, 'code');
    const column = this.#codePool[field] ?? {
      codes: new Uint16Array(ROWS),
      lookup: new Map(),
      dictionary: [],
      lastValue: '',
      lastCode: 0,
    };
    column.dictionary = [''];
    column.lookup.set('', 0);
    column.lastValue = '';
    column.lastCode = 0;
    this.#codes[field] = column;
    return column;
  }

  #open(field: number, kind: FieldKind): void {
    assert(this.#isOpen, 'a batch was begun');
    assert(FIELDS[field]?.kind === kind, 'a field is written as its kind');
    this.#openFields.push(field);
  }

  #columnOf(field: number, rows: number): Column {
    const spans = this.#spans[field];
    if (spans !== undefined) return { kind: 'span', field, spans: spans.subarray(0, 2 * rows) };
    const values = this.#numbers[field];
    if (values !== undefined) return { kind: 'number', field, values: values.subarray(0, rows) };
    const column = this.#codes[field];
    assert(column !== undefined, 'an open field has a column');
    const codes = column.codes.subarray(0, rows);
    return { kind: 'code', field, codes, dictionary: column.dictionary };
  }

  #hasAny(field: number, rows: number): boolean {
    for (let row = 0; row < rows; row++) if (this.has(row, field)) return true;
    return false;
  }
}

function grown(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

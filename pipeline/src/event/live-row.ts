// The row that was just parsed, to read and to write, over the open ColumnWriter. One object a
// worker is moved from row to row; strings are made only where someone asks.
import { Buffer } from 'node:buffer';
import type { RawBatch, SequencedBatch } from '../batch.js';
import { LIMITS } from '../limits.js';
import { type FieldValue, type OcsfEvent, ocsfOf } from '../row-view.js';
import type { ColumnWriter } from '../runtime/column-writer.js';
import { FIELD_BY_PATH, FIELDS } from '../schema/fields.js';
import { numberProblem } from '../schema/ranges.js';
import { MARK, markName } from '../taxonomy.js';
import type { Adds, Event, NoAdds, RejectReason } from './types.js';

/** Paths whose bytes are kept; beyond it the memory starts anew. Paths are written by people. */
const PATH_BYTES_MAX = 1_024;
const COLUMN = -1;
const VALUE_REPLACED = -2;
const PAIR_REMOVED = -3;

/** Shorter values are not looked for: they stand in too many other words. */
const MASKED_WORD_BYTES_MIN = 4;
const STAR = 0x2a;

const encoder = new TextEncoder();

function isWordByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte > 127;
}

/** What undo needs to know of one change. */
type Change =
  | { readonly kind: typeof COLUMN; readonly field: number; readonly value: FieldState }
  | { readonly kind: typeof VALUE_REPLACED; readonly pair: Pair }
  | { readonly kind: typeof PAIR_REMOVED; readonly pair: Pair };
type FieldState = number | string | readonly [number, number] | undefined;
interface Pair {
  readonly index: number;
  readonly parts: readonly [number, number, number, number];
}

export class LiveRow implements Event<NoAdds> {
  readonly #writer: ColumnWriter;
  /** Types of the paths that components declare. */
  readonly #adds: ReadonlyMap<string, string>;
  #batch!: RawBatch;
  #buffer!: Buffer;
  #row = 0;
  #start = 0;
  #end = 0;
  #textStart = 0;
  #run = 0;
  #runEnd = 0;
  readonly #pathBytes = new Map<string, Uint8Array>();
  readonly #changes: Change[] = [];
  #isRecording = false;
  #appendedFrom = 0;
  /** Where text that components derive for this row begins. */
  #derivedFrom = 0;

  constructor(writer: ColumnWriter, adds: Adds = {}) {
    this.#writer = writer;
    this.#adds = new Map(Object.entries(adds));
  }

  /** Starts with a batch that the writer was begun with. */
  begin(batch: RawBatch): void {
    this.#batch = batch;
    this.#buffer = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.length);
    this.#run = 0;
    this.#runEnd = batch.runs[0]?.eventCount ?? 0;
    this.#row = -1;
    this.#isRecording = false;
  }

  /** Goes to a row, never backwards. `textStart`: where the text behind a header begins. */
  move(row: number, textStart = -1): this {
    if (row !== this.#row) {
      const { offsets } = this.#batch;
      this.#row = row;
      this.#start = offsets[row] as number;
      this.#end = offsets[row + 1] as number;
      this.#textStart = this.#start;
      this.#derivedFrom = this.#writer.scratch.position;
    }
    if (textStart >= 0) this.#textStart = textStart;
    return this;
  }

  get row(): number {
    return this.#row;
  }
  get tenant(): string {
    return this.#batch.tenant;
  }
  get stream(): string {
    return this.#batch.stream;
  }
  /** Epoch of the event's number; 0 for a batch that has none yet. */
  get epoch(): bigint {
    return (this.#batch as Partial<SequencedBatch>).epoch ?? 0n;
  }
  /** The event's number within stream and epoch; of a batch that has none yet, within the batch. */
  get seq(): number {
    return ((this.#batch as Partial<SequencedBatch>).seqFirst ?? 0) + this.#row;
  }
  get receivedAtUs(): number {
    return Number(this.#batch.receivedAtNs / 1000n);
  }
  get source(): string {
    const { runs } = this.#batch;
    while (this.#row >= this.#runEnd && this.#run + 1 < runs.length)
      this.#runEnd += runs[++this.#run]?.eventCount ?? 0;
    return runs[this.#run]?.source ?? '';
  }

  // Typed by Event for callers; here a path is any text.
  get(path: string): never {
    return this.valueAt(path) as never;
  }

  /** As get, without the types by path. */
  valueAt(path: string): string | number | boolean | undefined {
    const field = FIELD_BY_PATH.get(path);
    if (field !== undefined) return this.valueOf(field);
    const text = this.unmapped(path);
    if (text === undefined) return undefined;
    const type = this.#adds.get(path);
    if (type === undefined || type === 'string') return text;
    if (type === 'boolean') return text === 'true';
    const number = Number(text);
    return Number.isNaN(number) ? undefined : number;
  }

  /** Value of a FieldId. */
  valueOf(field: number): FieldValue | undefined {
    const kind = FIELDS[field]?.kind;
    const writer = this.#writer;
    if (kind === 'span') {
      const end = writer.spanAt(this.#row, field, 1);
      return end === 0 ? undefined : this.#text(writer.spanAt(this.#row, field, 0), end);
    }
    if (kind === 'number') {
      const value = writer.numberAt(this.#row, field);
      return Number.isNaN(value) ? undefined : value;
    }
    const value = writer.codeAt(this.#row, field);
    return value === '' ? undefined : value;
  }

  has(path: string): boolean {
    const field = FIELD_BY_PATH.get(path);
    return field === undefined ? this.#pairOf(path) >= 0 : this.#writer.has(this.#row, field);
  }

  unmapped(key: string): string | undefined {
    const index = this.#pairOf(key);
    if (index < 0) return undefined;
    return this.#text(this.#writer.unmappedAt(index, 3), this.#writer.unmappedAt(index, 4));
  }

  set(path: string, value: string | number | boolean): void {
    if (typeof value === 'string') this.#checkRoom(path, value);
    const field = FIELD_BY_PATH.get(path);
    if (field === undefined) this.#setUnmapped(path, value);
    else this.#setField(field, path, value);
  }

  /** As set, for a text that many events of a batch have: it is written once. */
  setShared(path: string, value: string): void {
    const field = FIELD_BY_PATH.get(path);
    if (field === undefined || FIELDS[field]?.kind !== 'span' || value === '') {
      this.set(path, value);
      return;
    }
    this.#checkRoom(path, value);
    this.#noteField(field);
    const { start, end } = this.#writer.scratch.constant(value);
    this.#writer.span(this.#row, field, start, end);
  }

  /**
   * Overwrites the value at a path with `*` where it stands in the event as received: the place
   * that the parser took it from, and any other where it stands as a word, if it has four bytes or
   * more. Other fields that were taken from these places show it, too.
   */
  maskReceived(path: string): void {
    const field = FIELD_BY_PATH.get(path);
    const text = this.valueAt(path);
    if (text === undefined) return;
    const [start, end] = this.#spanOf(path, field);
    const needle = Buffer.from(String(text));
    const { bytes } = this.#batch;
    if (end > start && start >= this.#start && end <= this.#end) bytes.fill(STAR, start, end);
    if (needle.length < MASKED_WORD_BYTES_MIN) return;
    const received = this.#buffer.subarray(this.#start, this.#end);
    for (let at = received.indexOf(needle); at >= 0; at = received.indexOf(needle, at + 1)) {
      const next = at + needle.length;
      const isWord = !isWordByte(received[at - 1]) && !isWordByte(received[next]);
      if (isWord) received.fill(STAR, at, next);
    }
  }

  #spanOf(path: string, field: number | undefined): readonly [number, number] {
    const writer = this.#writer;
    if (field === undefined) {
      const index = this.#pairOf(path);
      return index < 0 ? [0, 0] : [writer.unmappedAt(index, 3), writer.unmappedAt(index, 4)];
    }
    if (FIELDS[field]?.kind !== 'span') return [0, 0];
    return [writer.spanAt(this.#row, field, 0), writer.spanAt(this.#row, field, 1)];
  }

  delete(path: string): boolean {
    const field = FIELD_BY_PATH.get(path);
    if (field !== undefined) {
      if (!this.#writer.has(this.#row, field)) return false;
      this.#noteField(field);
      this.#writer.clearField(this.#row, field);
      return true;
    }
    let found = false;
    for (let index = this.#pairOf(path); index >= 0; index = this.#pairOf(path)) {
      if (this.#isRecording) this.#changes.push({ kind: PAIR_REMOVED, pair: this.#pair(index) });
      this.#writer.removeUnmapped(index);
      found = true;
    }
    return found;
  }

  reject(reason: RejectReason = 'parse_error'): void {
    if (!Object.hasOwn(MARK, reason))
      throw new TypeError(`reject takes a reason that is known; got ${shown(reason)}`);
    this.#writer.reject(this.#row, MARK[reason], 0);
  }

  text(): string {
    return this.#buffer.toString('utf8', this.#textStart, this.#end);
  }
  rawText(): string {
    return this.#buffer.toString('utf8', this.#start, this.#end);
  }
  /** A copy: what was received stays as it was, whatever is done with it. */
  rawBytes(): Uint8Array<ArrayBuffer> {
    return this.#batch.bytes.slice(this.#start, this.#end);
  }

  /** All keys without a column. A key that comes twice has its last value. */
  unmappedAll(): Record<string, string> {
    const writer = this.#writer;
    const result = Object.create(null) as Record<string, string>;
    for (let index = writer.rowUnmappedIndex; index < writer.unmappedIndex; index++) {
      const key = this.#text(writer.unmappedAt(index, 1), writer.unmappedAt(index, 2));
      result[key] = this.#text(writer.unmappedAt(index, 3), writer.unmappedAt(index, 4));
    }
    return result;
  }

  /** The event as a nested object, as it is now. */
  toOcsf(): OcsfEvent {
    const writer = this.#writer;
    const code = writer.rejectedAs(this.#row);
    return ocsfOf({
      rejection: code === 0 ? null : { reason: markName(code), offset: 0 },
      valueOf: (field) => this.valueOf(field),
      unmapped: this.unmappedAll(),
      marks: writer.marksOfRow(this.#row),
      parser: writer.parserOf(this.#row),
      raw: this.rawBytes(),
    });
  }

  /** From here on changes are remembered, so that `undo` can take them back. */
  record(): void {
    this.#changes.length = 0;
    this.#isRecording = true;
    this.#appendedFrom = this.#writer.unmappedIndex;
  }

  stopRecording(): void {
    this.#isRecording = false;
  }

  /** The row is again as it was at `record`; a rejection and marks stay. */
  undo(): void {
    this.#isRecording = false;
    for (let change = this.#changes.pop(); change !== undefined; change = this.#changes.pop())
      this.#takeBack(change);
    this.#writer.truncateUnmapped(this.#appendedFrom);
  }

  #takeBack(change: Change): void {
    const writer = this.#writer;
    if (change.kind === COLUMN) {
      const { field, value } = change;
      writer.clearField(this.#row, field);
      if (typeof value === 'number') writer.number(this.#row, field, value);
      else if (typeof value === 'string') writer.code(this.#row, field, value);
      else if (value !== undefined) writer.span(this.#row, field, value[0], value[1]);
      return;
    }
    const { index, parts } = change.pair;
    if (change.kind === PAIR_REMOVED) writer.insertUnmapped(index, ...parts);
    else writer.replaceUnmappedValue(index, parts[2], parts[3]);
  }

  /** Before anything looks into the text: a huge one can end the process when it is made flat. */
  #checkRoom(path: string, value: string): void {
    const used = this.#writer.scratch.position - this.#derivedFrom;
    if (used + path.length + value.length > LIMITS.derivedTextPerEventMax)
      throw new TypeError(
        `set('${path.slice(0, 80)}') adds ${value.length} characters to the event; ` +
          `components add at most ${LIMITS.derivedTextPerEventMax}`,
      );
  }

  #setField(field: number, path: string, value: string | number | boolean): void {
    const kind = FIELDS[field]?.kind;
    const writer = this.#writer;
    const row = this.#row;
    if (kind === 'number') {
      if (typeof value !== 'number') throw wrongType(path, 'number', value);
      const problem = numberProblem(field, value);
      if (problem !== null) throw wrongType(path, problem, value);
      this.#noteField(field);
      writer.number(row, field, value);
      return;
    }
    if (typeof value !== 'string') throw wrongType(path, 'text', value);
    this.#noteField(field);
    if (value === '') writer.clearField(row, field);
    else if (kind === 'code') writer.code(row, field, value);
    else writer.text(row, field, value);
  }

  #setUnmapped(path: string, value: string | number | boolean): void {
    const type = this.#adds.get(path);
    const given = typeof value;
    if (type === undefined ? !isSettable(value) : given !== type)
      throw wrongType(
        path,
        type === 'string' ? 'text' : (type ?? 'text, number or boolean'),
        value,
      );
    const writer = this.#writer;
    const { scratch } = writer;
    const text = given === 'string' ? scratch.text(value as string) : scratch.constant(`${value}`);
    const index = this.#pairOf(path);
    if (index >= 0) {
      if (this.#isRecording) this.#changes.push({ kind: VALUE_REPLACED, pair: this.#pair(index) });
      writer.replaceUnmappedValue(index, text.start, text.end);
      return;
    }
    const key = scratch.constant(path);
    writer.unmapped(this.#row, key.start, key.end, text.start, text.end);
  }

  /** Index of the last unmapped pair of the row with this key, -1 for none. */
  #pairOf(key: string): number {
    const writer = this.#writer;
    const first = writer.rowUnmappedIndex;
    let index = writer.unmappedIndex - 1;
    if (index < first) return -1;
    const wanted = this.#bytesOf(key);
    for (; index >= first; index--) {
      const start = writer.unmappedAt(index, 1);
      if (writer.unmappedAt(index, 2) - start === wanted.length && this.#equals(start, wanted))
        return index;
    }
    return -1;
  }

  #equals(start: number, wanted: Uint8Array): boolean {
    const { bytes } = this.#batch;
    if (start < bytes.length) {
      for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return false;
      return true;
    }
    const { scratch } = this.#writer;
    for (let i = 0; i < wanted.length; i++)
      if (scratch.byteAt(start + i) !== wanted[i]) return false;
    return true;
  }

  #bytesOf(path: string): Uint8Array {
    let bytes = this.#pathBytes.get(path);
    if (bytes === undefined) {
      if (this.#pathBytes.size >= PATH_BYTES_MAX) this.#pathBytes.clear();
      bytes = encoder.encode(path);
      this.#pathBytes.set(path, bytes);
    }
    return bytes;
  }

  #text(start: number, end: number): string {
    return start < this.#buffer.length
      ? this.#buffer.toString('utf8', start, end)
      : this.#writer.scratch.textAt(start, end);
  }

  #noteField(field: number): void {
    if (!this.#isRecording) return;
    const writer = this.#writer;
    const row = this.#row;
    let value: FieldState;
    if (writer.has(row, field)) {
      const kind = FIELDS[field]?.kind;
      if (kind === 'number') value = writer.numberAt(row, field);
      else if (kind === 'code') value = writer.codeAt(row, field);
      else value = [writer.spanAt(row, field, 0), writer.spanAt(row, field, 1)];
    }
    this.#changes.push({ kind: COLUMN, field, value });
  }

  #pair(index: number): Pair {
    const writer = this.#writer;
    const part = (at: 1 | 2 | 3 | 4): number => writer.unmappedAt(index, at);
    return { index, parts: [part(1), part(2), part(3), part(4)] };
  }
}

const isSettable = (value: unknown): boolean =>
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value));

function wrongType(path: string, wanted: string, value: unknown): TypeError {
  return new TypeError(`set('${path}') takes a ${wanted}; got ${shown(value)}`);
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
  return text.slice(0, 80);
}

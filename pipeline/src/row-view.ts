// A row of columns as people see it: values by OCSF path, or the whole event as a nested object.
// Strings are made only here, when someone asks.
import { Buffer, isUtf8 } from 'node:buffer';
import type { Column, EventBatch } from './batch.js';
import { assert } from './errors.js';
import { FIELDS } from './schema/fields.js';
import { type Place, placeOf } from './schema/places.js';
import { markName } from './taxonomy.js';

export const OCSF_VERSION = '1.8.0';
export type FieldValue = string | number;
/**
 * A nested event. Its objects have no prototype, so that a key such as `__proto__` is only a key.
 */
export interface OcsfEvent {
  [key: string]: unknown;
}

const fieldByPath = new Map(FIELDS.map((spec, id) => [spec.path, id]));
const places = FIELDS.map((spec) => placeOf(spec.path));
const VERSION_PLACE = placeOf('metadata.version');
/** By FieldId: microseconds, shown as text. */
export const IS_TIME: readonly boolean[] = FIELDS.map((spec) => spec.type === 'DateTime64(6)');
/** By FieldId: 0 or 1, shown as false or true (OCSF's boolean_t). */
export const IS_FLAG: readonly boolean[] = FIELDS.map((spec) =>
  /(^|\.)is_[a-z_]+$/.test(spec.path),
);
// ignoreBOM: a byte order mark inside a value is data and stays.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** One event of a batch. `move` reuses the object for another row. */
export class EventRow {
  readonly #batch: EventBatch;
  readonly #columns: (Column | undefined)[] = [];
  #row: number;

  constructor(batch: EventBatch, row = 0) {
    this.#batch = batch;
    this.#row = row;
    for (const column of batch.columns) this.#columns[column.field] = column;
  }

  get row(): number {
    return this.#row;
  }

  move(row: number): this {
    assert(row < this.#batch.raw.eventCount, 'the row is in the batch');
    this.#row = row;
    return this;
  }

  /** Value at a dotted OCSF path such as `src_endpoint.ip`; undefined when the event has none. */
  get(path: string): FieldValue | undefined {
    const field = fieldByPath.get(path);
    return field === undefined ? undefined : this.valueOf(field);
  }

  /** Value of a FieldId. `time` is in microseconds since 1970. */
  valueOf(field: number): FieldValue | undefined {
    const column = this.#columns[field];
    if (column === undefined) return undefined;
    const row = this.#row;
    if (column.kind === 'span') {
      const start = column.spans[2 * row] ?? 0;
      const end = column.spans[2 * row + 1] ?? 0;
      return end === 0 ? undefined : textOf(this.#batch, start, end);
    }
    if (column.kind === 'number') {
      const value = column.values[row];
      return value === undefined || Number.isNaN(value) ? undefined : value;
    }
    const code = column.codes[row] ?? 0;
    return code === 0 ? undefined : column.dictionary[code];
  }

  /** Keys of the event that have no column. A key that comes twice has its last value. */
  unmapped(): Record<string, string> {
    const pairs = this.#batch.unmapped;
    const result = Object.create(null) as Record<string, string>;
    for (let i = firstOf(pairs, 5, this.#row); pairs[i] === this.#row; i += 5) {
      const [keyStart = 0, keyEnd = 0, start = 0, end = 0] = pairs.subarray(i + 1, i + 5);
      result[textOf(this.#batch, keyStart, keyEnd)] = textOf(this.#batch, start, end);
    }
    return result;
  }

  /** Names of the marks, in the order in which they were noted. */
  marks(): string[] {
    const triples = this.#batch.marks;
    const names: string[] = [];
    for (let i = firstOf(triples, 3, this.#row); triples[i] === this.#row; i += 3)
      names.push(markName(triples[i + 1] ?? 0));
    return names;
  }

  /**
   * Why the event goes to quarantine, and the byte offset where that shows; null when it does not.
   */
  rejection(): { readonly reason: string; readonly offset: number } | null {
    const code = this.#batch.quarantine[this.#row] ?? 0;
    if (code === 0) return null;
    const triples = this.#batch.marks;
    for (let i = firstOf(triples, 3, this.#row); triples[i] === this.#row; i += 3)
      if (triples[i + 1] === code) return { reason: markName(code), offset: triples[i + 2] ?? 0 };
    return { reason: markName(code), offset: 0 };
  }

  /** The event's exact bytes, a view. */
  rawBytes(): Uint8Array<ArrayBuffer> {
    const { bytes, offsets } = this.#batch.raw;
    return bytes.subarray(offsets[this.#row], offsets[this.#row + 1]);
  }

  /**
   * The event as a nested OCSF object. Absent stays absent. `error` and `offset` come first where
   * the event goes to quarantine; `raw_data_base64` is there when the bytes are not UTF-8.
   */
  toOcsf(): OcsfEvent {
    return ocsfOf(this.parts());
  }

  /** What an object of any event schema is made from. */
  parts(): OcsfParts {
    return {
      rejection: this.rejection(),
      valueOf: (field) => this.valueOf(field),
      unmapped: this.unmapped(),
      marks: this.marks(),
      parser: this.#batch.parsers[this.#batch.parserIndex[this.#row] ?? 0],
      raw: this.rawBytes(),
    };
  }
}

/** What an object of an event schema is made from. */
export interface OcsfParts {
  readonly rejection: { readonly reason: string; readonly offset: number } | null;
  valueOf(field: number): FieldValue | undefined;
  readonly unmapped: Readonly<Record<string, string>>;
  readonly marks: readonly string[];
  readonly parser: { readonly name: string; readonly version: string } | undefined;
  readonly raw: Uint8Array<ArrayBuffer>;
}

export function ocsfOf(parts: OcsfParts): OcsfEvent {
  const event = emptyObject();
  if (parts.rejection !== null) {
    event.error = parts.rejection.reason;
    event.offset = parts.rejection.offset;
  }
  for (let field = 0; field < FIELDS.length; field++) {
    const value = parts.valueOf(field);
    const to = places[field];
    if (value === undefined || to === undefined) continue;
    const shown = IS_TIME[field] ? isoMicroseconds(Number(value)) : value;
    if (shown !== null) place(event, to, IS_FLAG[field] ? shown !== 0 : shown);
  }
  place(event, VERSION_PLACE, OCSF_VERSION);
  settleLists(event);
  if (Object.keys(parts.unmapped).length > 0) event.unmapped = parts.unmapped;
  if (parts.marks.length > 0) event.marks = parts.marks;
  if (parts.parser !== undefined) {
    event.parser = parts.parser.name;
    event.parser_version = parts.parser.version;
  }
  return Object.assign(event, rawFields(parts.raw));
}

/** Raw bytes as they stand in an event's JSON. */
export function rawFields(raw: Uint8Array<ArrayBuffer>): OcsfEvent {
  const event = emptyObject();
  event.raw_data = decoder.decode(raw);
  if (!isUtf8(raw)) event.raw_data_base64 = Buffer.from(raw).toString('base64');
  return event;
}

/** Text of a span; invalid UTF-8 shows as replacement characters. */
export function textOf(batch: EventBatch, start: number, end: number): string {
  return decoder.decode(bytesOf(batch, start, end));
}

/** Bytes of a span, wherever it points; a view. */
export function bytesOf(batch: EventBatch, start: number, end: number): Uint8Array<ArrayBuffer> {
  const base = batch.raw.bytes.length;
  return start < base
    ? batch.raw.bytes.subarray(start, end)
    : batch.scratch.subarray(start - base, end - base);
}

/** The last millisecond that a Date can hold, ECMAScript 21.4.1.1. */
const DATE_MS_MAX = 8.64e15;

/** Microseconds since 1970 as `2026-03-01T12:00:00.000000Z`; null for a time no calendar has. */
export function isoMicroseconds(anyUs: number): string | null {
  const timeUs = Math.floor(anyUs);
  let ms = Math.floor(timeUs / 1000);
  // The division of a large number may round up to the next whole one.
  if (ms * 1000 > timeUs) ms--;
  if (Math.abs(ms) > DATE_MS_MAX) return null;
  const us = timeUs - ms * 1000;
  return `${new Date(ms).toISOString().slice(0, -1)}${String(us).padStart(3, '0')}Z`;
}

/** Index of the row's first tuple in an array of tuples that is ascending by its first element. */
function firstOf(tuples: Uint32Array, width: number, row: number): number {
  let low = 0;
  let high = tuples.length / width;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((tuples[middle * width] ?? 0) < row) low = middle + 1;
    else high = middle;
  }
  return low * width;
}

const emptyObject = (): OcsfEvent => Object.create(null) as OcsfEvent;

function place(event: OcsfEvent, { steps, last }: Place, value: FieldValue | boolean): void {
  let target = event;
  for (const step of steps) {
    // A list is its elements by name until the event is complete.
    target[step.name] ??= step.isList
      ? new ElementsByName()
      : Object.assign(emptyObject(), step.constants);
    target = target[step.name] as OcsfEvent;
  }
  target[last] = value;
}

/** Elements of a list, while values are put into them. JSON shows the list. */
class ElementsByName {
  [name: string]: unknown;
}

/** Turns elements by name into lists, wherever they stand. */
function settleLists(event: OcsfEvent): void {
  for (const [name, value] of Object.entries(event)) {
    if (typeof value !== 'object' || value === null) continue;
    if (value instanceof ElementsByName) {
      const list = Object.values(value) as OcsfEvent[];
      for (const element of list) settleLists(element);
      event[name] = list;
    } else settleLists(value as OcsfEvent);
  }
}

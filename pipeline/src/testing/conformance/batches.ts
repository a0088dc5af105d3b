// Batches for the kit, and what any batch of columns must keep.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import {
  allocateBytes,
  type EventBatch,
  type InputFormat,
  type RawBatch,
  STATUS,
} from '../../batch.js';
import { EventRow } from '../../row-view.js';
import { markName, QUARANTINE_REASONS } from '../../taxonomy.js';

const encoder = new TextEncoder();
const STATUSES: ReadonlySet<number> = new Set(Object.values(STATUS));
const REASONS: ReadonlySet<string> = new Set(QUARANTINE_REASONS);

export const bytesOf = (raw: string | Uint8Array): Uint8Array =>
  typeof raw === 'string' ? encoder.encode(raw) : raw;

export function batchOf(events: readonly Uint8Array[], format: InputFormat = 'syslog'): RawBatch {
  const bytes = allocateBytes(events.reduce((sum, event) => sum + event.length, 0));
  const offsets = new Uint32Array(events.length + 1);
  for (const [index, event] of events.entries()) {
    const start = offsets[index] as number;
    bytes.set(event, start);
    offsets[index + 1] = start + event.length;
  }
  return {
    tenant: 'default',
    stream: 'node/test/0',
    retentionClass: 'default',
    format,
    receivedAtNs: 1_772_366_400_000_000_000n,
    eventCount: events.length,
    bytes,
    offsets,
    marks: new Uint32Array(0),
    runs: [{ eventCount: events.length, source: '192.0.2.1', sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: [],
  };
}

/** Everything that the rows say, without where it stands. */
export function described(batch: EventBatch): string[] {
  const row = new EventRow(batch);
  return Array.from({ length: batch.raw.eventCount }, (_, index) =>
    JSON.stringify([row.move(index).toOcsf(), batch.status[index]]),
  );
}

/** Rows in are rows out, spans lie inside their rows, every code is known. */
export function checkColumns(batch: EventBatch): void {
  const rows = batch.raw.eventCount;
  assert.equal(batch.status.length, rows, 'rows in = rows out');
  for (const column of batch.columns) {
    if (column.kind !== 'span') continue;
    for (let row = 0; row < rows; row++)
      checkSpan(batch, row, column.spans[2 * row] ?? 0, column.spans[2 * row + 1] ?? 0);
  }
  for (let i = 0; i < batch.unmapped.length; i += 5) {
    const [row = 0, keyStart = 0, keyEnd = 0, start = 0, end = 0] = batch.unmapped.subarray(
      i,
      i + 5,
    );
    checkSpan(batch, row, keyStart, keyEnd);
    checkSpan(batch, row, start, end);
  }
  for (let i = 0; i < batch.marks.length; i += 3) {
    const [row = 0, mark = 0, offset = 0] = batch.marks.subarray(i, i + 3);
    assert.notEqual(markName(mark), 'unknown', `mark ${mark} is known`);
    const length = (batch.raw.offsets[row + 1] ?? 0) - (batch.raw.offsets[row] ?? 0);
    assert.ok(offset <= length, `${markName(mark)} at ${offset} of ${length} bytes`);
  }
  for (let row = 0; row < rows; row++) {
    assert.ok(STATUSES.has(batch.status[row] ?? -1), `status ${batch.status[row]} is known`);
    const reason = batch.quarantine[row] ?? 0;
    assert.ok(reason === 0 || REASONS.has(markName(reason)), `reason ${markName(reason)} is one`);
  }
}

function checkSpan(batch: EventBatch, row: number, start: number, end: number): void {
  if (start === end) return;
  const { bytes, offsets } = batch.raw;
  const isInScratch = start >= bytes.length && end <= bytes.length + batch.scratch.length;
  const isInRow = start >= (offsets[row] ?? 0) && end <= (offsets[row + 1] ?? 0);
  const where = `row ${row}: span [${start}, ${end}) is inside of its event`;
  assert.ok(start < end && (isInScratch || isInRow), where);
}

export function checkRawBytes(batch: RawBatch, before: Uint8Array): void {
  assert.ok(Buffer.compare(batch.bytes, before) === 0, 'raw bytes are unchanged');
}

/** Throws when two descriptions differ, with both. */
export function checkSame(found: readonly string[], wanted: readonly string[], what: string): void {
  const asObjects = (rows: readonly string[]): unknown[] => rows.map((row) => JSON.parse(row));
  if (found.join('\n') !== wanted.join('\n'))
    assert.deepStrictEqual(asObjects(found), asObjects(wanted), what);
}

/** A copy that cannot be changed, at any depth. */
export function frozenCopy<T>(value: T): T {
  return freeze(structuredClone(value));
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
}

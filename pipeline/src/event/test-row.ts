// Rows for the tests of this folder and its neighbours.
import { allocateBytes, type RawBatch } from '../batch.js';
import { ColumnWriter } from '../runtime/column-writer.js';
import { LiveRow } from './live-row.js';
import type { Adds } from './types.js';

const encoder = new TextEncoder();

export function batchOf(...events: string[]): RawBatch {
  const parts = events.map((event) => encoder.encode(event));
  const bytes = allocateBytes(parts.reduce((sum, part) => sum + part.length, 0));
  const offsets = new Uint32Array(events.length + 1);
  parts.forEach((part, index) => {
    bytes.set(part, offsets[index]);
    offsets[index + 1] = (offsets[index] ?? 0) + part.length;
  });
  return {
    tenant: 'acme',
    stream: 'node/edge/0',
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: 1_772_366_400_000_000_000n,
    eventCount: events.length,
    bytes,
    offsets,
    marks: new Uint32Array(0),
    runs: [{ eventCount: events.length, source: '192.0.2.10', sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: [],
  };
}

/** A writer and its live row at the first row of the batch. */
export function openRow(batch: RawBatch, adds: Adds = {}) {
  const writer = new ColumnWriter();
  writer.begin(batch, [{ name: 'test', version: '1' }]);
  writer.openRow(0);
  const event = new LiveRow(writer, adds);
  event.begin(batch);
  event.move(0);
  return { writer, event };
}

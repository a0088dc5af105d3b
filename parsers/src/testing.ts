// Batches for the tests of this package.
import { allocateBytes, type InputFormat, type RawBatch } from '@weir/pipeline';

export interface BatchOptions {
  readonly format?: InputFormat;
  readonly receivedAtNs?: bigint;
  /** Triples as framing writes them. */
  readonly marks?: readonly number[];
}
/** 2026-03-01T12:00:00Z. */
export const RECEIVED_AT_NS = 1_772_366_400_000_000_000n;

export function batchOf(events: readonly Uint8Array[], options: BatchOptions = {}): RawBatch {
  const bytes = allocateBytes(events.reduce((sum, event) => sum + event.length, 0));
  const offsets = new Uint32Array(events.length + 1);
  events.forEach((event, index) => {
    const start = offsets[index] ?? 0;
    bytes.set(event, start);
    offsets[index + 1] = start + event.length;
  });
  return {
    tenant: 'default',
    stream: 'node/listener/0',
    retentionClass: 'default',
    format: options.format ?? 'syslog',
    receivedAtNs: options.receivedAtNs ?? RECEIVED_AT_NS,
    eventCount: events.length,
    bytes,
    offsets,
    marks: Uint32Array.from(options.marks ?? []),
    runs: [{ eventCount: events.length, source: '192.0.2.10', sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: [],
  };
}

const encoder = new TextEncoder();
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

// Batches for the tests of this package.
import { allocateBytes, type InputFormat, type RawBatch, type SourceRun } from '@weir/pipeline';

export interface BatchOptions {
  readonly format?: InputFormat;
  readonly receivedAtNs?: bigint;
  /** Triples as framing writes them. */
  readonly marks?: readonly number[];
  /** Of each event; none where absent. */
  readonly contexts?: readonly string[];
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
    runs: runsOf(events.length, options.contexts ?? []),
    requestParts: [],
    dispositions: [],
  };
}

function runsOf(eventCount: number, contexts: readonly string[]): SourceRun[] {
  const run = { source: '192.0.2.10', sourceSeqFirst: 0 };
  if (contexts.length === 0) return [{ ...run, eventCount, context: '' }];
  const runs: { eventCount: number; context: string }[] = [];
  for (const context of contexts) {
    const last = runs.at(-1);
    if (last?.context === context) last.eventCount++;
    else runs.push({ eventCount: 1, context });
  }
  return runs.map((part) => ({ ...run, ...part }));
}

const encoder = new TextEncoder();
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

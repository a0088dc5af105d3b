// What the driver writes and the judge expects, both from the same numbers: an event's text follows
// from stream, epoch and number, so a recovered one proves itself byte for byte.
import type { SequencedBatch } from '@weir/pipeline';
import { allocateBytes } from '@weir/pipeline';

export const STREAMS = ['lane/a/0', 'lane/a/1', 'lane/b/0'] as const;
export const CONSUMER = 'loader';
/** Small, so that a short run rotates, records and deletes. */
export const SEGMENT_BYTES = 4096;

const encoder = new TextEncoder();

export function eventText(stream: string, epoch: bigint, seq: number): string {
  let state = (Math.imul(seq + 1, 2_654_435_761) ^ Number(epoch & 0xffff_ffffn)) >>> 0;
  let noise = '';
  const length = state % 160;
  while (noise.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    noise += state.toString(36);
  }
  return `${stream} ${epoch} ${seq} ${noise}`;
}

export function batchOf(
  stream: string,
  epoch: bigint,
  seqFirst: number,
  eventCount: number,
): SequencedBatch {
  const events = Array.from({ length: eventCount }, (_, i) =>
    encoder.encode(eventText(stream, epoch, seqFirst + i)),
  );
  const bytes = allocateBytes(events.reduce((sum, event) => sum + event.length, 0));
  const offsets = new Uint32Array(eventCount + 1);
  let at = 0;
  for (const [i, event] of events.entries()) {
    bytes.set(event, at);
    at += event.length;
    offsets[i + 1] = at;
  }
  return {
    tenant: 'default',
    stream,
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: 1_767_225_600_000_000_000n,
    eventCount,
    bytes,
    offsets,
    marks: new Uint32Array(0),
    runs: [{ eventCount, source: '192.0.2.1', sourceSeqFirst: seqFirst, context: '' }],
    requestParts: [],
    dispositions: [],
    epoch,
    seqFirst,
  };
}

/** The first event of the batch whose bytes are not what its number says; null when all are. */
export function firstWrongEvent(batch: SequencedBatch): string | null {
  const text = new TextDecoder();
  for (let i = 0; i < batch.eventCount; i++) {
    const found = text.decode(batch.bytes.subarray(batch.offsets[i], batch.offsets[i + 1]));
    const expected = eventText(batch.stream, batch.epoch, batch.seqFirst + i);
    if (found !== expected) return `${batch.stream} ${batch.epoch} ${batch.seqFirst + i}`;
  }
  return null;
}

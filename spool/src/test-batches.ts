// Batches for the tests of this package. Not part of its exports.
import { createHash } from 'node:crypto';
import type { Disposition, RequestPart, SequencedBatch } from '@weir/pipeline';
import { allocateBytes } from '@weir/pipeline';

export interface BatchShape {
  readonly tenant?: string;
  readonly stream?: string;
  readonly epoch: bigint;
  readonly seqFirst: number;
  readonly events: readonly Uint8Array[];
  readonly requestParts?: readonly RequestPart[];
  readonly dispositions?: readonly Disposition[];
  readonly receivedAtNs?: bigint;
}

export function makeBatch(shape: BatchShape): SequencedBatch {
  const { events, seqFirst } = shape;
  const bytes = allocateBytes(events.reduce((sum, event) => sum + event.length, 0));
  const offsets = new Uint32Array(events.length + 1);
  let at = 0;
  for (const [i, event] of events.entries()) {
    bytes.set(event, at);
    at += event.length;
    offsets[i + 1] = at;
  }
  return {
    tenant: shape.tenant ?? 'default',
    stream: shape.stream ?? 'node/syslog/0',
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: shape.receivedAtNs ?? 1_767_225_600_000_000_000n,
    eventCount: events.length,
    bytes,
    offsets,
    marks: new Uint32Array(0),
    runs:
      events.length === 0
        ? []
        : [
            {
              eventCount: events.length,
              source: '192.0.2.1',
              sourceSeqFirst: seqFirst,
              context: '',
            },
          ],
    requestParts: shape.requestParts ?? [],
    dispositions: shape.dispositions ?? [],
    epoch: shape.epoch,
    seqFirst,
  };
}

/** One text event per number, so that content proves identity. */
export function textBatch(
  stream: string,
  epoch: bigint,
  seqFirst: number,
  count: number,
  fill = 40,
): SequencedBatch {
  const events = Array.from({ length: count }, (_, i) =>
    new TextEncoder().encode(`${stream} ${epoch} ${seqFirst + i} ${noise(seqFirst + i, fill)}`),
  );
  return makeBatch({ stream, epoch, seqFirst, events });
}

/** Text that does not compress away, the same for the same number. */
function noise(seed: number, length: number): string {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += state.toString(36);
  }
  return text.slice(0, length);
}

/** Equal for batches that are equal in everything that must survive. */
export function fingerprintOf(batch: SequencedBatch): string {
  const { stream, epoch, seqFirst, eventCount } = batch;
  const digest = createHash('sha1')
    .update(JSON.stringify([batch.tenant, stream, batch.retentionClass, batch.format]))
    .update(`${batch.receivedAtNs} ${batch.offsets.join()} ${batch.marks.join()}`)
    .update(
      JSON.stringify([
        batch.runs.map((run) => [run.eventCount, run.source, run.sourceSeqFirst, run.context]),
        batch.requestParts.map((part) => [
          part.key,
          Buffer.from(part.bodySha256).toString('hex'),
          part.eventIndexFirst,
          part.eventCount,
          part.itemIndexFirst,
          part.itemCount,
        ]),
        batch.dispositions.map((d) => [d.kind, d.cause, d.seqRanges, d.eventCount]),
      ]),
    )
    .update(batch.bytes)
    .digest('hex')
    .slice(0, 12);
  return `${stream} ${epoch} ${seqFirst}+${eventCount} ${digest}`;
}

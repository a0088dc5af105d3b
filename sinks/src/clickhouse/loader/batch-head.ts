import type { Disposition, FramePosition, SequencedBatch, SpooledBatch } from '@weir/pipeline';

/** What the loader keeps of a batch after its bytes went to a worker. */
export interface BatchHead {
  readonly position: FramePosition;
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly seqFirst: number;
  readonly eventCount: number;
  readonly byteCount: number;
  readonly ingestUs: number;
  readonly partition: string;
  readonly dispositions: readonly Disposition[];
}

const US_PER_DAY = 86_400_000_000n;

/** As the tables' PARTITION BY: day of ingest_time (UTC) and retention class. */
const partitionOf = (batch: SequencedBatch): string =>
  `${batch.receivedAtNs / 1000n / US_PER_DAY}/${batch.retentionClass}`;

export function headOf({ position, batch }: SpooledBatch): BatchHead {
  return {
    position,
    tenant: batch.tenant,
    stream: batch.stream,
    epoch: batch.epoch,
    seqFirst: batch.seqFirst,
    eventCount: batch.eventCount,
    byteCount: batch.bytes.length,
    ingestUs: Number(batch.receivedAtNs / 1000n),
    partition: partitionOf(batch),
    dispositions: batch.dispositions,
  };
}

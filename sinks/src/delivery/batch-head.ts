import type { Disposition, FramePosition, SpooledBatch } from '@weir/pipeline';

/** What delivery keeps of a batch after its bytes went to a worker. */
export interface BatchHead {
  readonly position: FramePosition;
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly seqFirst: number;
  readonly eventCount: number;
  readonly byteCount: number;
  readonly ingestUs: number;
  readonly retentionClass: string;
  readonly dispositions: readonly Disposition[];
}

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
    retentionClass: batch.retentionClass,
    dispositions: batch.dispositions,
  };
}

/** In log order: negative if the first stands before the second. */
export const comparePositions = (a: FramePosition, b: FramePosition): number =>
  a.segmentId - b.segmentId || a.frameNo - b.frameNo;

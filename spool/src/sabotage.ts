// The planted fault `drop_event`: a batch without its last event. A proof must notice.
import type { SequencedBatch } from '@weir/pipeline';

export function dropLastEvent(batch: SequencedBatch): SequencedBatch {
  const eventCount = batch.eventCount - 1;
  const offsets = batch.offsets.slice(0, eventCount + 1);
  let left = eventCount;
  const runs = batch.runs.map((run) => {
    const kept = Math.min(run.eventCount, left);
    left -= kept;
    return { ...run, eventCount: kept };
  });
  return {
    ...batch,
    eventCount,
    offsets,
    bytes: batch.bytes.slice(0, offsets[eventCount] ?? 0),
    runs: runs.filter((run) => run.eventCount > 0),
  };
}

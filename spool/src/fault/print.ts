// A short text that is equal for batches that are equal in everything that must survive.
import { crc32c } from '@node-rs/crc32';
import type { SequencedBatch } from '@weir/pipeline';

export function printOf(batch: SequencedBatch): string {
  const { stream, epoch, seqFirst, eventCount, offsets, bytes } = batch;
  let crc = crc32c(bytes);
  crc = crc32c(new Uint8Array(offsets.buffer, offsets.byteOffset, offsets.byteLength), crc);
  let rest = `${batch.tenant} ${batch.retentionClass} ${batch.format} ${batch.receivedAtNs}`;
  for (const { eventCount: count, source, sourceSeqFirst, context } of batch.runs)
    rest += `|${count} ${source} ${sourceSeqFirst} ${context}`;
  for (const part of batch.requestParts)
    rest += `|${part.key} ${part.bodySha256[0]} ${part.eventIndexFirst} ${part.eventCount} ${part.itemIndexFirst} ${part.itemCount}`;
  for (const { kind, cause, seqRanges, eventCount: count } of batch.dispositions)
    rest += `|${kind} ${cause} ${seqRanges.join()} ${count}`;
  if (batch.marks.length > 0) rest += `|${batch.marks.join()}`;
  return `${stream} ${epoch} ${seqFirst}+${eventCount} ${crc >>> 0} ${crc32c(rest) >>> 0}`;
}

// Entry of a pipeline worker: bytes to columns to blocks. It keeps nothing from one batch to the
// next but reused memory.
import { parseBatch } from '@weir/parsers';
import { ColumnWriter, type EncodedBatch, type ProcessTask } from '@weir/pipeline';
import { moveResult } from '@weir/pipeline/node';
import { encodeBatch } from '@weir/sinks/clickhouse/native';

const writer = new ColumnWriter();

export default function processTask({ batch, skipSeqs }: ProcessTask): EncodedBatch {
  const encoded = encodeBatch(parseBatch(batch, writer), batch, skipSeqs);
  const buffers = [encoded.events, encoded.quarantine].flatMap((block) =>
    block === null ? [] : [block.bytes.buffer],
  );
  return moveResult(encoded, buffers);
}

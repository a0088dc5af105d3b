// Entry of a pipeline worker: bytes to columns to blocks. It keeps nothing from one batch to the next
// but reused memory.
import { parseBatch } from '@weir/parsers';
import {
  ColumnWriter,
  type EncodedBatch,
  type EventBatch,
  MARK,
  type ProcessTask,
  type SequencedBatch,
  STATUS,
} from '@weir/pipeline';
import { moveResult } from '@weir/pipeline/node';
import { encodeBatch } from '@weir/sinks/clickhouse/native';

const writer = new ColumnWriter();

export default function processTask(task: ProcessTask): EncodedBatch {
  const { batch, skipSeqs, mode } = task;
  const events = mode === 'parse' ? parseBatch(batch, writer) : unparsed(batch);
  const encoded = encodeBatch(events, batch, skipSeqs);
  const buffers = [encoded.events, encoded.quarantine].flatMap((block) =>
    block === null ? [] : [block.bytes.buffer],
  );
  return moveResult(encoded, buffers);
}

/** For a batch on which a worker failed twice: all its rows go to quarantine with their bytes. */
function unparsed(batch: SequencedBatch): EventBatch {
  const { eventCount } = batch;
  const marks = new Uint32Array(eventCount * 3);
  for (let row = 0; row < eventCount; row++) marks.set([row, MARK.parse_error, 0], row * 3);
  return {
    raw: batch,
    scratch: new Uint8Array(0),
    status: new Uint8Array(eventCount).fill(STATUS.unparsed),
    columns: [],
    unmapped: new Uint32Array(0),
    quarantine: new Uint8Array(eventCount).fill(MARK.parse_error),
    marks,
    parserIndex: new Uint8Array(eventCount),
    parsers: [{ name: 'none', version: '0' }],
  };
}

// Entry of a pipeline worker: bytes to columns to the encoding of a sink. It keeps nothing from one
// batch to the next but reused memory.
import {
  type EncodedBatch,
  outputMemory,
  type ProcessTask,
  type WorkerSetup,
} from '@weir/pipeline';
import { moveResult, setupOfWorker } from '@weir/pipeline/node';
import { createTaskProcessor } from './worker/processor.js';

const process = await createTaskProcessor(setupOfWorker() as WorkerSetup);

export default function processTask(task: ProcessTask): EncodedBatch {
  outputMemory.offer(task.spare);
  const encoded = process(task);
  const buffers = [encoded.events, encoded.quarantine].flatMap((block) =>
    block === null ? [] : [block.bytes.buffer],
  );
  return moveResult(encoded, buffers);
}

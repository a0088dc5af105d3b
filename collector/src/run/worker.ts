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
  const spentInput = task.batch.bytes.buffer;
  const blocks = [encoded.events, encoded.quarantine];
  // An encoder may hand on the bytes of the batch as they are.
  const buffers = new Set(blocks.flatMap((block) => (block === null ? [] : [block.bytes.buffer])));
  if (buffers.has(spentInput)) return moveResult(encoded, [...buffers]);
  return moveResult({ ...encoded, spentInput }, [...buffers, spentInput]);
}

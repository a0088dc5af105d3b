// One thread of the fault test: explores runs of seeds of its own until it has seen enough states.
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@weir/pipeline';
import { Explorer } from './fault-explorer.js';
import { recordTrace } from './fault-harness.js';

export interface FaultTask {
  readonly seed: number;
  readonly stateCountMin: number;
}
export interface FaultResult {
  readonly states: readonly string[];
  readonly traceCount: number;
  readonly nestedCount: number;
  readonly violation: string | null;
}

const task: FaultTask = workerData;
const explorer = new Explorer(task.seed);
let traceCount = 0;
while (explorer.stateCount < task.stateCountMin && explorer.violation === null) {
  const trace = await recordTrace(task.seed + traceCount++, null);
  for (const moment of trace.moments) {
    await explorer.explore(trace, moment, 2);
    if (explorer.violation !== null || explorer.stateCount >= task.stateCountMin * 1.2) break;
  }
}
assert(parentPort !== null, 'the fault worker runs as a thread');
const result: FaultResult = {
  states: [...explorer.states],
  traceCount,
  nestedCount: explorer.nestedCount,
  violation: explorer.violation,
};
parentPort.postMessage(result);

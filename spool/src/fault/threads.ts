// Runs tasks of lanes in threads: two, as the machines that test have, and because the runner's
// hooks on promises would triple the time in the main thread.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { messageOf } from '@weir/pipeline';
import { type LaneResult, type LaneTask, runLane } from './lanes.js';

export const THREAD_COUNT = 2;

/** The result of a task in a thread of its own. A thread that dies is a violation, too. */
export function runInThread(task: LaneTask): Promise<LaneResult> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: task,
      env: { ...process.env, WEIR_PLANTED_BUGS: 'allowed' },
    });
    const died = (reason: string): void => resolve(deadResult(reason));
    worker.once('message', resolve);
    worker.once('error', (error) => died(messageOf(error)));
    worker.once('exit', (code) => died(`the thread ended with code ${code}`));
  });
}

const deadResult = (reason: string): LaneResult => ({
  count: 0,
  states: new Float64Array(0),
  traceCount: 0,
  violation: `I7: ${reason}`,
  way: null,
  seen: {},
});

if (!isMainThread && parentPort !== null) {
  // Errors are part of the plan here; their stacks would cost more than the rest.
  Error.stackTraceLimit = 0;
  const port = parentPort;
  // A broken invariant ends a real process; here it is what the lane looks for.
  process.once('unhandledRejection', (error) => {
    port.postMessage(deadResult(messageOf(error)));
    setImmediate(() => process.exit(0));
  });
  port.postMessage(await runLane(workerData as LaneTask));
}

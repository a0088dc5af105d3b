// The worker pool, on piscina. Its defaults are changed on purpose: an unbounded queue would hide
// back-pressure, and `atomics: 'sync'` starves the timers of a worker.
import { move, Piscina, transferableSymbol, valueSymbol } from 'piscina';
import { messageOf, WeirError } from '../errors.js';
import type { Workers } from '../ports.js';

export interface NodeWorkersOptions {
  /** Module that exports the task function as default. */
  readonly entry: URL;
  readonly workerCount: number;
  /** Tasks waiting for a worker; callers keep below it. */
  readonly queueTaskCountMax: number;
  /** Heap of one worker, MiB. */
  readonly heapMiBMax: number;
  /** Given to each worker at its start; it reads it with `setupOfWorker`. */
  readonly setup?: unknown;
}

export function nodeWorkers<Task, Result>(options: NodeWorkersOptions): Workers<Task, Result> {
  const pool = new Piscina<Task, Result>({
    filename: options.entry.href,
    minThreads: options.workerCount,
    maxThreads: options.workerCount,
    concurrentTasksPerWorker: 2,
    maxQueue: options.queueTaskCountMax,
    atomics: 'async',
    recordTiming: false,
    workerData: options.setup,
    resourceLimits: { maxOldGenerationSizeMb: options.heapMiBMax },
  });
  return {
    workerCount: options.workerCount,
    async run(task, transfer) {
      try {
        return await pool.run(task, { transferList: [...transfer] });
      } catch (error) {
        throw new WeirError(
          'WEIR_WORKER_FAILED',
          `a pipeline worker failed: ${messageOf(error)}`,
          {},
          error,
        );
      }
    },
    close: () => pool.close({ force: true }),
  };
}

/** Wraps a worker's result so that its buffers are moved to the main thread instead of copied. */
export function moveResult<Result>(result: Result, buffers: readonly ArrayBuffer[]): Result {
  const wrapped = { [transferableSymbol]: buffers, [valueSymbol]: result };
  // Piscina unwraps it before posting; the task's type is that of the value.
  return move(wrapped as never) as unknown as Result;
}

/** What `setup` of the pool was, seen from inside a worker. */
export const setupOfWorker = (): unknown => Piscina.workerData;

// A pool of workers in one thread: a task runs whole, after a delay that a test chooses, and may
// fail in every way that a worker can.
import type { RunOptions, Timers, Workers } from '../ports.js';
import { type WorkerFailureKind, workerError } from '../worker-failure.js';

/** What becomes of one task. */
export interface SimWorkerPlan {
  /** How long the task has its worker. */
  readonly delayMs: number;
  /** null: it ends well. `hung` takes until the task's time is over. */
  readonly failure: WorkerFailureKind | null;
}

export interface SimWorkersOptions<Task, Result> {
  readonly timers: Timers;
  readonly workerCount: number;
  /** Runs in place of the worker's code; what it throws counts as `threw`. */
  readonly process: (task: Task) => Result;
  readonly plan: () => SimWorkerPlan;
  /**
   * Moves the buffers of a task to the worker, so that whoever looks at them afterwards finds them
   * empty, and gives back the task as the worker sees it.
   */
  readonly move: (task: Task, transfer: readonly ArrayBuffer[]) => Task;
  readonly timeoutMs?: number;
}

interface Waiting<Task, Result> {
  readonly task: Task;
  readonly timeoutMs: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/** A worker that dies or hangs is ended; the tasks that wait are not touched by it. */
export class SimWorkers<Task, Result> implements Workers<Task, Result> {
  readonly workerCount: number;
  readonly #options: SimWorkersOptions<Task, Result>;
  readonly #queue: Waiting<Task, Result>[] = [];
  #busyCount = 0;
  #isClosed = false;

  constructor(options: SimWorkersOptions<Task, Result>) {
    this.#options = options;
    this.workerCount = options.workerCount;
  }

  run(task: Task, transfer: readonly ArrayBuffer[], options?: RunOptions): Promise<Result> {
    if (this.#isClosed) return Promise.reject(failureOf('unavailable', 0));
    const moved = this.#options.move(task, transfer);
    const timeoutMs = options?.timeoutMs ?? this.#options.timeoutMs ?? 5_000;
    return new Promise((resolve, reject) => {
      this.#queue.push({ task: moved, timeoutMs, resolve, reject });
      this.#startNext();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#queue.splice(0)) reject(failureOf('unavailable', 0));
  }

  #startNext(): void {
    if (this.#busyCount >= this.workerCount) return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#busyCount++;
    const { delayMs, failure } = this.#options.plan();
    const takesMs = failure === 'hung' ? next.timeoutMs : delayMs;
    this.#options.timers.after(takesMs, () => {
      this.#busyCount--;
      this.#finish(next, failure, takesMs);
      this.#startNext();
    });
  }

  #finish(next: Waiting<Task, Result>, failure: WorkerFailureKind | null, ranMs: number): void {
    if (failure !== null) {
      next.reject(failureOf(failure, ranMs));
      return;
    }
    try {
      next.resolve(this.#options.process(next.task));
    } catch {
      next.reject(failureOf('threw', ranMs));
    }
  }
}

const failureOf = (kind: WorkerFailureKind, ranMs: number): Error =>
  workerError({ kind, message: `the worker ${kind}`, row: -1, component: null, ranMs });

// Workers for one sink on which a batch never fails as a whole: where a component throws, hangs or
// kills its worker, the batch is tried again, then in parts, and rows that fail alone go to
// quarantine as `component_failed`. Callers see a result that comes later, and no failure. What is
// done and how long it takes at most stands in docs/isolation.md.
import type { EncodedBatch, ProcessTask } from '../component.js';
import { LIMITS } from '../limits.js';
import type { Clock, RunOptions, Workers } from '../ports.js';
import { type WorkerFailure, type WorkerFailureKind, workerFailureOf } from '../worker-failure.js';
import { BufferPool } from './buffer-pool.js';
import {
  Isolation,
  type IsolationLimits,
  type IsolationReport,
  type QuarantineRows,
} from './isolation.js';

export interface IsolatingWorkersOptions {
  readonly workers: Workers<ProcessTask, EncodedBatch>;
  /** In the encoding of the sink. */
  readonly quarantineRows: QuarantineRows;
  readonly clock: Clock;
  /** Where copies of batches under way come from; a pool of its own when absent. */
  readonly batchMemory?: BufferPool;
  /** Told once for each batch with a failure that was its own. */
  readonly onIsolated?: (report: IsolationReport) => void;
  /** Told of each failure of a worker, for metrics; see `errorTypeOf`. */
  readonly onFailure?: (failure: WorkerFailure, task: ProcessTask) => void;
  /** Limits that differ from LIMITS. This one goes before the pool's. */
  readonly batchTimeoutMs?: number;
  readonly pieceTimeoutMs?: number;
  readonly lostMsMax?: number;
  readonly isolationsPerMinuteMax?: number;
}

/** `error_type` of component_errors_total for a failure of a worker. */
export const errorTypeOf = (failure: WorkerFailure): string => ERROR_TYPES[failure.kind];
const ERROR_TYPES: Readonly<Record<WorkerFailureKind, string>> = {
  threw: 'worker_threw',
  hung: 'worker_hung',
  died: 'worker_killed',
  bystander: 'worker_bystander',
  unavailable: 'worker_unavailable',
};

const MINUTE_MS = 60_000;

export class IsolatingWorkers implements Workers<ProcessTask, EncodedBatch> {
  readonly #options: IsolatingWorkersOptions;
  readonly #usual: IsolationLimits;
  readonly #storm: IsolationLimits;
  readonly #batchMemory: BufferPool;
  /** When the last isolations were, oldest first; no more than make a storm. */
  readonly #isolatedMs: number[] = [];

  constructor(options: IsolatingWorkersOptions) {
    this.#options = options;
    this.#batchMemory = options.batchMemory ?? new BufferPool(LIMITS.batchMemoryFreeBytesMax);
    const batchTimeoutMs = options.batchTimeoutMs ?? LIMITS.workerBatchTimeoutMs;
    this.#usual = {
      batchTimeoutMs,
      pieceTimeoutMs: Math.min(
        options.pieceTimeoutMs ?? LIMITS.workerPieceTimeoutMs,
        batchTimeoutMs,
      ),
      lostMsMax: options.lostMsMax ?? LIMITS.isolationLostMsMax,
    };
    this.#storm = {
      batchTimeoutMs: Math.min(LIMITS.stormBatchTimeoutMs, this.#usual.batchTimeoutMs),
      pieceTimeoutMs: Math.min(LIMITS.stormPieceTimeoutMs, this.#usual.pieceTimeoutMs),
      lostMsMax: Math.min(LIMITS.stormLostMsMax, this.#usual.lostMsMax),
    };
  }

  get workerCount(): number {
    return this.#options.workers.workerCount;
  }

  /**
   * The bytes are kept until the result is there, since a worker that ends takes them along: a
   * copy into memory that is used again costs a hundredth of what processing does, and reading the
   * spool again would hold up everything behind the batch.
   */
  async run(
    task: ProcessTask,
    transfer: readonly ArrayBuffer[],
    options?: RunOptions,
  ): Promise<EncodedBatch> {
    const { workers, onFailure } = this.#options;
    const copy = this.#batchMemory.copyOf(task.batch.bytes);
    try {
      return await workers.run(
        task,
        transfer,
        options ?? { timeoutMs: this.#limits().batchTimeoutMs },
      );
    } catch (error) {
      const failure = workerFailureOf(error);
      if (failure === null) throw error;
      onFailure?.(failure, task);
      if (failure.kind === 'unavailable') throw error;
      const batch = { ...task.batch, bytes: copy };
      // The failure may come from the condition of a tap, for which no event goes to quarantine.
      const taps = task.taps.filter(({ condition }) => condition === null);
      return await this.#isolate({ ...task, batch, spare: null, taps }, failure);
    } finally {
      this.#batchMemory.give(copy.buffer);
    }
  }

  close(): Promise<void> {
    return this.#options.workers.close();
  }

  async #isolate(task: ProcessTask, failure: WorkerFailure): Promise<EncodedBatch> {
    const { workers, quarantineRows, clock, onFailure, onIsolated } = this.#options;
    const isolation = new Isolation(task, {
      workers,
      quarantineRows,
      clock,
      limits: this.#limits(),
      onFailure: (next) => onFailure?.(next, task),
    });
    const encoded = await isolation.run(failure);
    if (isolation.isBlamed) this.#count();
    const report = isolation.report(this.#isStorm());
    if (report !== null) onIsolated?.(report);
    return encoded;
  }

  #limits(): IsolationLimits {
    return this.#isStorm() ? this.#storm : this.#usual;
  }

  #count(): void {
    this.#isolatedMs.push(this.#options.clock.monotonicMs());
    if (this.#isolatedMs.length > this.#stormCount) this.#isolatedMs.shift();
  }

  get #stormCount(): number {
    return (this.#options.isolationsPerMinuteMax ?? LIMITS.isolationsPerMinuteMax) + 1;
  }

  #isStorm(): boolean {
    if (this.#isolatedMs.length < this.#stormCount) return false;
    return this.#options.clock.monotonicMs() - (this.#isolatedMs[0] as number) < MINUTE_MS;
  }
}

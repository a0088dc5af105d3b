// Finds the rows of a batch on which workers fail, and makes of all others what would have been
// made of them. One batch, one part of it at a time.
import type { SequencedBatch } from '../batch.js';
import type { EncodedBatch, ProcessTask } from '../component.js';
import { LIMITS } from '../limits.js';
import type { Clock, Workers } from '../ports.js';
import { MARK } from '../taxonomy.js';
import { type WorkerFailure, type WorkerFailureKind, workerFailureOf } from '../worker-failure.js';
import { mergeEncoded, sliceBatch } from './batch-pieces.js';

/** Puts rows aside in the encoding of a sink: all of the batch that `skipSeqs` does not name. */
export type QuarantineRows = (
  batch: SequencedBatch,
  mark: typeof MARK.component_failed,
  skipSeqs: Float64Array | null,
) => EncodedBatch;

export interface IsolatedRow {
  readonly seq: number;
  readonly kind: WorkerFailureKind;
  readonly component: string | null;
  readonly message: string;
}

/** What became of a batch on which a worker failed. */
export interface IsolationReport {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly seqFirst: number;
  readonly eventCount: number;
  /** First failure. */
  readonly failure: WorkerFailure;
  /** Rows on which a worker failed when they were alone. They are in quarantine. */
  readonly rows: readonly IsolatedRow[];
  /** Rows that are in quarantine because the time for the batch was used up. */
  readonly untriedCount: number;
  readonly runCount: number;
  readonly durationMs: number;
  /** The sink had more isolations in a minute than it should: shorter times hold. */
  readonly isStorm: boolean;
}

export interface IsolationLimits {
  readonly batchTimeoutMs: number;
  readonly pieceTimeoutMs: number;
  readonly lostMsMax: number;
}

/** The time of a worker's start is lost, too, when it has to be replaced. */
const WORKER_START_MS = 500;

interface Piece {
  readonly first: number;
  readonly end: number;
  /** The one row at which a worker said it was. */
  readonly isSuspect?: boolean;
}

export interface IsolationOptions {
  readonly workers: Workers<ProcessTask, EncodedBatch>;
  readonly quarantineRows: QuarantineRows;
  readonly clock: Clock;
  readonly limits: IsolationLimits;
  /** Told of each failure, bystanders included. */
  readonly onFailure: (failure: WorkerFailure) => void;
}

export class Isolation {
  readonly #options: IsolationOptions;
  /** Its batch has its bytes. */
  readonly #task: ProcessTask;
  readonly #pieces: Piece[] = [];
  readonly #done: { readonly first: number; readonly encoded: EncodedBatch }[] = [];
  readonly #rows: IsolatedRow[] = [];
  readonly #startedMs: number;
  #firstFailure: WorkerFailure | null = null;
  #untriedCount = 0;
  #runCount = 0;
  #lostMs = 0;
  /** In a row. */
  #bystanderCount = 0;
  /** A row at which a worker ended passed alone: where workers end does not tell the bad row. */
  #isMisled = false;

  constructor(task: ProcessTask, options: IsolationOptions) {
    this.#task = task;
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
  }

  /**
   * Goes on after the first failure of the whole batch. Rejects only where no row is to blame: the
   * pool is not available, or the batch was a bystander again and again.
   */
  async run(failure: WorkerFailure): Promise<EncodedBatch> {
    this.#note({ first: 0, end: this.#task.batch.eventCount }, failure);
    for (let piece = this.#pieces.pop(); piece !== undefined; piece = this.#pieces.pop()) {
      if (this.#lostMs >= this.#options.limits.lostMsMax) this.#putAside(piece, null);
      else await this.#try(piece);
    }
    this.#done.sort((a, b) => a.first - b.first);
    return mergeEncoded(
      this.#done.map((part) => part.encoded),
      this.#task.taps,
    );
  }

  /** False while the batch was a bystander only. */
  get isBlamed(): boolean {
    return this.#firstFailure !== null;
  }

  /** Null when the batch was a bystander only. */
  report(isStorm: boolean): IsolationReport | null {
    if (this.#firstFailure === null) return null;
    const { tenant, stream, epoch, seqFirst, eventCount } = this.#task.batch;
    return {
      tenant,
      stream,
      epoch,
      seqFirst,
      eventCount,
      failure: this.#firstFailure,
      rows: this.#rows.toSorted((a, b) => a.seq - b.seq),
      untriedCount: this.#untriedCount,
      runCount: this.#runCount,
      durationMs: this.#options.clock.monotonicMs() - this.#startedMs,
      isStorm,
    };
  }

  async #try(piece: Piece): Promise<void> {
    const { workers, limits } = this.#options;
    const { first, end } = piece;
    const batch = sliceBatch(this.#task.batch, first, end);
    // As long as nothing speaks against the batch it has its full time.
    const timeoutMs = this.isBlamed ? limits.pieceTimeoutMs : limits.batchTimeoutMs;
    this.#runCount++;
    try {
      const task = { ...this.#task, batch, spare: null };
      const encoded = await workers.run(task, [batch.bytes.buffer], { timeoutMs });
      this.#done.push({ first, encoded });
      this.#bystanderCount = 0;
      if (piece.isSuspect === true) this.#isMisled = true;
    } catch (error) {
      const failure = workerFailureOf(error);
      if (failure === null) throw error;
      this.#options.onFailure(failure);
      this.#note(piece, failure, error);
    }
  }

  /** Decides what is tried next. The last piece in the list comes first. */
  #note(piece: Piece, failure: WorkerFailure, error?: unknown): void {
    const { first, end } = piece;
    if (failure.kind === 'unavailable') throw error;
    if (failure.kind === 'bystander') {
      if (++this.#bystanderCount > LIMITS.workerBystanderRetriesMax) throw error;
      this.#pieces.push(piece);
      return;
    }
    this.#bystanderCount = 0;
    const isFirst = this.#firstFailure === null;
    this.#firstFailure ??= failure;
    this.#lostMs += failure.ranMs + (failure.kind === 'threw' ? 0 : WORKER_START_MS);
    const suspect = first + failure.row;
    if (end - first === 1 && !isFirst) this.#putAside(piece, failure);
    else if (failure.row >= 0 && suspect < end && !this.#isMisled) this.#splitAt(piece, suspect);
    // It may have been an accident; from then on by halves.
    else if (isFirst) this.#pieces.push(piece);
    else this.#splitAt(piece, null);
  }

  #splitAt({ first, end }: Piece, suspect: number | null): void {
    if (suspect === null) {
      const middle = first + Math.floor((end - first) / 2);
      this.#pieces.push({ first: middle, end }, { first, end: middle });
      return;
    }
    if (suspect + 1 < end) this.#pieces.push({ first: suspect + 1, end });
    if (first < suspect) this.#pieces.push({ first, end: suspect });
    this.#pieces.push({ first: suspect, end: suspect + 1, isSuspect: true });
  }

  #putAside({ first, end }: Piece, failure: WorkerFailure | null): void {
    const batch = sliceBatch(this.#task.batch, first, end);
    const { quarantineRows } = this.#options;
    const encoded = quarantineRows(batch, MARK.component_failed, this.#task.skipSeqs);
    const component = failure?.component ?? null;
    const steps =
      component === null ? [] : [{ component, receivedEvents: 1, sentEvents: 0, failedEvents: 1 }];
    this.#done.push({ first, encoded: steps.length === 0 ? encoded : { ...encoded, steps } });
    if (failure === null) this.#untriedCount += end - first;
    else
      this.#rows.push({
        seq: batch.seqFirst,
        kind: failure.kind,
        component,
        message: failure.message,
      });
  }
}

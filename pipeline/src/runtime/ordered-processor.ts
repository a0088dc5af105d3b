// Batches through the worker pool: any worker takes any batch, results come back in the order of
// submission per stream, and never more than a fixed number is under way.
import type { SequencedBatch } from '../batch.js';
import type { BatchProcessor, EncodedBatch } from '../component.js';
import type { FailureRecord } from '../errors.js';
import { toFailure } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Workers } from '../ports.js';

/** What a worker is asked to do. Posted by copy: 150 KiB cost about 15 us, 0.03 us an event. */
export interface ProcessTask {
  readonly batch: SequencedBatch;
  readonly skipSeqs: Float64Array | null;
  /** `quarantine`: do not parse; every row goes to quarantine as parse_error. */
  readonly mode: 'parse' | 'quarantine';
}

export interface OrderedProcessorOptions {
  readonly workers: Workers<ProcessTask, EncodedBatch>;
  readonly inFlightBatchesMax?: number;
  /** Told of each failed attempt. */
  readonly onFailure?: (failure: FailureRecord, batch: SequencedBatch, attempt: number) => void;
}

/** Tries a batch once more on a fresh worker before its rows are quarantined unparsed. */
const PARSE_ATTEMPTS_MAX = 2;

export class OrderedProcessor implements BatchProcessor {
  readonly #options: OrderedProcessorOptions;
  readonly #inFlightMax: number;
  /** Per stream: settles when the last submitted batch of the stream has been given back. */
  readonly #tails = new Map<string, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #inFlightCount = 0;

  constructor(options: OrderedProcessorOptions) {
    this.#options = options;
    this.#inFlightMax = options.inFlightBatchesMax ?? LIMITS.poolBatchesInFlightMax;
  }

  get inFlightCount(): number {
    return this.#inFlightCount;
  }

  process(batch: SequencedBatch, skipSeqs: Float64Array | null): Promise<EncodedBatch> {
    const { stream } = batch;
    const previous = this.#tails.get(stream) ?? Promise.resolve();
    const ordered = this.#inOrder(previous, this.#attempt(batch, skipSeqs));
    const tail = ordered.then(ignore, ignore);
    this.#tails.set(stream, tail);
    void tail.then(() => {
      if (this.#tails.get(stream) === tail) this.#tails.delete(stream);
    });
    return ordered;
  }

  async #inOrder(previous: Promise<void>, run: Promise<EncodedBatch>): Promise<EncodedBatch> {
    const [result] = await Promise.allSettled([run, previous]);
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }

  async #attempt(batch: SequencedBatch, skipSeqs: Float64Array | null): Promise<EncodedBatch> {
    await this.#enter();
    try {
      for (let attempt = 1; attempt <= PARSE_ATTEMPTS_MAX; attempt++) {
        try {
          return await this.#options.workers.run({ batch, skipSeqs, mode: 'parse' }, []);
        } catch (error) {
          this.#options.onFailure?.(toFailure(error, 'WEIR_WORKER_FAILED'), batch, attempt);
        }
      }
      return await this.#options.workers.run({ batch, skipSeqs, mode: 'quarantine' }, []);
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#inFlightCount < this.#inFlightMax) {
      this.#inFlightCount++;
      return;
    }
    // The place is handed over by #leave, so the count stays.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inFlightCount--;
    else next();
  }
}

const ignore = (): void => {};

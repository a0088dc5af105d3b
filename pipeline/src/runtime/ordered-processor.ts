// Batches through the worker pool: any worker takes any batch, results come back in the order of
// submission per stream, and never more than a fixed number is under way.
import type { SequencedBatch } from '../batch.js';
import type {
  BatchProcessor,
  EncodedBatch,
  ProcessTask,
  SharedTable,
  TapRequest,
} from '../component.js';
import type { FailureRecord } from '../errors.js';
import { toFailure } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Clock, Workers } from '../ports.js';
import type { BufferPool } from './buffer-pool.js';
import { SpareBuffers } from './output-memory.js';

export interface OrderedProcessorOptions {
  readonly workers: Workers<ProcessTask, EncodedBatch>;
  /** Component id of the sink that the batches are for. */
  readonly sink: string;
  /** What is watched live right now; asked for each batch. */
  readonly taps?: () => readonly TapRequest[];
  /** Tables of the graph, as they are now; waited for, where a first one is still being read. */
  readonly tables?: () => readonly SharedTable[] | Promise<readonly SharedTable[]>;
  readonly inFlightBatchesMax?: number;
  /** Told how long each batch was with a worker, or waited for one. */
  readonly onProcessed?: (seconds: number) => void;
  readonly clock: Clock;
  /** Takes the memory of batches that workers are done with. */
  readonly batchMemory?: BufferPool;
  /** Told of each failure, before the caller is. */
  readonly onFailure?: (failure: FailureRecord, batch: SequencedBatch) => void;
}

export class OrderedProcessor implements BatchProcessor {
  readonly #options: OrderedProcessorOptions;
  readonly #inFlightMax: number;
  /** Per stream: settles when the last submitted batch of the stream has been given back. */
  readonly #tails = new Map<string, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  readonly #spares = new SpareBuffers(LIMITS.spareBuffersBytesMax);
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
    const ordered = this.#inOrder(previous, this.#run(batch, skipSeqs));
    const tail = ordered.then(ignore, ignore);
    this.#tails.set(stream, tail);
    void tail.then(() => {
      if (this.#tails.get(stream) === tail) this.#tails.delete(stream);
    });
    return ordered;
  }

  recycle({ events, quarantine }: EncodedBatch): void {
    for (const block of [events, quarantine])
      if (block !== null) this.#spares.give(block.bytes.buffer);
  }

  async #inOrder(previous: Promise<void>, run: Promise<EncodedBatch>): Promise<EncodedBatch> {
    const [result] = await Promise.allSettled([run, previous]);
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }

  /**
   * The bytes are moved, not copied: at 40,000 events/s the copies and the collection of their
   * memory were a fifth of the collector's CPU time. Whoever wants to try again reads the batch
   * again.
   */
  async #run(batch: SequencedBatch, skipSeqs: Float64Array | null): Promise<EncodedBatch> {
    await this.#enter();
    const { clock, workers, sink, onProcessed } = this.#options;
    const taps = this.#options.taps?.() ?? [];
    const read = this.#options.tables?.() ?? NO_TABLES;
    const tables = read instanceof Promise ? await read : read;
    const spare = this.#spares.take();
    const transfer = spare === null ? [batch.bytes.buffer] : [batch.bytes.buffer, spare];
    const startedMs = clock.monotonicMs();
    try {
      const task: ProcessTask = { batch, sink, skipSeqs, taps, spare };
      const encoded = await workers.run(tables.length === 0 ? task : { ...task, tables }, transfer);
      if (encoded.spentInput !== undefined) this.#options.batchMemory?.give(encoded.spentInput);
      onProcessed?.((clock.monotonicMs() - startedMs) / 1000);
      return encoded;
    } catch (error) {
      this.#options.onFailure?.(toFailure(error, 'WEIR_WORKER_FAILED'), batch);
      throw error;
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

const NO_TABLES: readonly SharedTable[] = [];
const ignore = (): void => {};

// Takes batches from the spool into ClickHouse, each event once (design 5). The order of steps is
// the whole of the argument: a durable intent, the rows, dispositions, ledger, then the frontier.
// On anything uncertain: fence, read back by identity, insert what is missing.
import {
  type EncodedBatch,
  InvariantError,
  MARK,
  messageOf,
  type SequencedBatch,
  type SpooledBatch,
  WeirError,
} from '@weir/pipeline';
import { isDataError, type Store, type TableNames, tableNames } from '../store/index.js';
import { Delivery } from './delivery.js';
import { Gatherer } from './gatherer.js';
import { type BatchHead, EMPTY_ENCODED, Group, type GroupEntry, headOf } from './group.js';
import { comparePositions, type Intent, IntentFile } from './intent.js';
import { type Landed, readBack } from './landed.js';
import {
  LOADER_LIMITS,
  type LoaderLimits,
  type LoaderOptions,
  type LoaderState,
  type LoaderStats,
} from './options.js';
import { insertByPieces, quarantineWhole } from './put-aside.js';

const RETRY_DELAY_MS_MIN = 100;
/** A worker may fail by an accident; a batch that fails so often is put aside. */
const WORKER_FAILURES_MAX = 3;
const DRAIN_POLL_MS = 20;

export class Loader {
  readonly #options: LoaderOptions;
  readonly #limits: LoaderLimits;
  readonly #tables: TableNames;
  readonly #delivery: Delivery;
  #gatherer: Gatherer | null = null;
  #state: LoaderState = 'ok';
  #lastError: string | null = null;
  #retryCount = 0;
  #draining = false;
  /** A statement was sent whose reply never came. */
  #isUncertain = false;
  /** The store refused the data of the open intent: its batches go one by one. */
  #isRefused = false;
  /** Events still to be checked against the tables batch by batch, as the intent was unreadable. */
  #eventsToCheck = 0;
  /** Failures of workers by batch; while there are any, batches are processed one at a time. */
  readonly #workerFailures = new Map<string, number>();

  constructor(given: LoaderOptions) {
    const options = { ...given, store: this.#watched(given.store) };
    this.#options = options;
    this.#limits = { ...LOADER_LIMITS, ...options.limits };
    this.#tables = tableNames(options.eventsTable);
    this.#delivery = new Delivery(
      options,
      this.#tables,
      new IntentFile(options.files, options.intentDirectory),
    );
  }

  stats(): LoaderStats {
    const oldestUs =
      this.#gatherer?.oldestIngestUs ?? this.#delivery.openIntent?.ingestUsFirst ?? null;
    const nowUs = Number(this.#options.clock.nowNs() / 1000n);
    return {
      ...this.#delivery.counts(),
      retryCount: this.#retryCount,
      state: this.#state,
      lastError: this.#lastError,
      lagMs: oldestUs === null ? 0 : Math.max(0, (nowUs - oldestUs) / 1000),
    };
  }

  /**
   * Resolves after the signal has aborted and the insert under way has ended, or after the consumer
   * was closed and everything is settled. Failures are tried again for ever, with growing delay;
   * only a broken invariant rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    let delayMs = RETRY_DELAY_MS_MIN;
    let isStarted = false;
    while (!signal.aborted) {
      const settledBefore = this.#delivery.settledCount;
      try {
        if (!isStarted) await this.#loadIntent();
        isStarted = true;
        await this.#recover(signal);
        await this.#gather(signal);
        return;
      } catch (error) {
        if (error instanceof InvariantError) throw error;
        if (signal.aborted) return;
        if (this.#delivery.settledCount > settledBefore) delayMs = RETRY_DELAY_MS_MIN;
        this.#noteFailure(error, delayMs);
        await this.#options.timers.sleep(this.#jittered(delayMs), signal);
        delayMs = Math.min(delayMs * 2, this.#limits.retryDelayMsMax);
      }
    }
  }

  /** Sends what is there without waiting for more. True when nothing is pending any more. */
  async drain(deadlineMs: number): Promise<boolean> {
    const { clock, consumer, timers } = this.#options;
    this.#draining = true;
    const endMs = clock.monotonicMs() + deadlineMs;
    while (consumer.pendingFrameCount > 0 && clock.monotonicMs() < endMs) {
      this.#gatherer?.nudge();
      await timers.sleep(DRAIN_POLL_MS);
    }
    return consumer.pendingFrameCount === 0;
  }

  async #loadIntent(): Promise<void> {
    const isReadable = await this.#delivery.loadIntent();
    // Whoever wrote the intent may have sent statements that still run.
    this.#isUncertain = !isReadable || this.#delivery.openIntent !== null;
    if (isReadable) return;
    this.#options.log('the loader intent cannot be read: rows are checked before they are sent');
    this.#eventsToCheck = this.#limits.rowsMax * 2;
  }

  /** Finishes the open intent, if there is one. */
  async #recover(signal: AbortSignal): Promise<void> {
    if (this.#isUncertain) {
      await this.#options.fence(this.#delivery.queryIdPrefix);
      this.#isUncertain = false;
    }
    const intent = this.#delivery.openIntent;
    if (intent !== null) await this.#replay(intent, signal);
  }

  async #replay(intent: Intent, signal: AbortSignal): Promise<void> {
    const { consumer, log } = this.#options;
    const { ranges, ingestUsFirst, ingestUsLast } = intent;
    const landed = await this.#readBack(ranges, ingestUsFirst, ingestUsLast);
    const next = { ...intent, attempt: intent.attempt + 1 };
    if (this.#isRefused) await this.#delivery.begin(next);
    consumer.rewind();
    const group = new Group(0);
    for (;;) {
      const spooled = await consumer.read(signal);
      if (spooled === null) throw new WeirError('WEIR_ABORTED', 'stopped during a replay');
      const order = comparePositions(spooled.position, intent.to);
      if (order <= 0) group.add(await this.#replayed(spooled, landed, next));
      // Beyond it: the last frames of the intent are gone from the spool.
      if (order >= 0) break;
    }
    if (group.entries.length === 0) {
      this.#delivery.abandon();
      return;
    }
    await this.#delivery.deliverAs(next, group, landed);
    this.#isRefused = false;
    log(`intent ${intent.id} is complete at attempt ${next.attempt}: ${group.rowCount} rows sent`);
    this.#noteSuccess();
  }

  async #replayed(spooled: SpooledBatch, landed: Landed, intent: Intent): Promise<GroupEntry> {
    const head = headOf(spooled);
    const known = landed.skipSeqs(head);
    if (head.eventCount === 0) return { head, encoded: EMPTY_ENCODED };
    if (!this.#isRefused) return { head, encoded: await this.#process(spooled.batch, known) };
    const encoded = await insertByPieces(spooled.batch, known, {
      process: (batch, skipSeqs) => this.#process(batch, skipSeqs),
      insert: ({ events, quarantine }) =>
        this.#delivery.insert(
          intent,
          events === null ? [] : [events.bytes],
          quarantine === null ? [] : [quarantine.bytes],
        ),
    });
    return { head, encoded };
  }

  async #gather(signal: AbortSignal): Promise<void> {
    const { consumer, clock, timers } = this.#options;
    consumer.rewind();
    this.#gatherer = new Gatherer({
      limits: this.#limits,
      // One at a time shows which batch it is that fails.
      batchesInFlightMax: () =>
        this.#workerFailures.size > 0 ? 1 : this.#limits.batchesInFlightMax,
      clock,
      timers,
      consumer,
      process: (batch, skipSeqs) => this.#process(batch, skipSeqs),
      isDraining: () => this.#draining,
      landedOf: (head) => this.#landedOf(head),
      deliver: async (group, landed) => {
        await this.#delivery.deliver(group, landed);
        this.#noteSuccess();
      },
    });
    try {
      await this.#gatherer.run(signal);
    } finally {
      this.#gatherer = null;
    }
  }

  /** A batch on which workers have failed too often goes to quarantine without being parsed. */
  async #process(batch: SequencedBatch, skipSeqs: Float64Array | null): Promise<EncodedBatch> {
    const key = `${batch.tenant}/${batch.stream}/${batch.epoch}/${batch.seqFirst}`;
    const failureCount = this.#workerFailures.get(key) ?? 0;
    if (failureCount >= WORKER_FAILURES_MAX) {
      this.#workerFailures.delete(key);
      return quarantineWhole(batch, MARK.parse_error, skipSeqs);
    }
    try {
      const encoded = await this.#options.processor.process(batch, skipSeqs);
      this.#workerFailures.delete(key);
      return encoded;
    } catch (error) {
      if (error instanceof WeirError && error.code === 'WEIR_WORKER_FAILED')
        this.#workerFailures.set(key, failureCount + 1);
      throw error;
    }
  }

  async #landedOf(head: BatchHead): Promise<Landed | null> {
    if (this.#eventsToCheck <= 0 || head.eventCount === 0) return null;
    this.#eventsToCheck -= head.eventCount;
    const { tenant, stream, seqFirst } = head;
    const seqLast = seqFirst + head.eventCount - 1;
    const range = { tenant, stream, epoch: String(head.epoch), seqFirst, seqLast };
    return this.#readBack([range], head.ingestUs, head.ingestUs);
  }

  #readBack(ranges: Intent['ranges'], usFirst: number, usLast: number): Promise<Landed> {
    return readBack(this.#options.store, this.#tables, ranges, usFirst, usLast);
  }

  /** The store, with a note of every statement whose reply never came and of refused data. */
  #watched(store: Store): Store {
    const watch = async <T>(reply: Promise<T>): Promise<T> => {
      try {
        return await reply;
      } catch (error) {
        const isReply = error instanceof WeirError && error.code === 'WEIR_STORE_REJECTED';
        if (!isReply) this.#isUncertain = true;
        throw error;
      }
    };
    return {
      url: store.url,
      query: (sql, params) => store.query(sql, params),
      stream: (sql, params) => store.stream(sql, params),
      command: (sql, params, settings) => watch(store.command(sql, params, settings)),
      insertNative: async (sql, blocks, options) => {
        try {
          await watch(store.insertNative(sql, blocks, options));
        } catch (error) {
          if (isDataError(error)) this.#isRefused = true;
          throw error;
        }
      },
      ping: () => store.ping(),
      close: () => store.close(),
    };
  }

  #noteSuccess(): void {
    if (this.#state !== 'ok') this.#options.log('ClickHouse takes rows again');
    this.#state = 'ok';
    this.#lastError = null;
  }

  #noteFailure(error: unknown, delayMs: number): void {
    this.#retryCount++;
    const isUnreachable = error instanceof WeirError && error.code === 'WEIR_STORE_UNREACHABLE';
    const state = isUnreachable ? 'unreachable' : 'retrying';
    const text = messageOf(error);
    // Once for each trouble, not at each try.
    if (state !== this.#state || text !== this.#lastError)
      this.#options.log(`loader: ${text}; next try in ${delayMs} ms, the spool keeps everything`);
    this.#state = state;
    this.#lastError = text;
  }

  /** Between a half and the whole of the delay. */
  #jittered(delayMs: number): number {
    const random = this.#options.random?.u32();
    return random === undefined ? delayMs : delayMs * (0.5 + random / 2 ** 33);
  }
}

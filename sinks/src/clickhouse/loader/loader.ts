// Takes batches from the spool into ClickHouse, each event once (design 5). The order of steps is the
// whole of the argument: a durable intent, the rows, dispositions, ledger, then the frontier. On
// anything uncertain: fence, read back by identity, insert what is missing.
import {
  InvariantError,
  messageOf,
  type SequencedBatch,
  type SpooledBatch,
  WeirError,
} from '@weir/pipeline';
import { isDataError, isDeterministic, type TableNames, tableNames } from '../store/index.js';
import { Delivery } from './delivery.js';
import { Gatherer, ProcessingError } from './gatherer.js';
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
import { allBut, copyBatch, quarantineBlock } from './put-aside.js';

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
  /** Events still to be checked against the tables one batch at a time, as the intent was unreadable. */
  #eventsToCheck = 0;
  #workerFailures: { readonly seqFirst: number; readonly stream: string; count: number } | null =
    null;
  #rejectedByStore = false;

  constructor(options: LoaderOptions) {
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
    const oldestUs = this.#gatherer?.oldestIngestUs ?? null;
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
   * Resolves after the signal has aborted and the insert under way has ended. Failures are tried
   * again for ever, with growing delay; only a broken invariant rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    let delayMs = RETRY_DELAY_MS_MIN;
    let isStarted = false;
    while (!signal.aborted) {
      const insertCountBefore = this.#delivery.settledCount;
      try {
        if (!isStarted) await this.#loadIntent();
        isStarted = true;
        await this.#recover(signal);
        await this.#gather(signal);
      } catch (error) {
        if (error instanceof InvariantError) throw error;
        if (this.#delivery.settledCount > insertCountBefore) delayMs = RETRY_DELAY_MS_MIN;
        this.#noteFailure(error, delayMs);
        await this.#options.timers.sleep(this.#jittered(delayMs), signal);
        delayMs = Math.min(delayMs * 2, this.#limits.retryDelayMsMax);
        continue;
      }
      // The consumer was closed: there is nothing more to do.
      return;
    }
  }

  /** Sends what is there without waiting for more. True when nothing is pending any more. */
  async drain(deadlineMs: number): Promise<boolean> {
    const { clock, consumer, timers } = this.#options;
    this.#draining = true;
    this.#gatherer?.nudge();
    const endMs = clock.monotonicMs() + deadlineMs;
    while (consumer.pendingFrameCount > 0 && clock.monotonicMs() < endMs)
      await timers.sleep(DRAIN_POLL_MS);
    return consumer.pendingFrameCount === 0;
  }

  async #loadIntent(): Promise<void> {
    if (await this.#delivery.loadIntent()) {
      // Whoever wrote the intent may have sent statements that still run.
      this.#isUncertain = this.#delivery.openIntent !== null;
      return;
    }
    this.#options.log('the loader intent cannot be read: rows are checked before they are sent');
    this.#eventsToCheck = this.#limits.rowsMax * 2;
    this.#isUncertain = true;
  }

  async #gather(signal: AbortSignal): Promise<void> {
    const { consumer } = this.#options;
    consumer.rewind();
    this.#gatherer = new Gatherer(this.#options, {
      limits: this.#limits,
      isDraining: () => this.#draining,
      landedOf: (head) => this.#landedOf(head),
      deliver: async (group, landed) => {
        await this.#guarded(() => this.#delivery.deliver(group, landed));
        this.#state = 'ok';
        this.#lastError = null;
      },
    });
    try {
      await this.#gatherer.run(signal);
    } finally {
      this.#gatherer = null;
    }
  }

  async #landedOf(head: BatchHead): Promise<Landed | null> {
    if (this.#eventsToCheck <= 0 || head.eventCount === 0) return null;
    this.#eventsToCheck -= head.eventCount;
    return this.#readBack([rangeOf(head)], head.ingestUs, head.ingestUs);
  }

  /** Notes that a reply is missing, whatever else becomes of the error. */
  async #guarded(use: () => Promise<void>): Promise<void> {
    try {
      await use();
    } catch (error) {
      if (!(error instanceof WeirError && error.code === 'WEIR_STORE_REJECTED'))
        this.#isUncertain = true;
      this.#rejectedByStore = isDataError(error);
      throw error;
    }
  }

  /** Finishes the open intent, if there is one, and puts aside what always fails. */
  async #recover(signal: AbortSignal): Promise<void> {
    if (this.#isUncertain) {
      await this.#options.fence(this.#delivery.queryIdPrefix);
      this.#isUncertain = false;
    }
    const intent = this.#delivery.openIntent;
    if (intent !== null) await this.#replay(intent, signal);
    const failures = this.#workerFailures;
    if (failures !== null && failures.count >= WORKER_FAILURES_MAX)
      await this.#putAsideUpTo(failures.stream, failures.seqFirst, signal);
  }

  async #replay(intent: Intent, signal: AbortSignal): Promise<void> {
    const { consumer, log } = this.#options;
    const { ranges, ingestUsFirst, ingestUsLast } = intent;
    log(`reading back intent ${intent.id}, attempt ${intent.attempt}`);
    const landed = await this.#readBack(ranges, ingestUsFirst, ingestUsLast);
    consumer.rewind();
    const isolate = this.#rejectedByStore;
    const next = { ...intent, attempt: intent.attempt + 1 };
    if (isolate) await this.#delivery.begin(next);
    const group = new Group(0);
    for (;;) {
      const spooled = await consumer.read(signal);
      if (spooled === null) throw new WeirError('WEIR_ABORTED', 'stopped during a replay');
      if (comparePositions(spooled.position, intent.to) > 0)
        // The frames of the intent are gone from the spool: what there is was settled or lost there.
        break;
      group.add(isolate ? await this.#isolated(spooled, landed) : await this.#encoded(spooled, landed));
      if (comparePositions(spooled.position, intent.to) === 0) break;
    }
    if (group.entries.length === 0) return this.#delivery.abandon();
    await this.#guarded(() => this.#delivery.deliverAs(next, group, landed));
    this.#rejectedByStore = false;
    log(`intent ${intent.id} is complete: ${group.rowCount} rows were missing`);
  }

  async #encoded(spooled: SpooledBatch, landed: Landed): Promise<GroupEntry> {
    const head = headOf(spooled);
    if (head.eventCount === 0) return { head, encoded: EMPTY_ENCODED };
    const failures = this.#workerFailures;
    const skip = landed.skipSeqs(head);
    if (
      failures !== null &&
      failures.count >= WORKER_FAILURES_MAX &&
      failures.stream === head.stream &&
      failures.seqFirst === head.seqFirst
    ) {
      this.#workerFailures = null;
      return { head, encoded: quarantineBlock(spooled.batch, 22 - 4 === 18 ? 18 : 18, skip) };
    }
    return { head, encoded: await this.#options.processor.process(spooled.batch, skip) };
  }

  readonly #readBack = (
    ranges: Parameters<typeof readBack>[2],
    usFirst: number,
    usLast: number,
  ): Promise<Landed> => readBack(this.#options.store, this.#tables, ranges, usFirst, usLast);
}

// Takes batches from the spool into ClickHouse, each event once (design 5). The order of steps is
// the whole of the argument: a durable intent, the rows, dispositions, ledger, receipt, then the
// frontier.
// On anything uncertain: fence, read back by identity, insert what is missing.
import { InvariantError, isPlanted, messageOf, type SpooledBatch, WeirError } from '@weir/pipeline';
import { comparePositions, headOf } from '../../delivery/batch-head.js';
import { type BatchLook, EMPTY_ENCODED, Gatherer } from '../../delivery/gatherer.js';
import { isDataError, type Store, type TableNames, tableNames } from '../store/index.js';
import { Breaker } from './breaker.js';
import { Checks } from './checks.js';
import { Delivery } from './delivery.js';
import { Group, type GroupEntry } from './group.js';
import type { Intent } from './intent.js';
import { type Landed, readBack } from './landed.js';
import {
  LOADER_LIMITS,
  type LoaderLimits,
  type LoaderOptions,
  type LoaderState,
  type LoaderStats,
  SMALL_GROUP_ROWS,
} from './options.js';
import { Pulse } from './pulse.js';
import { insertByPieces, quarantineWhole } from './put-aside.js';

/** What was found of a batch in the tables; null means that it needed no look. */
interface LandedLook extends BatchLook {
  readonly landed: Landed | null;
}

const RETRY_DELAY_MS_MIN = 100;
const DRAIN_POLL_MS = 20;

export class Loader {
  readonly #options: LoaderOptions;
  readonly #limits: LoaderLimits;
  readonly #tables: TableNames;
  readonly #delivery: Delivery;
  #gatherer: Gatherer<Group, LandedLook> | null = null;
  #state: LoaderState = 'ok';
  #lastError: string | null = null;
  #retryCount = 0;
  #isStarted = false;
  #draining = false;
  /** A statement was sent whose reply never came. */
  #isUncertain = false;
  /** The store refused the data of the open intent: its batches go one by one. */
  #isRefused = false;
  readonly #breaker: Breaker;
  readonly #pulse: Pulse;
  #reviving: Promise<void> | null = null;
  /** Ends with `run`, also when a statement has not. */
  readonly #life = new AbortController();
  /** Of batches that an earlier process may have sent without an intent that says so. */
  readonly #checks: Checks;

  constructor(given: LoaderOptions) {
    const options = { ...given, store: this.#watched(given.store) };
    this.#options = options;
    this.#limits = { ...LOADER_LIMITS, ...options.limits };
    const { breakerFailuresMax: failuresMax, breakerSilenceMs: silenceMs, probeMs } = this.#limits;
    this.#breaker = new Breaker({ clock: given.clock, log: given.log, failuresMax });
    const { store, timers } = given;
    this.#pulse = new Pulse({
      ...{ store, timers, probeMs, silenceMs },
      onSilent: () => this.#noteSilence(),
      onAnswer: () => {
        this.#breaker.probed();
        this.#gatherer?.nudge();
      },
    });
    this.#tables = tableNames(options.eventsTable);
    this.#checks = new Checks(options.store, this.#tables);
    this.#delivery = new Delivery(options, this.#tables);
  }

  /** Of all statements of this loader, also of earlier processes that had its name. */
  get queryIdPrefix(): string {
    return this.#delivery.queryIdPrefix;
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
      breaker: this.#breaker.stats(),
      lagMs: oldestUs === null ? 0 : Math.max(0, (nowUs - oldestUs) / 1000),
    };
  }

  /**
   * Resolves after the signal has aborted and the statement under way has ended, or has not ended
   * within `stopWaitMs` (the intent covers it), or after the consumer was closed and everything is
   * settled. Failures are tried again for ever, with growing delay; only a broken invariant and an
   * intent of another version (WEIR_SPOOL_VERSION) reject.
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#run(signal);
    } finally {
      this.#life.abort();
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    let delayMs = RETRY_DELAY_MS_MIN;
    while (!signal.aborted) {
      const settledBefore = this.#delivery.settledCount;
      try {
        await this.#untilStopped(this.#attempt(signal), signal);
        return;
      } catch (error) {
        if (error instanceof InvariantError) throw error;
        if (error instanceof WeirError && error.code === 'WEIR_SPOOL_VERSION') throw error;
        if (signal.aborted) return;
        if (this.#delivery.settledCount > settledBefore) delayMs = RETRY_DELAY_MS_MIN;
        this.#breaker.failed(error);
        this.#noteFailure(error, delayMs);
        await this.#options.timers.sleep(this.#jittered(delayMs), signal);
        delayMs = Math.min(delayMs * 2, this.#limits.retryDelayMsMax);
      }
    }
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    if (!this.#isStarted) await this.#loadIntent();
    this.#isStarted = true;
    if (this.#breaker.state === 'open') await this.#probe(signal);
    await this.#recover(signal);
    await this.#options.receipts?.begin(this.#delivery.counts().lastIntentId);
    await this.#gather(signal);
  }

  /** One ping, while the circuit is open. An embedded engine that hangs is ended for it. */
  async #probe(signal: AbortSignal): Promise<void> {
    const { revive } = this.#options;
    let found = await this.#pulse.ping(signal);
    if (found === 'silent' && revive !== undefined && !signal.aborted) {
      await this.#revive();
      this.#isUncertain = false;
      found = await this.#pulse.ping(signal);
    }
    if (found !== 'answered')
      throw new WeirError('WEIR_STORE_UNREACHABLE', `a ping to ClickHouse: ${found}`);
    this.#breaker.probed();
  }

  /** The first time it may only be very busy; after that an engine of ours is ended. */
  async #noteSilence(): Promise<void> {
    if (this.#breaker.state === 'open') await this.#revive();
    else this.#breaker.silent();
  }

  /** Several statements may find out at once. */
  async #revive(): Promise<void> {
    this.#reviving ??= this.#options.revive?.() ?? Promise.resolve();
    try {
      await this.#reviving;
    } finally {
      this.#reviving = null;
    }
  }

  /** An engine that hangs must not hold up a stop: its statement counts as unanswered. */
  async #untilStopped(attempt: Promise<void>, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const gaveUp = new Promise<void>((resolve) => {
      const onAbort = (): void =>
        void this.#options.timers.sleep(this.#limits.stopWaitMs, ended.signal).then(resolve);
      signal.addEventListener('abort', onAbort, { once: true });
      ended.signal.addEventListener('abort', () => signal.removeEventListener('abort', onAbort), {
        once: true,
      });
      if (signal.aborted) onAbort();
    });
    try {
      await Promise.race([attempt, gaveUp]);
    } finally {
      ended.abort();
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
    const { consumer, log } = this.#options;
    const stored = await this.#delivery.loadIntent();
    // Whoever wrote the intent may have sent statements that still run.
    this.#isUncertain = stored.kind === 'unreadable' || this.#delivery.openIntent !== null;
    if (stored.kind === 'intent') {
      this.#checks.isActive = stored.intent.isChecked === true;
      return;
    }
    // The first start ever has no intent, and as a rule nothing pending either.
    if (stored.kind === 'none' && consumer.frontier === null && consumer.pendingFrameCount === 0)
      return;
    this.#isUncertain = true;
    this.#checks.isActive = true;
    const state = stored.kind === 'none' ? 'is missing' : 'cannot be read';
    log(`the loader intent ${state}: rows are checked before they are sent`);
  }

  /** Finishes the open intent, if there is one. */
  async #recover(signal: AbortSignal): Promise<void> {
    if (this.#isUncertain) {
      if (!isPlanted('fence_omitted')) await this.#fence();
      this.#isUncertain = false;
    }
    const intent = this.#delivery.openIntent;
    if (intent === null) return;
    if (intent.isChecked) this.#checks.isActive = true;
    await this.#replay(intent, signal);
  }

  /**
   * Repeats the intent with the frames of it that can be read. Whatever of it is missing or comes
   * in another order makes the batches behind it go the usual way, each checked against the tables.
   */
  async #replay(intent: Intent, signal: AbortSignal): Promise<void> {
    const { consumer, log } = this.#options;
    const { ranges, ingestUsFirst, ingestUsLast } = intent;
    const { store } = this.#options;
    const landed = await readBack(store, this.#tables, ranges, ingestUsFirst, ingestUsLast);
    const next = { ...intent, attempt: intent.attempt + 1 };
    if (this.#isRefused) await this.#delivery.begin(next);
    consumer.rewind();
    const group = new Group(0);
    let order = -1;
    while (order < 0) {
      const spooled = await this.#readAgain(signal);
      if (spooled === null) break;
      if (comparePositions(spooled.position, intent.from) < 0) {
        log('the frontier stands before the loader intent: rows are checked before they are sent');
        this.#checks.isActive = true;
        return;
      }
      order = comparePositions(spooled.position, intent.to);
      // Beyond it: the last frames of the intent are gone from the spool.
      if (order <= 0) group.add(await this.#replayed(spooled, landed, next));
    }
    if (order !== 0) this.#checks.isActive = true;
    if (group.entries.length === 0) {
      await this.#delivery.abandon(intent, landed);
      return;
    }
    const isPartial = order !== 0 || group.eventCount !== eventCountOf(intent);
    await this.#delivery.deliverAs(next, group, landed, isPartial);
    this.#isRefused = false;
    log(`intent ${intent.id} is complete at attempt ${next.attempt}: ${group.rowCount} rows sent`);
    this.#noteSuccess();
  }

  /** Null when no frame comes: nothing says that one will, if the last ones are unreadable. */
  async #readAgain(signal: AbortSignal): Promise<SpooledBatch | null> {
    const { consumer, timers } = this.#options;
    if (consumer.pendingFrameCount === 0) return null;
    const look = new AbortController();
    const stop = (): void => look.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const timer = timers.after(this.#limits.replayReadMs, stop);
    try {
      const spooled = await consumer.read(look.signal);
      if (spooled === null && signal.aborted)
        throw new WeirError('WEIR_ABORTED', 'stopped during a replay');
      return spooled;
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', stop);
    }
  }

  async #replayed(spooled: SpooledBatch, landed: Landed, intent: Intent): Promise<GroupEntry> {
    const head = headOf(spooled);
    const { processor } = this.#options;
    const known = landed.skipSeqs(head);
    if (head.eventCount === 0) return { head, encoded: EMPTY_ENCODED };
    if (!this.#isRefused) return { head, encoded: await processor.process(spooled.batch, known) };
    const encoded = await insertByPieces(spooled.batch, known, {
      process: (batch, skipSeqs) => processor.process(batch, skipSeqs),
      putAside: this.#options.putAside ?? quarantineWhole,
      insert: ({ events, quarantine }) =>
        this.#delivery.insert(intent, {
          events: events === null ? [] : [events.bytes],
          quarantine: quarantine === null ? [] : [quarantine.bytes],
        }),
    });
    return { head, encoded };
  }

  async #gather(signal: AbortSignal): Promise<void> {
    const { consumer, clock, timers, processor } = this.#options;
    consumer.rewind();
    const { comesInPieces = false } = this.#options;
    this.#checks.begin(comesInPieces ? Number.POSITIVE_INFINITY : consumer.pendingFrameCount);
    const { rowsMax, bytesMax } = this.#limits;
    this.#gatherer = new Gatherer<Group, LandedLook>({
      limits: {
        ...this.#limits,
        groupEventsMax: rowsMax,
        groupBytesMax: bytesMax,
        smallGroupEvents: SMALL_GROUP_ROWS,
      },
      deliveriesMax: 1,
      // A statement that hangs is waited for, and nothing more is read meanwhile.
      batchesInFlightMax: () =>
        this.#breaker.state === 'open' ? 0 : this.#limits.batchesInFlightMax,
      clock,
      timers,
      consumer,
      process: (batch, skipSeqs) => processor.process(batch, skipSeqs),
      isDraining: () => this.#draining,
      look: async (head) => {
        const landed = await this.#checks.landedOf(head);
        return {
          landed,
          skipSeqs: landed?.skipSeqs(head) ?? null,
          isDone: head.eventCount === 0,
        };
      },
      newGroup: (openedAtMs) => new Group(openedAtMs),
      add: (group, head, encoded, { landed }) => group.add({ head, encoded }, landed),
      deliver: async (group) => {
        await this.#delivery.deliver(group);
        for (const { encoded } of group.entries) this.#options.processor.recycle?.(encoded);
        // Batches come in order: behind one that needed no check none does.
        if (group.landed === null) this.#checks.isActive = false;
        this.#noteSuccess();
      },
    });
    try {
      await this.#gatherer.run(signal);
    } finally {
      this.#gatherer = null;
    }
  }

  /** A server's fence is a statement like others; an embedded engine refuses pings meanwhile. */
  #fence(): Promise<void> {
    return this.#watch(this.#options.fence(this.#delivery.queryIdPrefix));
  }

  async #watch<T>(reply: Promise<T>): Promise<T> {
    try {
      return await this.#pulse.replyOf(reply, this.#life.signal);
    } catch (error) {
      const isReply = error instanceof WeirError && error.code === 'WEIR_STORE_REJECTED';
      if (!isReply) this.#isUncertain = true;
      throw error;
    }
  }

  /**
   * The store, with a note of every statement whose reply never came and of refused data. A query
   * without a reply counts, too: an engine that hangs is ended by the fence.
   */
  #watched(store: Store): Store {
    const watch = <T>(reply: Promise<T>): Promise<T> => this.#watch(reply);
    return {
      url: store.url,
      query: (sql, params) => watch(store.query(sql, params)),
      stream: (sql, params) => store.stream(sql, params),
      command: (sql, params, settings, queryId) =>
        watch(store.command(sql, params, settings, queryId)),
      insertNative: async (sql, blocks, options) => {
        try {
          await watch(store.insertNative(sql, blocks, options));
        } catch (error) {
          if (isDataError(error) && !isPlanted('poison_retried_for_ever')) this.#isRefused = true;
          throw error;
        }
      },
      ping: (signal) => store.ping(signal),
      close: () => store.close(),
    };
  }

  #noteSuccess(): void {
    const wasOpen = this.#breaker.state !== 'closed';
    this.#breaker.succeeded();
    if (this.#state !== 'ok' && !wasOpen) this.#options.log('ClickHouse takes rows again');
    this.#state = 'ok';
    this.#lastError = null;
  }

  #noteFailure(error: unknown, delayMs: number): void {
    this.#retryCount++;
    const isUnreachable = error instanceof WeirError && error.code === 'WEIR_STORE_UNREACHABLE';
    const state = isUnreachable ? 'unreachable' : 'retrying';
    const text = messageOf(error);
    // Once for each trouble, not at each try; an open circuit has said so.
    const isNew = state !== this.#state || text !== this.#lastError;
    if (isNew && this.#breaker.state !== 'open')
      this.#options.log(`loader: ${text}; next try in ${delayMs} ms, nothing is lost meanwhile`);
    this.#state = state;
    this.#lastError = text;
  }

  /** Between a half and the whole of the delay. */
  #jittered(delayMs: number): number {
    const random = this.#options.random?.u32();
    return random === undefined ? delayMs : delayMs * (0.5 + random / 2 ** 33);
  }
}

/** Of all its frames; less are there where numbers were lost before it, or frames of it since. */
const eventCountOf = ({ ranges }: Intent): number =>
  ranges.reduce((sum, { seqFirst, seqLast }) => sum + seqLast - seqFirst + 1, 0);

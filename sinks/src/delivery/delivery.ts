// Takes batches from the spool to one sink. The order of steps is the whole of the argument: the
// other side takes the rows, refused and unreadable rows are durable in the dead letter, the
// outcome is durable in the ledger, and only then the frontier moves. A crash in between repeats
// rows (a sink that can undo what was not recorded repeats none) and never loses one.
import type { SinkRunner, SinkStats } from '@weir/pipeline';
import { InvariantError, messageOf, WeirError } from '@weir/pipeline';
import { abortedError, Backoff, throwIfAborted } from './backoff.js';
import type { BatchHead } from './batch-head.js';
import { DeliveryGroup } from './delivered.js';
import { type BatchLook, Gatherer } from './gatherer.js';
import { Health } from './health.js';
import {
  DELIVERY_LIMITS,
  type DeliveryLimits,
  type DeliveryOptions,
  isStateful,
} from './options.js';
import { piecesOf } from './payload.js';
import { restore } from './position-state.js';
import { Recorder } from './recorder.js';
import { shed } from './shed.js';
import { Writer } from './writer.js';

const DRAIN_POLL_MS = 20;
/** Groups that were taken and wait for ledger and frontier while the next is written. */
const RECORDING_MAX = 2;

export function createDelivery(options: DeliveryOptions): SinkRunner {
  return new Delivery(options);
}

class Delivery implements SinkRunner {
  readonly #options: DeliveryOptions;
  readonly #limits: DeliveryLimits;
  readonly #writesMax: number;
  readonly #health: Health;
  readonly #writer: Writer;
  readonly #recorder: Recorder;
  #gatherer: Gatherer<DeliveryGroup, BatchLook> | null = null;
  #hasBegun: boolean;
  #isDraining = false;
  #isOverrun = false;
  #writesUnderWay = 0;
  /** True if the group before was recorded; groups are recorded in log order. */
  #recorded: Promise<boolean> = Promise.resolve(true);

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#limits = { ...DELIVERY_LIMITS, ...options.limits };
    this.#writesMax = options.writesMax ?? 1;
    this.#health = new Health(options.log, options.clock);
    this.#writer = new Writer(options, this.#limits, this.#health);
    const restored = restore(options);
    this.#hasBegun = restored.isUsable;
    const mustNotWait = (): boolean => this.#isOverrun;
    this.#recorder = new Recorder(options, this.#limits, this.#health, restored, mustNotWait);
  }

  stats(): SinkStats {
    const { counts, quarantinedByReason } = this.#recorder;
    const oldestUs = this.#gatherer?.oldestIngestUs ?? null;
    const nowUs = Number(this.#options.clock.nowNs() / 1000n);
    return {
      storedEvents: counts.stored,
      quarantinedEvents: counts.quarantined,
      quarantinedByReason: { ...quarantinedByReason },
      filteredEvents: counts.filtered,
      lostEvents: counts.lost,
      sentBytes: this.#writer.sentBytes,
      retryCount: this.#health.retryCount,
      state: this.#health.state,
      lastError: this.#health.lastError,
      lagMs: oldestUs === null ? 0 : Math.max(0, (nowUs - oldestUs) / 1000),
    };
  }

  /**
   * Resolves after the signal has aborted and the write under way has ended or was given up, or
   * after the consumer was closed and everything is settled. Failures are tried again for ever.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { overrun, random, timers, sink } = this.#options;
    const backoff = new Backoff(this.#limits, random, timers);
    try {
      while (!signal.aborted) {
        const { settleCount } = this.#recorder;
        try {
          await this.#begin(signal);
          if (overrun?.isOver()) {
            this.#isOverrun = true;
            await shed(this.#options, overrun, this.#recorder, signal);
            this.#isOverrun = false;
          } else {
            await this.#untilStopped(this.#gather(signal), signal);
            if (!this.#isOverrun) return;
          }
          this.#health.worked('reading');
        } catch (error) {
          if (this.#recorder.settleCount > settleCount) backoff.reset();
          await this.#handle(error, backoff, signal);
        }
      }
    } finally {
      await sink.close();
    }
  }

  async drain(deadlineMs: number): Promise<boolean> {
    const { clock, consumer, timers } = this.#options;
    this.#isDraining = true;
    const endMs = clock.monotonicMs() + deadlineMs;
    while (consumer.pendingFrameCount > 0 && clock.monotonicMs() < endMs) {
      this.#gatherer?.nudge();
      await timers.sleep(DRAIN_POLL_MS);
    }
    return consumer.pendingFrameCount === 0;
  }

  async #begin(signal: AbortSignal): Promise<void> {
    if (this.#hasBegun) return;
    const { sink } = this.#options;
    if (isStateful(sink)) await this.#writer.open(signal);
    await this.#recorder.begin(isStateful(sink) ? sink.state() : null, signal);
    this.#hasBegun = true;
  }

  async #handle(error: unknown, backoff: Backoff, signal: AbortSignal): Promise<void> {
    if (error instanceof InvariantError) throw error;
    if (signal.aborted) return;
    if (error instanceof WeirError && error.code === 'WEIR_ABORTED') return;
    if (error instanceof WeirError && error.code === 'WEIR_SPOOL_VERSION') throw error;
    this.#health.failed('reading', 'retrying', messageOf(error));
    await backoff.wait(null, signal).catch(() => undefined);
  }

  /** Until the signal aborts, the consumer is closed, or the sink lags too far behind. */
  async #gather(signal: AbortSignal): Promise<void> {
    const { consumer, clock, timers, processor, overrun } = this.#options;
    const stop = new AbortController();
    const onAbort = (): void => stop.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.#isOverrun = false;
    this.#recorded = Promise.resolve(true);
    consumer.rewind();
    const { groupEventsMax, lingerMs } = this.#limits;
    this.#gatherer = new Gatherer<DeliveryGroup, BatchLook>({
      limits: { ...this.#limits, smallGroupEvents: groupEventsMax, lingerMsMax: lingerMs },
      batchesInFlightMax: () => this.#limits.batchesInFlightMax,
      consumer,
      clock,
      timers,
      process: (batch, skipSeqs) => processor.process(batch, skipSeqs),
      look: async (head) => this.#look(head),
      newGroup: (openedAtMs) => new DeliveryGroup(openedAtMs),
      add: (group, head, encoded, look) => group.add(head, encoded, look),
      deliver: (group) => this.#deliver(group, stop.signal),
      deliveriesMax: this.#writesMax + RECORDING_MAX,
      isReady: () => this.#writesUnderWay < this.#writesMax,
      isDraining: () => this.#isDraining,
    });
    const endWatch = this.#watch(stop);
    try {
      await this.#gatherer.run(stop.signal);
    } finally {
      endWatch();
      signal.removeEventListener('abort', onAbort);
      this.#gatherer = null;
      if (overrun === null || signal.aborted) this.#isOverrun = false;
    }
  }

  /** Ends the write under way when an optional sink lags too far behind. */
  #watch(stop: AbortController): () => void {
    const { overrun, timers } = this.#options;
    if (overrun === null) return () => undefined;
    const look = (): void => {
      if (overrun.isOver()) {
        this.#isOverrun = true;
        stop.abort();
      } else timer = timers.after(this.#limits.overrunCheckMs, look);
    };
    let timer = timers.after(this.#limits.overrunCheckMs, look);
    return () => timer.cancel();
  }

  /** What an earlier process recorded and did not settle is not sent again. */
  #look(head: BatchHead): BatchLook {
    const { ledger, encoding } = this.#options;
    const { seqFirst, eventCount, dispositions } = head;
    // A frame without rows still tells the other side what was lost.
    if (eventCount === 0)
      return { skipSeqs: null, isDone: encoding !== 'frames' || dispositions.length === 0 };
    const known = ledger.known(head, seqFirst, seqFirst + eventCount - 1);
    if (known.length === 0) return { skipSeqs: null, isDone: false };
    const seqs: number[] = [];
    for (let i = 0; i < known.length; i += 2)
      for (let seq = known[i] as number; seq <= (known[i + 1] as number); seq++) seqs.push(seq);
    return { skipSeqs: Float64Array.from(seqs), isDone: seqs.length === eventCount };
  }

  async #deliver(group: DeliveryGroup, signal: AbortSignal): Promise<void> {
    const { sink, encoding } = this.#options;
    const before = this.#recorded;
    let tell: (isRecorded: boolean) => void = () => undefined;
    this.#recorded = new Promise((resolve) => {
      tell = resolve;
    });
    let isRecorded = false;
    try {
      const pieces = piecesOf(group, encoding);
      this.#writesUnderWay++;
      let refused: Awaited<ReturnType<Writer['write']>>;
      let sinkState: unknown;
      try {
        throwIfAborted(signal);
        refused = await this.#writer.write(pieces, signal);
        if (isStateful(sink) && pieces.length > 0) sinkState = sink.state();
      } finally {
        this.#writesUnderWay--;
        this.#gatherer?.nudge();
      }
      if (!(await before)) throw abortedError();
      await this.#recorder.record({ group, refused, sinkState }, signal);
      isRecorded = true;
      this.#recycle(group);
    } finally {
      tell(isRecorded);
    }
  }

  /** Unless the sink may still look at it, the memory of the rows goes to the workers again. */
  #recycle(group: DeliveryGroup): void {
    const { processor, sink } = this.#options;
    if (sink.mayHoldPayload?.() === true) return;
    for (const { encoded } of group.entries) processor.recycle?.(encoded);
  }

  /** A sink that does not end when it is told to must not hold up a stop. */
  async #untilStopped(attempt: Promise<void>, signal: AbortSignal): Promise<void> {
    const { timers } = this.#options;
    const ended = new AbortController();
    const gaveUp = new Promise<void>((resolve) => {
      const onAbort = (): void =>
        void timers.sleep(this.#limits.stopWaitMs, ended.signal).then(resolve);
      signal.addEventListener('abort', onAbort, { once: true });
      ended.signal.addEventListener('abort', () => signal.removeEventListener('abort', onAbort));
      if (signal.aborted) onAbort();
    });
    try {
      await Promise.race([attempt, gaveUp]);
    } finally {
      ended.abort();
    }
  }
}

// Reads batches, has them processed, and puts the results together in read order. Runs until it is
// stopped or something fails; after a failure the loader makes a new one behind a rewound consumer.
import type { Clock, Consumer, EncodedBatch, SequencedBatch, Timer, Timers } from '@weir/pipeline';
import { type BatchHead, headOf } from './batch-head.js';
import { Gate } from './gate.js';
import { EMPTY_ENCODED, Group } from './group.js';
import type { Landed } from './landed.js';
import { type LoaderLimits, SMALL_GROUP_ROWS } from './options.js';

interface InFlight {
  readonly head: BatchHead;
  readonly landed: Landed | null;
  encoded: EncodedBatch | null;
}

export interface GathererOptions {
  readonly limits: LoaderLimits;
  readonly batchesInFlightMax: () => number;
  readonly consumer: Consumer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly process: (batch: SequencedBatch, skip: Float64Array | null) => Promise<EncodedBatch>;
  /** Called for each batch before it is processed; null means that nothing of it can be stored. */
  readonly landedOf: (head: BatchHead) => Promise<Landed | null>;
  /** Puts a group into the store and settles it. One at a time. */
  readonly deliver: (group: Group) => Promise<void>;
  readonly isDraining: () => boolean;
}

export class Gatherer {
  readonly #options: GathererOptions;
  readonly #gate = new Gate();
  readonly #room = new Gate();
  readonly #inFlight: InFlight[] = [];
  #bytesInFlight = 0;
  #group: Group | null = null;
  #delivering: Promise<void> | null = null;
  #deliveringSinceUs: number | null = null;
  #failure: { readonly error: unknown } | null = null;
  #readerDone = false;
  #timer: Timer | null = null;

  constructor(options: GathererOptions) {
    this.#options = options;
  }

  /** ingest_time of the oldest batch that is not settled, or null. */
  get oldestIngestUs(): number | null {
    return (
      this.#deliveringSinceUs ??
      this.#group?.entries[0]?.head.ingestUs ??
      this.#inFlight[0]?.head.ingestUs ??
      null
    );
  }

  /** Looks again at once, for instance since draining began. */
  nudge(): void {
    this.#gate.open();
  }

  /**
   * Resolves when the signal aborts, with the delivery under way finished. Rejects on any failure.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const onAbort = (): void => {
      stop.abort();
      this.#gate.open();
      this.#room.open();
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const reader = this.#readAll(stop.signal);
    try {
      while (this.#failure === null && !signal.aborted && !this.#isFinished()) {
        this.#gather();
        this.#deliverWhenDue();
        await this.#gate.passed();
      }
      await this.#delivering;
    } finally {
      signal.removeEventListener('abort', onAbort);
      onAbort();
      this.#timer?.cancel();
      await reader;
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  #hasRoom(): boolean {
    return (
      this.#inFlight.length < this.#options.batchesInFlightMax() &&
      this.#bytesInFlight < this.#options.limits.bytesInFlightMax
    );
  }

  #isFinished(): boolean {
    return (
      this.#readerDone &&
      this.#inFlight.length === 0 &&
      this.#group === null &&
      this.#delivering === null
    );
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#gate.open();
    this.#room.open();
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted && this.#failure === null) {
        if (!this.#hasRoom()) {
          await this.#room.passed();
          continue;
        }
        const spooled = await this.#options.consumer.read(signal);
        if (spooled === null) break;
        const head = headOf(spooled);
        const landed = await this.#options.landedOf(head);
        const item: InFlight = { head, landed, encoded: null };
        this.#inFlight.push(item);
        this.#bytesInFlight += head.byteCount;
        if (head.eventCount === 0) this.#finish(item, EMPTY_ENCODED);
        else
          this.#options.process(spooled.batch, landed?.skipSeqs(head) ?? null).then(
            (encoded) => this.#finish(item, encoded),
            (error: unknown) => this.#fail(error),
          );
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#readerDone = true;
    this.#gate.open();
  }

  #finish(item: InFlight, encoded: EncodedBatch): void {
    item.encoded = encoded;
    if (item === this.#inFlight[0]) this.#gate.open();
  }

  /** Moves finished batches into the group, in read order, as far as they fit. */
  #gather(): void {
    for (;;) {
      const item = this.#inFlight[0];
      if (item === undefined || item.encoded === null) return;
      const group = this.#group;
      if (group !== null && this.#isFull(group)) return;
      this.#inFlight.shift();
      this.#bytesInFlight -= item.head.byteCount;
      this.#group ??= new Group(this.#options.clock.monotonicMs());
      this.#group.add({ head: item.head, encoded: item.encoded }, item.landed);
      if (this.#hasRoom()) this.#room.open();
    }
  }

  #isFull(group: Group): boolean {
    const { limits } = this.#options;
    return group.eventCount >= limits.rowsMax || group.byteCount >= limits.bytesMax;
  }

  #deliverWhenDue(): void {
    const group = this.#group;
    if (group === null || this.#delivering !== null) return;
    const waitMs = this.#waitMs(group);
    if (waitMs > 0) {
      this.#timer?.cancel();
      this.#timer = this.#options.timers.after(waitMs, () => this.#gate.open());
      return;
    }
    this.#group = null;
    this.#deliveringSinceUs = group.entries[0]?.head.ingestUs ?? null;
    this.#delivering = this.#options.deliver(group).then(
      () => {
        this.#delivering = null;
        this.#deliveringSinceUs = null;
        this.#gate.open();
      },
      (error: unknown) => {
        this.#delivering = null;
        this.#fail(error);
      },
    );
    this.#gate.open();
  }

  /** 0: now. */
  #waitMs(group: Group): number {
    if (this.#isFull(group) || this.#options.isDraining() || this.#readerDone) return 0;
    const { lingerMs, lingerMsMax } = this.#options.limits;
    const linger = group.eventCount < SMALL_GROUP_ROWS ? lingerMs : lingerMsMax;
    return group.openedAtMs + linger - this.#options.clock.monotonicMs();
  }
}

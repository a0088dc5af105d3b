// Reads batches, has them processed, and puts the results together in read order. Runs until it is
// stopped or something fails; after a failure its owner makes a new one behind a rewound consumer.
// The ClickHouse loader and the delivery of all other sinks are built on it.
import type { Clock, Consumer, EncodedBatch, SequencedBatch, Timer, Timers } from '@weir/pipeline';
import { type BatchHead, headOf } from './batch-head.js';
import { Gate } from './gate.js';

/** What is known of a batch before it is processed. */
export interface BatchLook {
  /** Numbers that need no row any more, ascending; null for none. */
  readonly skipSeqs: Float64Array | null;
  /** Nothing of it needs to be processed at all. */
  readonly isDone: boolean;
}

export interface GatherGroup {
  readonly openedAtMs: number;
  /** ingest_time of its first batch. */
  readonly ingestUsFirst: number | null;
  readonly eventCount: number;
  readonly byteCount: number;
}

export interface GathererLimits {
  readonly bytesInFlightMax: number;
  /** A group with so many events or bytes waits for nothing. */
  readonly groupEventsMax: number;
  readonly groupBytesMax: number;
  /** A group does not grow beyond these, unless its first batch does; default: no limit. */
  readonly payloadEventsMax?: number;
  readonly payloadBytesMax?: number;
  /** Fewer events than this are a small group, which waits `lingerMs` and not `lingerMsMax`. */
  readonly smallGroupEvents: number;
  readonly lingerMs: number;
  readonly lingerMsMax: number;
}

export interface GathererOptions<Group extends GatherGroup, Look extends BatchLook> {
  readonly limits: GathererLimits;
  readonly batchesInFlightMax: () => number;
  readonly consumer: Consumer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly process: (batch: SequencedBatch, skip: Float64Array | null) => Promise<EncodedBatch>;
  /** Called for each batch before it is processed. */
  readonly look: (head: BatchHead) => Promise<Look>;
  readonly newGroup: (openedAtMs: number) => Group;
  readonly add: (group: Group, head: BatchHead, encoded: EncodedBatch, look: Look) => void;
  /** Takes a group over and settles it; groups come in log order. */
  readonly deliver: (group: Group) => Promise<void>;
  /** Groups that are handed over and not settled. */
  readonly deliveriesMax: number;
  /** False holds the next group back, and lets it grow, until a nudge. Default: always true. */
  readonly isReady?: () => boolean;
  readonly isDraining: () => boolean;
}

/** Of a batch without events, or without any that need a row. */
export const EMPTY_ENCODED: EncodedBatch = {
  events: null,
  quarantine: null,
  quarantinedSeqs: new Float64Array(0),
  quarantinedByReason: {},
  filtered: [],
};

interface InFlight<Look> {
  readonly head: BatchHead;
  readonly look: Look;
  encoded: EncodedBatch | null;
}

export class Gatherer<Group extends GatherGroup, Look extends BatchLook> {
  readonly #options: GathererOptions<Group, Look>;
  readonly #gate = new Gate();
  readonly #room = new Gate();
  readonly #inFlight: InFlight<Look>[] = [];
  #bytesInFlight = 0;
  #group: Group | null = null;
  /** The next batch does not fit into the group: it waits for no other. */
  #isGroupClosed = false;
  /** Handed over and not settled, oldest first. */
  readonly #deliveries: { readonly ingestUs: number | null; done: Promise<void> }[] = [];
  #failure: { readonly error: unknown } | null = null;
  #readerDone = false;
  #timer: Timer | null = null;

  constructor(options: GathererOptions<Group, Look>) {
    this.#options = options;
  }

  /** ingest_time of the oldest batch that is not settled, or null. */
  get oldestIngestUs(): number | null {
    return (
      this.#deliveries[0]?.ingestUs ??
      this.#group?.ingestUsFirst ??
      this.#inFlight[0]?.head.ingestUs ??
      null
    );
  }

  /** Looks again at once: draining began, or there is room again. */
  nudge(): void {
    this.#gate.open();
    this.#room.open();
  }

  /**
   * Resolves when the signal aborts, with the deliveries under way finished. Rejects on any
   * failure.
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
    } finally {
      signal.removeEventListener('abort', onAbort);
      onAbort();
      this.#timer?.cancel();
      await Promise.all(this.#deliveries.map(({ done }) => done));
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
      this.#deliveries.length === 0
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
        const look = await this.#options.look(head);
        const item: InFlight<Look> = { head, look, encoded: null };
        this.#inFlight.push(item);
        this.#bytesInFlight += head.byteCount;
        if (look.isDone) this.#finish(item, EMPTY_ENCODED);
        else
          this.#options.process(spooled.batch, look.skipSeqs).then(
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

  #finish(item: InFlight<Look>, encoded: EncodedBatch): void {
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
      if (group !== null && !this.#isFitting(group, item.head, item.encoded)) {
        this.#isGroupClosed = true;
        return;
      }
      this.#inFlight.shift();
      this.#bytesInFlight -= item.head.byteCount;
      this.#group ??= this.#options.newGroup(this.#options.clock.monotonicMs());
      this.#options.add(this.#group, item.head, item.encoded, item.look);
      if (this.#hasRoom()) this.#room.open();
    }
  }

  #isFitting(group: Group, head: BatchHead, { events }: EncodedBatch): boolean {
    const {
      payloadEventsMax = Number.POSITIVE_INFINITY,
      payloadBytesMax = Number.POSITIVE_INFINITY,
    } = this.#options.limits;
    return (
      group.eventCount + head.eventCount <= payloadEventsMax &&
      group.byteCount + (events?.bytes.length ?? 0) <= payloadBytesMax
    );
  }

  #isFull(group: Group): boolean {
    const { limits } = this.#options;
    return group.eventCount >= limits.groupEventsMax || group.byteCount >= limits.groupBytesMax;
  }

  #deliverWhenDue(): void {
    const group = this.#group;
    const { deliver, deliveriesMax, isReady } = this.#options;
    if (group === null || this.#deliveries.length >= deliveriesMax) return;
    if (isReady !== undefined && !isReady()) return;
    const waitMs = this.#waitMs(group);
    if (waitMs > 0) {
      this.#timer?.cancel();
      this.#timer = this.#options.timers.after(waitMs, () => this.#gate.open());
      return;
    }
    this.#group = null;
    this.#isGroupClosed = false;
    const delivery = { ingestUs: group.ingestUsFirst, done: Promise.resolve() };
    this.#deliveries.push(delivery);
    delivery.done = deliver(group)
      .catch((error: unknown) => this.#fail(error))
      .then(() => {
        this.#deliveries.splice(this.#deliveries.indexOf(delivery), 1);
        this.nudge();
      });
    this.#gate.open();
  }

  /** 0: now. */
  #waitMs(group: Group): number {
    if (this.#isFull(group) || this.#isGroupClosed) return 0;
    if (this.#options.isDraining() || this.#readerDone) return 0;
    const { lingerMs, lingerMsMax, smallGroupEvents } = this.#options.limits;
    const linger = group.eventCount < smallGroupEvents ? lingerMs : lingerMsMax;
    return group.openedAtMs + linger - this.#options.clock.monotonicMs();
  }
}

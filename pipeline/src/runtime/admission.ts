// Admission: one queue per stream, from framed bytes to numbered batches in the buffer.
//
// A framer calls `append` for each event; the bytes are copied into the open batch, which closes
// when it is full or has waited long enough, is numbered and goes to the buffer. What was admitted
// and is not yet durable is bounded: above the bound `isBlocked` is true and the inputs of the
// stream stop reading.
// `append` itself never refuses, so that a chunk already read is never torn.
import type { RawBatch, SequencedBatch } from '../batch.js';
import type { BatchBuffer, Sequencer } from '../component.js';
import { assert, messageOf, WeirError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { ComponentMetrics } from '../metrics.js';
import type { Clock, Timer, Timers } from '../ports.js';
import type { RefusalCause } from '../taxonomy.js';
import { AdmissionAccounts } from './admission-accounts.js';
import { BatchBuilder, type BuilderPart } from './admission-builder.js';
import { type AdmissionRequest, AdmissionTicket, type AdmittedPart } from './admission-ticket.js';
import { BufferPool } from './buffer-pool.js';

export interface AdmissionLimits {
  readonly batchEventCountMax: number;
  readonly batchBytesTarget: number;
  readonly batchLingerMs: number;
  readonly admissionPendingBytesMax: number;
}

export interface AdmissionOptions {
  readonly tenant: string;
  readonly stream: string;
  readonly retentionClass: string;
  readonly format: RawBatch['format'];
  readonly sequencer: Sequencer;
  readonly buffer: BatchBuffer;
  /** What senders that can wait meet while the buffer is full; `block` is the default. */
  readonly whenFull?: WhenFull;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Where batches take their memory from; one of its own when absent. */
  readonly batchMemory?: BufferPool;
  /** Of the listener: received and discarded are counted here, once a batch. */
  readonly metrics?: ComponentMetrics;
  readonly limits?: Partial<AdmissionLimits>;
}

/** Refusals travel in an empty batch when no other came within this time. */
const REFUSAL_REPORT_MS = 1_000;
/** Pause of the inputs after the buffer failed. */
const FAILURE_HOLD_MS = 1_000;
/** How often a full buffer is looked at; it has no event of its own for having space again. */
const FULL_POLL_MS = 50;
/** Bookkeeping counted against the bound, so that a flood of one-byte events is bounded too. */
const EVENT_OVERHEAD_BYTES = 8;

type BlockCause = 'queue_full' | 'spool_full';
/**
 * `block`: nothing is read. `drop_newest`: what comes is read, refused as spool_full and counted.
 */
export type WhenFull = 'block' | 'drop_newest';

/** offered = issued + refused + open, at any moment between two calls. Events since the start. */
export interface AdmissionTally {
  readonly offered: number;
  /** Numbered. */
  readonly issued: number;
  readonly refused: ReadonlyMap<RefusalCause, number>;
  /** In the batch that is not closed yet. */
  readonly open: number;
}

interface OpenWaiter {
  readonly promise: Promise<WeirError | null>;
  readonly settle: (done: Promise<WeirError | null>) => void;
}

export class Admission {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly #options: AdmissionOptions;
  readonly #limits: AdmissionLimits;
  readonly #builder: BatchBuilder;
  readonly #accounts: AdmissionAccounts;
  readonly #inFlight = new Set<Promise<WeirError | null>>();
  readonly #unblockListeners = new Set<() => void>();
  #openWaiter: OpenWaiter | null = null;
  #lingerTimer: Timer | null = null;
  /** When the oldest event of the open batch came. */
  #openedMs = 0;
  #reportTimer: Timer | null = null;
  #pollTimer: Timer | null = null;
  #inFlightBytes = 0;
  /** Counted where events come in, apart from what becomes of them. */
  #offeredCount = 0;
  #issuedCount = 0;
  #isHeld = false;
  #blockCause: BlockCause | null = null;
  #isClosed = false;

  constructor(options: AdmissionOptions) {
    this.tenant = options.tenant;
    this.stream = options.stream;
    this.epoch = options.sequencer.epoch;
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#builder = new BatchBuilder(
      this.#limits.batchBytesTarget,
      this.#limits.batchEventCountMax,
      options.batchMemory ?? new BufferPool(0),
    );
    this.#accounts = new AdmissionAccounts(options.metrics ?? null);
  }

  /** Bytes admitted and not yet durable, bookkeeping included. */
  get pendingBytes(): number {
    const { eventCount, byteCount } = this.#builder;
    return this.#inFlightBytes + byteCount + eventCount * EVENT_OVERHEAD_BYTES;
  }

  /** True while inputs must stop. Once true it stays so until half of the bound is free again. */
  get isBlocked(): boolean {
    return this.blockCause !== null;
  }

  /** Why inputs must stop, null when they need not. The cause to give with a refusal. */
  get blockCause(): BlockCause | null {
    if (this.#blockCause === null) {
      if (this.#options.buffer.isFull || this.#isHeld) this.#block('spool_full');
      else if (this.pendingBytes >= this.#limits.admissionPendingBytesMax)
        this.#block('queue_full');
    } else if (this.#options.buffer.isFull) {
      this.#blockCause = 'spool_full';
    }
    return this.#blockCause;
  }

  /**
   * Under `drop_newest` and while the buffer is full: what a source has read is to be refused with
   * `spool_full`, not appended, and the source goes on reading. False otherwise.
   */
  get mustDrop(): boolean {
    return this.#options.whenFull === 'drop_newest' && this.blockCause === 'spool_full';
  }

  /** True while a source that can make its senders wait is to read nothing. */
  get mustPause(): boolean {
    return this.isBlocked && !this.mustDrop;
  }

  /**
   * Calls back each time the stream is no longer blocked, or `mustPause` ended. Returns how to stop
   * that.
   */
  onUnblocked(callback: () => void): () => void {
    this.#unblockListeners.add(callback);
    return () => void this.#unblockListeners.delete(callback);
  }

  /** Resolves when the stream is not blocked; at once if it is not. */
  async whenUnblocked(): Promise<void> {
    while (this.isBlocked)
      await new Promise<void>((resolve) => {
        const stop = this.onUnblocked(() => {
          stop();
          resolve();
        });
      });
  }

  /**
   * Admits `chunk[start, end)` as one event and copies it. `markCode` is 0 or a MarkCode of
   * framing,
   * `originalBytes` the length that the sender meant. `source` should be the same string object for
   * events of one sender. Events of a ticket carry its request into the frame. `context` is what
   * their framing knows of them (SourceRun); the same string object for all of them as well.
   */
  append(
    chunk: Buffer,
    start: number,
    end: number,
    source: string,
    markCode: number,
    originalBytes: number,
    ticket: AdmissionTicket | null = null,
    context = '',
  ): void {
    const builder = this.#builder;
    this.#offeredCount++;
    if (!builder.fits(end - start)) this.#closeBatch();
    if (builder.eventCount === 0) this.#startLinger();
    builder.append(chunk, start, end, source, markCode, originalBytes, ticket, context);
    if (builder.isFull) this.#closeBatch();
  }

  /**
   * Says that many events of this chunk will be appended; that makes it cheaper. Its bytes must not
   * change until `endChunk`.
   */
  beginChunk(chunk: Buffer): void {
    this.#builder.beginChunk(chunk);
  }

  endChunk(): void {
    this.#builder.endChunk();
  }

  /** For a sender that waits; `request` is what stands in the frames, for a keyed request. */
  ticket(
    request: AdmissionRequest | null,
    onDurable: ((part: AdmittedPart) => void) | null = null,
  ): AdmissionTicket {
    return new AdmissionTicket(request, onDurable);
  }

  /** Counts events that get no number. They are told to the ledger within a second. */
  refuse(cause: RefusalCause, count: number): void {
    this.#offeredCount += count;
    this.#accounts.refuse(cause, count);
    if (this.#reportTimer === null) this.#startReport();
    if (this.#isClosed) this.#accounts.flushMetrics();
  }

  tally(): AdmissionTally {
    return {
      offered: this.#offeredCount,
      issued: this.#issuedCount,
      refused: this.#accounts.refusedTotals(),
      open: this.#builder.eventCount,
    };
  }

  /** Running total of a refusal cause in this epoch. */
  refusedTotal(cause: RefusalCause): number {
    return this.#accounts.refusedTotal(cause);
  }

  /**
   * Resolves once everything appended so far is durable. Rejects with WEIR_SPOOL_IO or
   * WEIR_SPOOL_CLOSED if any of what was still pending could not be written.
   */
  async durable(): Promise<void> {
    const pending = [...this.#inFlight];
    if (this.#builder.eventCount > 0) pending.push(this.#waitForOpenBatch());
    for (const failure of await Promise.all(pending)) if (failure !== null) throw failure;
  }

  /**
   * Closes the open batch, reports refusals, waits for the buffer. Nothing may be appended after.
   */
  async close(): Promise<void> {
    this.#accounts.flushMetrics();
    try {
      if (this.#builder.eventCount > 0 || this.#accounts.isDirty) this.#closeBatch();
      await this.durable();
      // What was refused, or lost, while the last batch was written.
      if (this.#accounts.isDirty) this.#closeBatch();
      await this.durable();
    } finally {
      this.#isClosed = true;
      for (const timer of [this.#lingerTimer, this.#reportTimer, this.#pollTimer]) timer?.cancel();
    }
  }

  #startLinger(): void {
    assert(!this.#isClosed, 'nothing is admitted after close');
    const { batchLingerMs } = this.#limits;
    this.#openedMs = this.#options.clock.monotonicMs();
    // Batches of all streams close at the same beats: they are one write and one fdatasync then,
    // and it is waking up that costs most while little comes.
    const restMs = Math.ceil(batchLingerMs - (this.#openedMs % batchLingerMs));
    this.#lingerTimer = this.#options.timers.after(restMs, () => {
      this.#lingerTimer = null;
      if (this.#builder.eventCount > 0) this.#closeBatch();
    });
  }

  #startReport(): void {
    if (this.#isClosed) return;
    this.#reportTimer = this.#options.timers.after(REFUSAL_REPORT_MS, () => {
      this.#reportTimer = null;
      this.#accounts.flushMetrics();
      if (!this.#accounts.isDirty) return;
      // While batches wait for a full buffer, more empty ones would only pile up behind them.
      if (this.#inFlight.size === 0) this.#closeBatch();
      else this.#startReport();
    });
  }

  #closeBatch(): void {
    this.#lingerTimer?.cancel();
    this.#lingerTimer = null;
    const pendingBytes = this.pendingBytes - this.#inFlightBytes;
    const { parts, ...events } = this.#builder.take();
    const { tenant, stream, retentionClass, format, clock, metrics } = this.#options;
    const batch = this.#options.sequencer.assign({
      tenant,
      stream,
      retentionClass,
      format,
      receivedAtNs: stampOf(clock),
      ...events,
      dispositions: this.#accounts.take(),
    });
    this.#issuedCount += batch.eventCount;
    if (batch.eventCount > 0) metrics?.received(batch.eventCount, batch.bytes.length);
    this.#accounts.flushMetrics();
    this.#inFlightBytes += pendingBytes;
    const done: Promise<WeirError | null> = this.#write(batch, parts).then((failure) => {
      this.#inFlight.delete(done);
      this.#inFlightBytes -= pendingBytes;
      this.#unblockIfPossible();
      return failure;
    });
    this.#inFlight.add(done);
    this.#openWaiter?.settle(done);
    this.#openWaiter = null;
  }

  /**
   * Hands the batch over, which then belongs to the buffer: only its numbers are used afterwards.
   */
  async #write(batch: SequencedBatch, parts: readonly BuilderPart[]): Promise<WeirError | null> {
    const { seqFirst, eventCount, dispositions } = batch;
    const { buffer, clock, metrics } = this.#options;
    const openedMs = eventCount > 0 ? this.#openedMs : clock.monotonicMs();
    let failure: WeirError | null = null;
    try {
      await buffer.append(batch, clock.monotonicMs() - openedMs);
      if (eventCount > 0) metrics?.latency((clock.monotonicMs() - openedMs) / 1000);
    } catch (error) {
      failure = asSpoolError(error);
      this.#accounts.restore(dispositions);
      if (eventCount > 0) this.#accounts.lose(seqFirst, seqFirst + eventCount - 1);
      if (this.#reportTimer === null) this.#startReport();
      this.#hold(failure.code === 'WEIR_SPOOL_CLOSED');
    }
    this.#settleTickets(parts, seqFirst, failure);
    return failure;
  }

  #settleTickets(parts: readonly BuilderPart[], seqFirst: number, failure: WeirError | null): void {
    const byTicket = new Map<AdmissionTicket, AdmittedPart[]>();
    for (const part of parts) {
      const admitted: AdmittedPart = {
        itemIndexFirst: part.itemIndexFirst,
        eventCount: part.eventCount,
        stream: this.stream,
        epoch: this.epoch,
        seqFirst: seqFirst + part.eventIndexFirst,
      };
      const known = byTicket.get(part.ticket);
      if (known === undefined) byTicket.set(part.ticket, [admitted]);
      else known.push(admitted);
    }
    for (const [ticket, admitted] of byTicket) ticket.batchSettled(admitted, failure);
  }

  #waitForOpenBatch(): Promise<WeirError | null> {
    if (this.#openWaiter === null) {
      let settle: OpenWaiter['settle'] = () => {};
      const promise = new Promise<WeirError | null>((resolve) => {
        settle = resolve;
      });
      this.#openWaiter = { promise, settle };
    }
    return this.#openWaiter.promise;
  }

  /** Stops the inputs for a while after a failure, for ever if the buffer is closed. */
  #hold(forEver: boolean): void {
    this.#isHeld = true;
    if (this.#blockCause === null) this.#block('spool_full');
    if (forEver) return;
    this.#options.timers.after(FAILURE_HOLD_MS, () => {
      this.#isHeld = false;
      this.#unblockIfPossible();
    });
  }

  #block(cause: BlockCause): void {
    this.#blockCause = cause;
    this.#poll();
  }

  #poll(): void {
    if (this.#isClosed || this.#pollTimer !== null) return;
    this.#pollTimer = this.#options.timers.after(FULL_POLL_MS, () => {
      this.#pollTimer = null;
      this.#unblockIfPossible();
      // A source that paused for another reason goes on, now to refuse what it reads.
      if (this.mustDrop) this.#tellUnblocked();
      if (this.#blockCause !== null) this.#poll();
    });
  }

  #unblockIfPossible(): void {
    if (this.#blockCause === null || this.#isHeld || this.#options.buffer.isFull) return;
    if (this.pendingBytes > this.#limits.admissionPendingBytesMax / 2) return;
    this.#blockCause = null;
    this.#tellUnblocked();
  }

  #tellUnblocked(): void {
    for (const listener of [...this.#unblockListeners]) listener();
  }
}

function asSpoolError(error: unknown): WeirError {
  if (error instanceof WeirError) return error;
  return new WeirError('WEIR_SPOOL_IO', `the spool failed: ${messageOf(error)}`, {}, error);
}

/**
 * A frame has no sign for it: a clock before 1970 would read differently once it is on the disk.
 */
function stampOf(clock: Clock): bigint {
  const nowNs = clock.nowNs();
  return nowNs < 0n ? 0n : nowNs;
}

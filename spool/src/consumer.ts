// A named reader with a durable frontier of its own.
import type { Consumer, FileHandle, FramePosition, SpooledBatch } from '@weir/pipeline';
import { assert, isPlanted, messageOf, systemCodeOf, WeirError } from '@weir/pipeline';
import type { FrameCache } from './cache.js';
import type { Frontier, SegmentInfo } from './catalog.js';
import type { SlotFile } from './checkpoint.js';
import { closedError } from './commit.js';
import type { DamageDesk } from './damage.js';
import { frameDamage } from './damage.js';
import { decodeFrame } from './frame-codec.js';
import { SEGMENT_HEADER_BYTES } from './layout.js';
import { SegmentReader } from './reader.js';
import { isUnreadable, openSalvage } from './salvage.js';
import type { StreamSpan } from './segment.js';
import type { Store } from './store.js';

/** Attempts at a place that cannot be read, with delays of 100, 200 and 400 ms between them. */
const readAttemptsMax = 4;
const readDelayMsMin = 50;

/** Where the next read starts. */
interface Cursor {
  segmentId: number;
  frameNo: number;
  offset: number;
  /** Events of the segment before it. */
  eventCount: number;
}

export interface ConsumerHooks {
  /** The frontier moved; segments may be deletable. */
  settled(): void;
  /** Numbers that a segment must hold, also of the one that is being written. */
  expectedStreams(info: SegmentInfo): readonly StreamSpan[];
  /** True while nothing can be written, not even a declaration of loss. */
  isOutOfSpace(): boolean;
}

export class SpoolConsumer implements Consumer {
  readonly name: string;
  readonly #store: Store;
  readonly #cache: FrameCache;
  readonly #desk: DamageDesk;
  readonly #slots: SlotFile;
  readonly #hooks: ConsumerHooks;
  #frontier: Frontier | null;
  #cursor: Cursor;
  /** Read since the last rewind and not settled, in order. */
  #outstanding: Frontier[] = [];
  #isReading = false;
  #isClosed = false;
  #wake: (() => void) | null = null;
  #wakeCount = 0;
  #endDelay: (() => void) | null = null;
  #open: { readonly id: number; handle: Pick<FileHandle, 'close'>; reader: SegmentReader } | null =
    null;
  /** The settle that is being written, and the one that waits for it. */
  #settling: Promise<void> | null = null;
  #settlingFrontier: Frontier | null = null;
  #settleNext: { frontier: Frontier; promise: Promise<void> } | null = null;

  constructor(
    name: string,
    parts: { store: Store; cache: FrameCache; desk: DamageDesk; slots: SlotFile },
    frontier: Frontier | null,
    hooks: ConsumerHooks,
  ) {
    this.name = name;
    this.#store = parts.store;
    this.#cache = parts.cache;
    this.#desk = parts.desk;
    this.#slots = parts.slots;
    this.#hooks = hooks;
    this.#frontier = frontier;
    this.#cursor = cursorBehind(frontier);
  }

  get frontier(): FramePosition | null {
    const frontier = this.#frontier;
    return frontier && { segmentId: frontier.segmentId, frameNo: frontier.frameNo };
  }
  get pendingFrameCount(): number {
    return this.#store.catalog.pending(this.#frontier).frames;
  }
  get pendingEventCount(): number {
    return this.#store.catalog.pending(this.#frontier).events;
  }
  get pendingBytes(): number {
    return this.#store.catalog.pending(this.#frontier).bytes;
  }

  /** True if the frontier is at or behind the last of these frames of a segment. */
  isDoneWith(segmentId: number, frameCount: number): boolean {
    const frontier = this.#frontier;
    if (frameCount === 0) return true;
    if (frontier === null) return false;
    if (frontier.segmentId !== segmentId) return frontier.segmentId > segmentId;
    return frontier.frameNo + 1 >= frameCount;
  }

  async read(signal: AbortSignal): Promise<SpooledBatch | null> {
    assert(!this.#isReading, 'a consumer has one read at a time');
    this.#isReading = true;
    try {
      while (!this.#isClosed && !signal.aborted) {
        const seen = this.#wakeCount;
        const found = await this.#tryNext(signal);
        if (this.#isClosed) return null;
        if (found !== null) return found;
        // An abort that came meanwhile is not told again.
        if (signal.aborted) return null;
        if (seen === this.#wakeCount) await this.#waitForMore(signal);
      }
      return null;
    } catch (error) {
      if (systemCodeOf(error) === '' || error instanceof WeirError) throw error;
      throw this.#ioError('reading the spool', error);
    } finally {
      this.#isReading = false;
    }
  }

  rewind(): void {
    assert(!this.#isReading, 'no rewind while reading');
    this.#outstanding = [];
    const next = this.#settleNext?.frontier ?? this.#settlingFrontier ?? this.#frontier;
    this.#cursor = cursorBehind(next);
  }

  async settle(position: FramePosition): Promise<void> {
    if (this.#isClosed) throw closedError();
    if (isAtOrBefore(position, this.#frontier)) return;
    const waiting = this.#settleNext;
    if (waiting !== null && isAtOrBefore(position, waiting.frontier)) return waiting.promise;
    let count = 0;
    while (isAtOrBefore(this.#outstanding[count] ?? null, position)) count++;
    if (count > 0 && isPlanted('frontier_before_settle')) count = this.#outstanding.length;
    const frontier = this.#outstanding[count - 1];
    if (frontier === undefined || !isAtOrBefore(position, frontier)) {
      // Being written right now, or never read.
      assert(this.#settling !== null && waiting === null, 'only what was read can be settled');
      return this.#settling;
    }
    this.#outstanding.splice(0, count);
    if (waiting !== null) {
      waiting.frontier = frontier;
      return waiting.promise;
    }
    const next = { frontier, promise: Promise.resolve() };
    this.#settleNext = next;
    next.promise = this.#settleAfter(this.#settling);
    return next.promise;
  }

  wakeUp(): void {
    this.#wakeCount++;
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endDelay?.();
    this.wakeUp();
    await this.#settleNext?.promise.catch(() => undefined);
    await this.#settling?.catch(() => undefined);
    await this.#slots.close();
    await this.#leave();
  }

  async #settleAfter(previous: Promise<void> | null): Promise<void> {
    await previous?.catch(() => undefined);
    const next = this.#settleNext;
    if (next === null) return;
    this.#settleNext = null;
    this.#settlingFrontier = next.frontier;
    this.#settling = this.#writeFrontier(next.frontier).finally(() => {
      this.#settling = null;
      this.#settlingFrontier = null;
    });
    await this.#settling;
  }

  async #writeFrontier(frontier: Frontier): Promise<void> {
    try {
      // A frontier behind damage must not be durable before the loss is.
      const isDeclared = isPlanted('frontier_before_loss_declared');
      if (!isDeclared && !this.#hooks.isOutOfSpace()) await this.#desk.settled();
      const { segmentId, frameNo, nextOffset, eventCount } = frontier;
      await this.#slots.store({
        storeUuid: this.#store.state.storeUuid,
        words: [BigInt(segmentId), BigInt(frameNo), BigInt(nextOffset), BigInt(eventCount)],
      });
    } catch (error) {
      // It can be settled again: what is read and not durably settled stays outstanding.
      if (!isAtOrBefore(this.#outstanding[0] ?? null, frontier))
        this.#outstanding.unshift(frontier);
      if (error instanceof WeirError) throw error;
      throw this.#ioError('writing the frontier', error);
    }
    this.#frontier = frontier;
    this.#hooks.settled();
  }

  /**
   * A place that cannot be read is tried again some times. After that it is damage: delivery goes
   * on behind it.
   */
  async #tryNext(signal: AbortSignal): Promise<SpooledBatch | null> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#next();
      } catch (error) {
        const info = this.#store.catalog.get(this.#cursor.segmentId);
        if (!isUnreadable(error) || info === null || info.isSalvaged) throw error;
        await this.#leave();
        if (attempt < readAttemptsMax) await this.#delay(signal, readDelayMsMin * 2 ** attempt);
        else info.isSalvaged = true;
        if (signal.aborted || this.#isClosed) return null;
      }
    }
  }

  async #next(): Promise<SpooledBatch | null> {
    const { catalog } = this.#store;
    const cursor = this.#cursor;
    for (;;) {
      const info = catalog.get(cursor.segmentId);
      if (info !== null && cursor.frameNo < info.frameCount) {
        const found = await this.#readFrame(info, cursor);
        if (found !== null) return found;
      } else if (info === null || info.isEnded) {
        const next = catalog.after(cursor.segmentId);
        if (next === null) return null;
        Object.assign(cursor, cursorAt(next.id));
      } else return null;
    }
  }

  /** Null if the frame is damaged; the cursor is behind the damage then. */
  async #readFrame(info: SegmentInfo, cursor: Cursor): Promise<SpooledBatch | null> {
    const position = { segmentId: info.id, frameNo: cursor.frameNo };
    const cached = this.#cache.take(position);
    if (cached !== null) return this.#deliver({ position, batch: cached.batch }, cached.nextOffset);
    const reader = await this.#readerOf(info);
    const frame = reader === null ? null : await reader.read(cursor.offset, info.endOffset, true);
    if (frame?.kind !== 'frame' || frame.header.frameNo !== cursor.frameNo) {
      // Its window holds what could not be read as zeros; the place may be readable again, and the
      // audit would lead back to it for ever.
      await this.#leave();
      const expected = this.#hooks.expectedStreams(info);
      const resume = await this.#desk.audit(info, expected, cursor.frameNo);
      cursor.frameNo = resume?.frameNo ?? info.frameCount;
      cursor.offset = resume?.offset ?? info.endOffset;
      cursor.eventCount = resume?.eventCount ?? info.eventCount;
      return null;
    }
    const { header, meta } = frame;
    const nextOffset = cursor.offset + header.totalBytes;
    const batch = decodeFrame(header, frame.bytes, this.#store.settings.batchMemory);
    if (batch !== null) return this.#deliver({ position, batch }, nextOffset);
    const { tenant, stream } = meta;
    const { epoch, seqFirst, eventCount } = header;
    const ranges = [[seqFirst, seqFirst + eventCount - 1] as const];
    const damage = frameDamage(cursor.frameNo, cursor.offset, nextOffset);
    this.#desk.declare(info, [damage], [{ tenant, stream, epoch, ranges, eventCount }]);
    cursor.frameNo++;
    cursor.offset = nextOffset;
    return null;
  }

  #deliver(found: SpooledBatch, nextOffset: number): SpooledBatch {
    const cursor = this.#cursor;
    cursor.frameNo++;
    cursor.offset = nextOffset;
    cursor.eventCount += found.batch.eventCount;
    const { segmentId, frameNo } = found.position;
    this.#outstanding.push({ segmentId, frameNo, nextOffset, eventCount: cursor.eventCount });
    return found;
  }

  /** Null if the file is gone. */
  async #readerOf(info: SegmentInfo): Promise<SegmentReader | null> {
    if (this.#open?.id === info.id) return this.#open.reader;
    await this.#leave();
    const { files } = this.#store.settings;
    try {
      const handle = info.isSalvaged
        ? await openSalvage(files, info.path)
        : await files.open(info.path, 'read');
      if (handle === null) return null;
      const reader = new SegmentReader(handle, info.id, info.seed);
      this.#open = { id: info.id, handle, reader };
      return reader;
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return null;
      throw error;
    }
  }

  #ioError(doing: string, error: unknown): WeirError {
    const details = { consumer: this.name, systemCode: systemCodeOf(error) };
    const message = `${doing} failed for consumer ${this.name}: ${messageOf(error)}`;
    return new WeirError('WEIR_SPOOL_IO', message, details, error);
  }

  async #leave(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.handle.close();
  }

  /** Ends early when the read is aborted or the consumer closed. */
  #delay(signal: AbortSignal, delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        this.#endDelay = null;
        resolve();
      };
      const timer = this.#store.settings.timers.after(delayMs, end);
      signal.addEventListener('abort', end, { once: true });
      this.#endDelay = end;
    });
  }

  #waitForMore(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#wake = null;
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
    });
  }
}

function cursorAt(segmentId: number): Cursor {
  return { segmentId, frameNo: 0, offset: SEGMENT_HEADER_BYTES, eventCount: 0 };
}

function cursorBehind(frontier: Frontier | null): Cursor {
  if (frontier === null) return cursorAt(0);
  const { segmentId, frameNo, nextOffset, eventCount } = frontier;
  return { segmentId, frameNo: frameNo + 1, offset: nextOffset, eventCount };
}

function isAtOrBefore(position: FramePosition | null, other: FramePosition | null): boolean {
  if (position === null || other === null) return false;
  if (position.segmentId !== other.segmentId) return position.segmentId < other.segmentId;
  return position.frameNo <= other.frameNo;
}

// Group commit: one write and one fdatasync for all frames that have gathered. See FORMAT.md
// "Writing".
import type { FramePosition, SequencedBatch } from '@weir/pipeline';
import {
  assert,
  BufferPool,
  InvariantError,
  isNoSpace,
  isPlanted,
  LIMITS,
  messageOf,
  systemCodeOf,
  WeirError,
} from '@weir/pipeline';
import type { EncodedFrame } from './frame-codec.js';
import { encodeFrame } from './frame-codec.js';
import { appendParts, requestPartsOf } from './keys.js';
import { SEGMENT_HEADER_BYTES, SEGMENT_REQUEST_PARTS_MAX } from './layout.js';
import { dropLastEvent } from './sabotage.js';
import { SegmentWriter } from './segment-writer.js';
import type { Store } from './store.js';

/** Most bytes of one group: bounds the latency that a large backlog adds to the first of it. */
const groupBytesMax = 4 * 1024 * 1024;
const retryDelayMsMin = 20;
const retryDelayMsMax = 1_000;

interface Pending {
  batch: SequencedBatch;
  /** Null while the queue is too large to hold one more compressed frame. */
  frame: EncodedFrame | null;
  /** Of its oldest event. */
  readonly waitingSinceMs: number;
  readonly isUrgent: boolean;
  readonly resolve: (position: FramePosition) => void;
  readonly reject: (error: WeirError) => void;
}

export interface CommitHooks {
  /** Frames became durable; called before their appends resolve. */
  committed(segmentId: number, frames: readonly CommittedFrame[]): void;
  /** The active segment holds nothing that a consumer still needs. */
  isSettled(segmentId: number, frameCount: number): boolean;
  /** A segment ended; it may be possible to delete it. */
  segmentEnded(): void;
}
export interface CommittedFrame {
  readonly frameNo: number;
  readonly nextOffset: number;
  readonly batch: SequencedBatch;
}

export class Committer {
  readonly #store: Store;
  readonly #hooks: CommitHooks;
  readonly #queue: Pending[] = [];
  readonly #frameMemory = new BufferPool(LIMITS.frameMemoryFreeBytesMax);
  /**
   * Loss declarations: written even when the spool has reached bytesMax, else nothing could free
   * it.
   */
  readonly #urgent: Pending[] = [];
  /** Frames of a write that found no space: the same bytes must go to the same place. */
  #pinned: Pending[] | null = null;
  #queuedBytes = 0;
  /** Of the same frames, before compression: what inputs wait for. */
  #queuedRawBytes = 0;
  #writer: SegmentWriter | null = null;
  #strikes = 0;
  #isBlocked = false;
  #isDraining = false;
  #isOutOfSpace = false;
  #isClosing = false;
  #failure: WeirError | null = null;
  #wake: (() => void) | null = null;
  /** A wake-up that came while nobody slept; the next sleep ends at once. */
  #isSignalled = false;
  #dropsLeft: number;
  readonly #loop: Promise<void>;
  /** Resolves with the reason once the spool can write no more. */
  readonly failed: Promise<WeirError>;
  #resolveFailed: (error: WeirError) => void = () => undefined;

  constructor(store: Store, hooks: CommitHooks) {
    this.#store = store;
    this.#hooks = hooks;
    this.#dropsLeft = store.settings.sabotage === 'drop_event' ? 1 : 0;
    this.failed = new Promise((resolve) => {
      this.#resolveFailed = resolve;
    });
    this.#loop = this.#run();
  }

  get failure(): WeirError | null {
    return this.#failure;
  }
  get isOutOfSpace(): boolean {
    return this.#isOutOfSpace;
  }
  get queuedBytes(): number {
    return this.#queuedBytes;
  }
  get isFull(): boolean {
    if (this.#failure !== null || this.#isOutOfSpace || this.#isBlocked) return true;
    if (this.#queuedBytes === 0) return false;
    const used = this.#writtenBytes;
    return used > 0 && used + this.#queuedBytes > this.#bytesMax;
  }
  get activeWriter(): SegmentWriter | null {
    return this.#writer;
  }
  /** Used space without what only waits for frames. */
  get #writtenBytes(): number {
    return this.#store.catalog.usedBytes - this.unusedBytes;
  }
  /** Of the active segment: space behind its frames. */
  get unusedBytes(): number {
    const writer = this.#writer;
    return writer === null ? 0 : Math.max(0, writer.allocatedBytes - writer.offset);
  }

  append(
    batch: SequencedBatch,
    { isUrgent = false, waitedMs = 0 }: { isUrgent?: boolean; waitedMs?: number } = {},
  ): Promise<FramePosition> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#isClosing) return Promise.reject(closedError());
    const { clock, commitIntervalMs, sabotage } = this.#store.settings;
    const isDue = waitedMs >= commitIntervalMs;
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        batch,
        frame: null,
        waitingSinceMs: clock.monotonicMs() - waitedMs,
        isUrgent,
        resolve,
        reject,
      };
      const isFirst = this.#queue.length === 0 && this.#urgent.length === 0;
      const isRoom = isUrgent || isFirst || this.#queuedBytes < LIMITS.spoolQueueBytesMax;
      const isAfterOther = !isUrgent && this.#queue.at(-1)?.frame === null;
      if (isRoom && !isAfterOther && !this.#encode(pending)) return;
      (isUrgent ? this.#urgent : this.#queue).push(pending);
      // Even before the write, so that the end of the process is enough to show it.
      if (sabotage === 'ack_before_fdatasync' || isPlanted('ack_before_fdatasync'))
        resolve({ segmentId: 0, frameNo: 0 });
      const isStuck = this.#isBlocked || this.#isOutOfSpace;
      if (isUrgent || (!isStuck && (isFirst || isDue || this.#isEnough))) this.#wakeUp();
    });
  }

  /** To be committed without waiting for more. */
  get #isEnough(): boolean {
    const { commitBytes } = this.#store.settings;
    return this.#queuedBytes >= commitBytes || this.#queuedRawBytes >= LIMITS.spoolCommitRawBytes;
  }

  get #bytesMax(): number {
    return this.#isDraining ? Number.POSITIVE_INFINITY : this.#store.settings.bytesMax;
  }

  /** From here on the size limit does not hold; the disk's does. */
  startDrain(): void {
    this.#isDraining = true;
    this.#wakeUp();
  }

  /** Space may have come back. */
  spaceFreed(deletedSegmentCount: number): void {
    // Without space, only a deletion is a reason to try before the delay is over: a segment that
    // ended for want of space would else ask for the next attempt itself, without end.
    if (this.#isBlocked || (this.#isOutOfSpace && deletedSegmentCount > 0)) this.#wakeUp();
  }

  /** Commits what fits, rejects the rest with WEIR_SPOOL_CLOSED, seals the active segment. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#wakeUp();
    await this.#loop;
    const hasPinned = this.#pinned !== null;
    this.#rejectAll(closedError());
    await this.#store.preparer.close();
    const writer = this.#writer;
    if (writer === null) return;
    this.#writer = null;
    // Behind a write that found no space there may be parts of frames; a footer would not be the
    // end.
    await (writer.isDead || hasPinned ? writer.abandon() : writer.seal());
  }

  async #run(): Promise<void> {
    await this.#lookForSpace();
    while (await this.#gather()) {
      try {
        const isWaiting = !(await this.#commitGroup());
        if (isWaiting && this.#isClosing) return;
        if (isWaiting) await this.#sleep(null);
        else {
          this.#strikes = 0;
          this.#isOutOfSpace = false;
        }
      } catch (error) {
        if (error instanceof InvariantError) throw error;
        if (!(await this.#afterError(error))) return;
      }
    }
  }

  /** False when the loop must end. */
  async #afterError(error: unknown): Promise<boolean> {
    if (isNoSpace(error)) {
      this.#isOutOfSpace = true;
      this.#strikes = 0;
      if (this.#isClosing) return false;
      // Its own space may be all that can come back. Not behind parts of frames.
      if (this.#pinned === null) await this.#freeActiveSegment();
      const delayMs = Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** this.#retries++);
      await this.#sleep(isPlanted('stuck_after_no_space') ? null : delayMs);
      return true;
    }
    this.#strikes++;
    if (this.#strikes < 2) return true;
    const failure = new WeirError(
      'WEIR_SPOOL_IO',
      `writing the spool failed twice: ${messageOf(error)}`,
      { systemCode: systemCodeOf(error) },
      error,
    );
    this.#failure = failure;
    if (this.#writer !== null) this.#writer.isDead = true;
    this.#rejectAll(failure);
    this.#resolveFailed(failure);
    return false;
  }
  #retries = 0;

  /**
   * Waits for work, then for the interval to pass or enough bytes; false when there is nothing left
   * to do.
   */
  async #gather(): Promise<boolean> {
    const { commitIntervalMs, clock } = this.#store.settings;
    for (;;) {
      const first = this.#urgent[0] ?? this.#pinned?.[0] ?? this.#queue[0];
      if (first === undefined) {
        if (this.#isClosing) return false;
        if (this.#isOutOfSpace) await this.#lookForSpace();
        await this.#sleep(this.#isOutOfSpace ? retryDelayMsMax : null);
        continue;
      }
      const waitMs = this.#waitingSinceMs() + commitIntervalMs - clock.monotonicMs();
      if (this.#isClosing || waitMs <= 0 || this.#isEnough) return true;
      await this.#sleep(waitMs);
    }
  }

  /**
   * With nothing to write, whether the first segment would have room: inputs that stopped for want
   * of space append nothing that would show it, nor does a start.
   */
  async #lookForSpace(): Promise<void> {
    const { preparer, settings, usedBytes } = this.#store;
    const left = Math.max(0, settings.bytesMax - usedBytes);
    const needed = this.#writer === null ? Math.min(preparer.firstBytes, left) : 0;
    const { files, directory } = settings;
    const freeBytes = await files.freeBytes(directory).catch(() => Number.POSITIVE_INFINITY);
    this.#isOutOfSpace = freeBytes < needed;
  }

  /** Of the oldest event; a batch that filled quickly may stand before one that waited. */
  #waitingSinceMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const queue of [this.#urgent, this.#queue])
      for (const { waitingSinceMs } of queue) oldestMs = Math.min(oldestMs, waitingSinceMs);
    return oldestMs;
  }

  /** False if nothing fits and the loop must wait for space. */
  async #commitGroup(): Promise<boolean> {
    if (this.#writer?.isDead === true) {
      if (this.#pinned !== null && isPlanted('frames_dropped_after_eio'))
        this.#publish(this.#writer, this.#pinned);
      await this.#writer.abandon();
      this.#pinned = null;
      this.#writer = null;
      this.#hooks.segmentEnded();
    }
    const group = this.#pinned ?? (await this.#nextGroup());
    if (this.#pinned === null && isPlanted('order_swapped_in_group')) group?.reverse();
    if (group === null) return false;
    if (group.length === 0) return true;
    const writer = this.#writer;
    assert(writer !== null, 'a group has a segment to go to');
    const frames = group.map((pending) => frameOf(pending));
    this.#pinned = group;
    await writer.write(frames);
    await writer.datasync();
    this.#pinned = null;
    this.#retries = 0;
    this.#publish(writer, group);
    return true;
  }

  /**
   * The frames that go into the next write, still queued; null if there is no space for the first.
   */
  async #nextGroup(): Promise<Pending[] | null> {
    this.#encodeMore();
    const queue = this.#urgent.length > 0 ? this.#urgent : this.#queue;
    const first = queue[0];
    if (first === undefined) return [];
    await this.#leaveFullSegment(frameOf(first).totalBytes, first.batch.requestParts.length);
    let writer = await this.#writerFor(first);
    if (writer === null) {
      await this.#freeActiveSegment();
      writer = await this.#writerFor(first);
    }
    this.#isBlocked = writer === null;
    if (writer === null) return null;
    const room = Math.min(writer.allocatedBytes - writer.offset, groupBytesMax);
    const group: Pending[] = [];
    let groupBytes = 0;
    let partCount = writer.info.unstoredParts.length;
    for (const pending of queue) {
      if (pending.frame === null) break;
      partCount += pending.batch.requestParts.length;
      const isFull =
        groupBytes + pending.frame.totalBytes > room || partCount > SEGMENT_REQUEST_PARTS_MAX;
      if (group.length > 0 && isFull) break;
      groupBytes += pending.frame.totalBytes;
      group.push(pending);
    }
    return group;
  }

  /** The segment with room for the frame; null if the size limit leaves none. */
  async #writerFor(first: Pending): Promise<SegmentWriter | null> {
    const { preparer, settings } = this.#store;
    const writer = this.#writer;
    const bytesMin = frameOf(first).totalBytes + (writer?.offset ?? SEGMENT_HEADER_BYTES);
    const allocated = writer?.allocatedBytes ?? preparer.bytes;
    if (writer !== null && allocated >= bytesMin) return writer;
    const isExempt = first.isUrgent || this.#writtenBytes === 0;
    const left = isExempt ? Number.POSITIVE_INFINITY : this.#bytesMax - this.#store.usedBytes;
    if (bytesMin - allocated > left) return null;
    const step = Math.min(preparer.firstBytes, left, settings.segmentBytes - allocated);
    const bytes = Math.max(bytesMin, allocated + step);
    if (writer !== null) await writer.extend(bytes);
    else {
      // What is under way may still fail; then one of the smallest size is made in its place.
      const bytesNow = Math.max(bytesMin, Math.min(preparer.firstBytes, bytes));
      const prepared = await preparer.take(bytesMin, bytesNow);
      this.#writer = await SegmentWriter.create(this.#store, prepared);
    }
    return this.#writer;
  }

  /** A segment ends at its size, or when its space is used up and the next one has some. */
  async #leaveFullSegment(frameBytes: number, partCount: number): Promise<void> {
    const writer = this.#writer;
    if (writer === null || writer.info.frameCount === 0) return;
    const { preparer, settings } = this.#store;
    const end = writer.offset + frameBytes;
    const endMax = preparer.hasNext ? writer.allocatedBytes : settings.segmentBytes;
    const parts = writer.info.unstoredParts.length + partCount;
    if (end <= endMax && (partCount === 0 || parts <= SEGMENT_REQUEST_PARTS_MAX)) return;
    await this.#seal(writer);
  }

  /**
   * With the spool full, a segment that all consumers are done with is ended early so that it can
   * go.
   */
  async #freeActiveSegment(): Promise<void> {
    const writer = this.#writer;
    if (writer === null || writer.info.frameCount === 0) return;
    if (this.#hooks.isSettled(writer.info.id, writer.info.frameCount)) await this.#seal(writer);
  }

  async #seal(writer: SegmentWriter): Promise<void> {
    await writer.seal();
    this.#writer = null;
    this.#hooks.segmentEnded();
  }

  #publish(writer: SegmentWriter, group: readonly Pending[]): void {
    const { catalog, epochs } = this.#store;
    const { info } = writer;
    const frameNoFirst = info.frameCount;
    const committed: CommittedFrame[] = [];
    let nextOffset = writer.offset;
    let eventCount = 0;
    for (const [i, pending] of group.entries()) {
      const { batch } = pending;
      const frame = frameOf(pending);
      nextOffset += frame.totalBytes;
      eventCount += batch.eventCount;
      writer.tally.add(batch, new DataView(frame.head.buffer).getUint32(4, true));
      if (batch.dispositions.length > 0) writer.tally.dispositionFrameCount++;
      // A request's repeat goes to the node that took the request.
      if (batch.requestParts.length > 0 && !epochs.isForeign(batch.stream))
        appendParts(info.unstoredParts, requestPartsOf(batch));
      epochs.noteFrame(batch);
      committed.push({ frameNo: frameNoFirst + i, nextOffset, batch });
      this.#queuedBytes -= frame.totalBytes;
      this.#queuedRawBytes -= batch.bytes.length;
    }
    (group[0]?.isUrgent === true ? this.#urgent : this.#queue).splice(0, group.length);
    writer.advance(group.map((pending) => frameOf(pending)));
    for (const pending of group) this.#frameMemory.give(frameOf(pending).stored.buffer);
    catalog.grow(info, group.length, eventCount, nextOffset);
    this.#hooks.committed(info.id, committed);
    for (const [i, pending] of group.entries())
      pending.resolve({ segmentId: info.id, frameNo: frameNoFirst + i });
    if (writer.offset * 2 > writer.allocatedBytes) this.#store.preparer.request();
    this.#encodeMore();
  }

  #encodeMore(): void {
    for (let i = 0; i < this.#queue.length; i++) {
      const pending = this.#queue[i];
      if (pending === undefined || pending.frame !== null) continue;
      if (i > 0 && this.#queuedBytes >= LIMITS.spoolQueueBytesMax) return;
      if (!this.#encode(pending)) this.#queue.splice(i--, 1);
    }
  }

  /** False if the batch cannot be a frame; it is rejected then. */
  #encode(pending: Pending): boolean {
    try {
      if (this.#dropsLeft > 0 && pending.batch.eventCount > 0) {
        this.#dropsLeft--;
        pending.batch = dropLastEvent(pending.batch);
      }
      pending.frame = encodeFrame(pending.batch, this.#store.settings.zstdLevel, this.#frameMemory);
      this.#queuedBytes += pending.frame.totalBytes;
      this.#queuedRawBytes += pending.batch.bytes.length;
      return true;
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      pending.reject(error);
      return false;
    }
  }

  #rejectAll(error: WeirError): void {
    for (const pending of [...this.#urgent, ...this.#queue]) pending.reject(error);
    this.#urgent.length = 0;
    this.#queue.length = 0;
    this.#pinned = null;
    this.#queuedBytes = 0;
    this.#queuedRawBytes = 0;
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    if (wake === null) this.#isSignalled = true;
    else wake();
  }

  /** Until wakeUp, or for a time. */
  #sleep(delayMs: number | null): Promise<void> {
    if (this.#isSignalled) {
      this.#isSignalled = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer =
        delayMs === null
          ? null
          : this.#store.settings.timers.after(delayMs, () => {
              this.#wake = null;
              resolve();
            });
      this.#wake = () => {
        timer?.cancel();
        resolve();
      };
    });
  }
}

function frameOf(pending: Pending): EncodedFrame {
  assert(pending.frame !== null, 'a frame is encoded before it is written');
  return pending.frame;
}

export const closedError = (): WeirError =>
  new WeirError('WEIR_SPOOL_CLOSED', 'the spool was closed while the operation waited');

// A Consumer over batches in memory, with a frontier that outlives the loader, for tests.
import {
  assert,
  type Consumer,
  type FramePosition,
  type SequencedBatch,
  type SpooledBatch,
  WeirError,
} from '@weir/pipeline';
import { comparePositions } from '../batch-head.js';

export class MemoryConsumer implements Consumer {
  readonly name = 'test';
  frontier: FramePosition | null = null;
  /** Set: the next settle fails once. */
  failSettle = false;
  readonly #frames: SpooledBatch[] = [];
  readonly #lost = new Set<SpooledBatch>();
  /** Read since the last rewind and not settled. */
  #outstanding: FramePosition[] = [];
  #next = 0;
  #closed = false;
  #wake: (() => void)[] = [];

  append(batch: SequencedBatch): FramePosition {
    const frameCount = this.#frames.length;
    // Segments of ten frames, so that positions are compared in both parts.
    const position = { segmentId: Math.floor(frameCount / 10), frameNo: frameCount % 10 };
    this.#frames.push({ position, batch });
    this.#wakeAll();
    return position;
  }

  /** The frame rots: it stays pending, and reading passes over it. */
  lose(position: FramePosition): void {
    for (const frame of this.#frames)
      if (comparePositions(frame.position, position) === 0) this.#lost.add(frame);
  }

  /** Readers get null once everything was read. */
  close(): void {
    this.#closed = true;
    this.#wakeAll();
  }

  async read(signal: AbortSignal): Promise<SpooledBatch | null> {
    for (;;) {
      while (this.#lost.has(this.#frames[this.#next] as SpooledBatch)) this.#next++;
      if (this.#next < this.#frames.length) break;
      if (signal.aborted || this.#closed) return null;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#wake.push(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
    if (signal.aborted) return null;
    const frame = this.#frames[this.#next++] as SpooledBatch;
    this.#outstanding.push(frame.position);
    // The caller owns it, and may give its memory away.
    const { batch } = frame;
    return {
      position: frame.position,
      batch: {
        ...batch,
        bytes: batch.bytes.slice(),
        offsets: batch.offsets.slice(),
        marks: batch.marks.slice(),
      },
    };
  }

  rewind(): void {
    const { frontier } = this;
    this.#outstanding = [];
    this.#next =
      frontier === null
        ? 0
        : this.#frames.findIndex((frame) => comparePositions(frame.position, frontier) > 0);
    if (this.#next < 0) this.#next = this.#frames.length;
  }

  async settle(position: FramePosition): Promise<void> {
    if (this.failSettle) {
      this.failSettle = false;
      throw new WeirError('WEIR_SPOOL_IO', 'settling failed for the test');
    }
    const { frontier } = this;
    if (frontier !== null && comparePositions(position, frontier) <= 0) return;
    assert(
      this.#outstanding.some((read) => comparePositions(read, position) === 0),
      'only what was read can be settled',
    );
    this.#outstanding = this.#outstanding.filter((read) => comparePositions(read, position) > 0);
    this.frontier = position;
  }

  get pendingFrameCount(): number {
    return this.#pending().length;
  }

  get pendingEventCount(): number {
    return this.#pending().reduce((sum, frame) => sum + frame.batch.eventCount, 0);
  }

  #pending(): SpooledBatch[] {
    const { frontier } = this;
    return this.#frames.filter(
      (frame) => frontier === null || comparePositions(frame.position, frontier) > 0,
    );
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

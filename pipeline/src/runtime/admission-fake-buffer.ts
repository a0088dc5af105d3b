// A buffer for tests, whose durability the test controls.
import type { SequencedBatch } from '../batch.js';
import type { BatchBuffer, FramePosition } from '../component.js';

interface Waiting {
  readonly batch: SequencedBatch;
  readonly resolve: (position: FramePosition) => void;
  readonly reject: (error: Error) => void;
}

/** One event as a test sees it. */
export interface FakeEvent {
  readonly stream: string;
  readonly seq: number;
  readonly source: string;
  readonly sourceSeq: number;
  readonly text: string;
  /** [MarkCode, original length], null without a mark. */
  readonly mark: readonly [number, number] | null;
}

export class FakeBuffer implements BatchBuffer {
  isFull = false;
  /** While true, appends wait for `release` or `fail`. */
  isHeld = false;
  /** Durable, in order. */
  readonly batches: SequencedBatch[] = [];
  /** What each append said that its oldest event had waited. */
  readonly waitedMs: number[] = [];
  readonly #waiting: Waiting[] = [];

  get waitingCount(): number {
    return this.#waiting.length;
  }

  append(batch: SequencedBatch, waitedMs = 0): Promise<FramePosition> {
    this.waitedMs.push(waitedMs);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      if (!this.isHeld) this.release();
    });
  }

  /** Makes the oldest waiting batches durable, all of them by default. */
  release(count = this.#waiting.length): void {
    for (const { batch, resolve } of this.#waiting.splice(0, count)) {
      this.batches.push(batch);
      resolve({ segmentId: 0, frameNo: this.batches.length - 1 });
    }
  }

  /** Fails the oldest waiting batches, all of them by default. */
  fail(error: Error, count = this.#waiting.length): void {
    for (const { reject } of this.#waiting.splice(0, count)) reject(error);
  }

  events(): FakeEvent[] {
    return this.batches.flatMap(eventsOf);
  }
  texts(): string[] {
    return this.events().map((event) => event.text);
  }
  /** Newest running total of a refusal cause, over all streams. */
  refused(cause: string): number {
    const totals = new Map<string, number>();
    for (const { stream, dispositions } of this.batches)
      for (const disposition of dispositions)
        if (disposition.kind === 'refused' && disposition.cause === cause)
          totals.set(stream, disposition.eventCount);
    return [...totals.values()].reduce((sum, total) => sum + total, 0);
  }
}

function eventsOf(batch: SequencedBatch): FakeEvent[] {
  const marks = new Map<number, readonly [number, number]>();
  for (let i = 0; i < batch.marks.length; i += 3)
    marks.set(batch.marks[i] ?? 0, [batch.marks[i + 1] ?? 0, batch.marks[i + 2] ?? 0]);
  const events: FakeEvent[] = [];
  for (const run of batch.runs)
    for (let i = 0; i < run.eventCount; i++) {
      const index = events.length;
      const bytes = batch.bytes.subarray(batch.offsets[index], batch.offsets[index + 1]);
      events.push({
        stream: batch.stream,
        seq: batch.seqFirst + index,
        source: run.source,
        sourceSeq: run.sourceSeqFirst + i,
        text: Buffer.from(bytes).toString('latin1'),
        mark: marks.get(index) ?? null,
      });
    }
  return events;
}

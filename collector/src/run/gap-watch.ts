// Watches what leaves the spool for numbers that are skipped: the live `gaps` of the status line.
// The verdict over everything is `weir verify`; this one costs a comparison a batch.
import type { Consumer, FramePosition, SequencedBatch, SpooledBatch } from '@weir/pipeline';

export class GapWatch implements Consumer {
  readonly #consumer: Consumer;
  /** Next number expected, by tenant, stream and epoch. */
  readonly #next = new Map<string, number>();
  #missing = 0;

  constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  /** Numbers that were skipped and not declared lost, since this process started. */
  get missingEvents(): number {
    return Math.max(0, this.#missing);
  }

  get name(): string {
    return this.#consumer.name;
  }
  get frontier(): FramePosition | null {
    return this.#consumer.frontier;
  }
  get pendingFrameCount(): number {
    return this.#consumer.pendingFrameCount;
  }
  get pendingEventCount(): number {
    return this.#consumer.pendingEventCount;
  }

  async read(signal: AbortSignal): Promise<SpooledBatch | null> {
    const spooled = await this.#consumer.read(signal);
    if (spooled !== null) this.#look(spooled.batch);
    return spooled;
  }

  rewind(): void {
    this.#consumer.rewind();
  }

  settle(position: FramePosition): Promise<void> {
    return this.#consumer.settle(position);
  }

  #look(batch: SequencedBatch): void {
    const key = `${batch.tenant}/${batch.stream}/${batch.epoch}`;
    for (const disposition of batch.dispositions) {
      if (disposition.kind === 'lost') this.#missing -= disposition.eventCount;
    }
    if (batch.eventCount === 0) return;
    const expected = this.#next.get(key);
    const end = batch.seqFirst + batch.eventCount;
    // After a rewind batches come again: only what lies ahead is new.
    if (expected !== undefined && batch.seqFirst > expected)
      this.#missing += batch.seqFirst - expected;
    if (expected === undefined || end > expected) this.#next.set(key, end);
  }
}

// Recent frames, still decoded, for consumers that keep up.
import type { BufferPool, FramePosition, SequencedBatch } from '@weir/pipeline';

interface Cached {
  readonly batch: SequencedBatch;
  readonly nextOffset: number;
  readonly costBytes: number;
  /** Consumers that have not taken it yet. */
  takersLeft: number;
}

export class FrameCache {
  readonly #entries = new Map<string, Cached>();
  #costBytes = 0;
  constructor(
    readonly costBytesMax: number,
    readonly consumerCount: number,
    readonly memory: BufferPool | null = null,
  ) {}

  get costBytes(): number {
    return this.#costBytes;
  }

  /** Takes the batch over. */
  put(position: FramePosition, batch: SequencedBatch, nextOffset: number): void {
    const costBytes = batch.bytes.buffer.byteLength + batch.offsets.byteLength + 1024;
    if (this.consumerCount === 0 || costBytes > this.costBytesMax) {
      this.memory?.give(batch.bytes.buffer);
      return;
    }
    this.#costBytes += costBytes;
    const takersLeft = this.consumerCount;
    this.#entries.set(keyOf(position), { batch, nextOffset, costBytes, takersLeft });
    for (const key of this.#entries.keys()) {
      if (this.#costBytes <= this.costBytesMax) break;
      const { batch: dropped } = this.#entries.get(key) as Cached;
      this.#remove(key);
      this.memory?.give(dropped.bytes.buffer);
    }
  }

  /**
   * A batch that the caller owns: the last taker gets the cached one, others a copy. Null if not
   * cached.
   */
  take(position: FramePosition): { batch: SequencedBatch; nextOffset: number } | null {
    const key = keyOf(position);
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    entry.takersLeft--;
    const { nextOffset } = entry;
    if (entry.takersLeft > 0) return { batch: this.#copyOf(entry.batch), nextOffset };
    this.#remove(key);
    return { batch: entry.batch, nextOffset };
  }

  #copyOf(batch: SequencedBatch): SequencedBatch {
    return {
      ...batch,
      bytes: this.memory?.copyOf(batch.bytes) ?? batch.bytes.slice(),
      offsets: batch.offsets.slice(),
      marks: batch.marks.slice(),
    };
  }

  clear(): void {
    this.#entries.clear();
    this.#costBytes = 0;
  }

  #remove(key: string): void {
    this.#costBytes -= this.#entries.get(key)?.costBytes ?? 0;
    this.#entries.delete(key);
  }
}

const keyOf = ({ segmentId, frameNo }: FramePosition): string => `${segmentId}/${frameNo}`;

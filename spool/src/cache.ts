// Recent frames, still decoded, for consumers that keep up.
import type { FramePosition, SequencedBatch } from '@weir/pipeline';

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
  ) {}

  get costBytes(): number {
    return this.#costBytes;
  }

  put(position: FramePosition, batch: SequencedBatch, nextOffset: number): void {
    const costBytes = batch.bytes.buffer.byteLength + batch.offsets.byteLength + 1024;
    if (this.consumerCount === 0 || costBytes > this.costBytesMax) return;
    this.#costBytes += costBytes;
    const takersLeft = this.consumerCount;
    this.#entries.set(keyOf(position), { batch, nextOffset, costBytes, takersLeft });
    for (const key of this.#entries.keys()) {
      if (this.#costBytes <= this.costBytesMax) break;
      this.#remove(key);
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
    if (entry.takersLeft > 0) return { batch: copyOf(entry.batch), nextOffset };
    this.#remove(key);
    return { batch: entry.batch, nextOffset };
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

function copyOf(batch: SequencedBatch): SequencedBatch {
  return {
    ...batch,
    bytes: batch.bytes.slice(),
    offsets: batch.offsets.slice(),
    marks: batch.marks.slice(),
  };
}

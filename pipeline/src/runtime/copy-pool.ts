// Memory for copies of batches under way. It is used again and again: it was the allocation and
// the collection of copies that cost time, not the copying.

const CLASS_BYTES_MIN = 4 * 1024;
/** Larger copies are rare and not kept. */
const CLASS_BYTES_MAX = 1024 * 1024;

export class CopyPool {
  readonly #freeBytesMax: number;
  /** By the size as a power of two. */
  readonly #free = new Map<number, Uint8Array<ArrayBuffer>[]>();
  #freeBytes = 0;

  constructor(freeBytesMax: number) {
    this.#freeBytesMax = freeBytesMax;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** At least as long as `bytes`, beginning with them. */
  copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const byteCount = classOf(bytes.length);
    const free = this.#free.get(byteCount)?.pop();
    if (free !== undefined) this.#freeBytes -= byteCount;
    const copy = free ?? new Uint8Array(byteCount);
    copy.set(bytes);
    return copy;
  }

  /** Whoever gives it back must not look at it again. */
  giveBack(copy: Uint8Array<ArrayBuffer>): void {
    const byteCount = copy.length;
    if (byteCount > CLASS_BYTES_MAX || this.#freeBytes + byteCount > this.#freeBytesMax) return;
    const free = this.#free.get(byteCount);
    if (free === undefined) this.#free.set(byteCount, [copy]);
    else free.push(copy);
    this.#freeBytes += byteCount;
  }
}

function classOf(byteCount: number): number {
  if (byteCount > CLASS_BYTES_MAX) return byteCount;
  let size = CLASS_BYTES_MIN;
  while (size < byteCount) size *= 2;
  return size;
}

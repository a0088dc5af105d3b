// Memory that is used again: of batches that came back from workers, and of copies under way. It is
// the allocation and the collection of buffers that cost time, not the copying: V8 marks the whole
// heap for each 64 MiB of them that are made.

const CLASS_BYTES_MIN = 4 * 1024;
/** Larger ones are rare and not kept. */
const CLASS_BYTES_MAX = 1024 * 1024;

export class BufferPool {
  readonly #freeBytesMax: number;
  /** By a power of two that the buffers are at least long. */
  readonly #free = new Map<number, ArrayBuffer[]>();
  #freeBytes = 0;

  constructor(freeBytesMax: number) {
    this.#freeBytesMax = freeBytesMax;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** At least so long. It may hold anything: write before you look. */
  take(byteCount: number): ArrayBuffer {
    if (byteCount > CLASS_BYTES_MAX) return Buffer.allocUnsafeSlow(byteCount).buffer;
    const classBytes = classAtLeast(byteCount);
    const free = this.#free.get(classBytes)?.pop();
    if (free === undefined) return Buffer.allocUnsafeSlow(classBytes).buffer;
    this.#freeBytes -= free.byteLength;
    return free;
  }

  /** Begins with the bytes; give its buffer back. */
  copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(this.take(bytes.length), 0, bytes.length);
    copy.set(bytes);
    return copy;
  }

  /** Whoever gives it back must not look at it again. One that was moved away is empty: nothing. */
  give(buffer: ArrayBuffer): void {
    const { byteLength } = buffer;
    if (byteLength < CLASS_BYTES_MIN || byteLength > CLASS_BYTES_MAX) return;
    if (this.#freeBytes + byteLength > this.#freeBytesMax) return;
    const classBytes = 2 ** Math.floor(Math.log2(byteLength));
    const free = this.#free.get(classBytes);
    if (free === undefined) this.#free.set(classBytes, [buffer]);
    else free.push(buffer);
    this.#freeBytes += byteLength;
  }
}

function classAtLeast(byteCount: number): number {
  let size = CLASS_BYTES_MIN;
  while (size < byteCount) size *= 2;
  return size;
}

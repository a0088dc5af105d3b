// Memory for what a worker gives back. The main thread returns it once the sink has taken the rows,
// and it goes to a worker again with the next batch: blocks of half a MiB that are made and dropped
// for each batch cost the main thread more in garbage collection than sending them.

/** Sizes are rounded up, so that a block fits where another one was. */
const ROUNDING_BYTES = 64 * 1024;

/** Of one worker. */
export class OutputMemory {
  #spare: ArrayBuffer | null = null;

  /** Memory that came with a task; replaces what is left of an earlier one. */
  offer(spare: ArrayBuffer | null): void {
    if (spare !== null) this.#spare = spare;
  }

  /** Bytes that may hold anything; the caller fills all of them and gives the buffer away. */
  take(byteCount: number): Uint8Array<ArrayBuffer> {
    const spare = this.#spare;
    if (spare !== null && spare.byteLength >= byteCount) {
      this.#spare = null;
      return new Uint8Array(spare, 0, byteCount);
    }
    const rounded = Math.ceil(byteCount / ROUNDING_BYTES) * ROUNDING_BYTES;
    return new Uint8Array(new ArrayBuffer(rounded), 0, byteCount);
  }
}

/** One a thread. */
export const outputMemory = new OutputMemory();

/** Of the main thread: memory on its way back to workers, at most so many bytes. */
export class SpareBuffers {
  readonly #bytesMax: number;
  readonly #buffers: ArrayBuffer[] = [];
  #byteCount = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  take(): ArrayBuffer | null {
    const buffer = this.#buffers.pop() ?? null;
    this.#byteCount -= buffer?.byteLength ?? 0;
    return buffer;
  }

  /** Nothing may look at the buffer any more. What is beyond the limit is left to the collector. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === 0 || this.#byteCount + buffer.byteLength > this.#bytesMax) return;
    this.#buffers.push(buffer);
    this.#byteCount += buffer.byteLength;
  }
}

// Lines to standard output or standard error that never hold the collector up. Node writes to a
// pipe without waiting, and keeps what the reader does not take; to a terminal it writes waiting,
// so that Ctrl-S would stop the whole process. Here both drop lines instead, and say how many.
import { writeSync } from 'node:fs';
import { nodeTimers } from '@weir/pipeline/node';

/** Text that the reader has not taken yet. */
const WAITING_BYTES_MAX = 256 * 1024;

/** A stream of Node with what stands behind it. */
interface Output {
  readonly fd?: number;
  readonly isTTY?: boolean;
  readonly destroyed: boolean;
  readonly writableLength: number;
  write(text: string, done?: () => void): boolean;
  on(event: 'error', listener: () => void): unknown;
}

export class LineOutput {
  readonly #stream: Output;
  readonly #waitingBytesMax: number;
  #isHeard = true;
  #unsaidCount = 0;
  #droppedCount = 0;

  constructor(stream: Output, waitingBytesMax: number = WAITING_BYTES_MAX) {
    this.#stream = stream;
    this.#waitingBytesMax = waitingBytesMax;
    if (stream.isTTY === true) doNotWait(stream);
    // A reader that goes away, such as head(1), is no reason to stop.
    stream.on('error', () => {
      this.#isHeard = false;
    });
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** `text` without its line end. */
  line(text: string): void {
    this.write(`${text}\n`);
  }

  /** Whole lines, each with its end. */
  write(lines: string): void {
    if (!this.#isHeard || this.#stream.destroyed) return;
    if (this.#stream.writableLength > this.#waitingBytesMax) {
      this.#unsaidCount++;
      this.#droppedCount++;
      return;
    }
    if (this.#unsaidCount > 0) {
      const count = this.#unsaidCount;
      this.#unsaidCount = 0;
      this.#stream.write(this.dropNotice(count));
    }
    this.#stream.write(lines);
  }

  /** Said in place of lines that nobody took. */
  dropNotice(count: number): string {
    return `(${count} lines were dropped, since nobody read them)\n`;
  }

  /** For the last words of a process that must end: waits for nobody, gives up where it would. */
  writeNow(lines: string): void {
    try {
      writeSync(this.#stream.fd ?? 2, lines);
    } catch {
      this.write(lines);
    }
  }

  /** Resolves when all was taken, or when the time is over. */
  async flush(timeoutMs: number): Promise<void> {
    if (!this.#isHeard || this.#stream.destroyed || this.#stream.writableLength === 0) return;
    const stop = new AbortController();
    const taken = new Promise<void>((resolve) => this.#stream.write('', () => resolve()));
    await Promise.race([taken, nodeTimers.sleep(timeoutMs, stop.signal)]);
    stop.abort();
  }
}

/** Node has no public way to say it: https://nodejs.org/api/process.html#a-note-on-process-io */
function doNotWait(stream: unknown): void {
  const { _handle: handle } = stream as {
    readonly _handle?: { setBlocking?(isBlocking: boolean): number };
  };
  handle?.setBlocking?.(false);
}

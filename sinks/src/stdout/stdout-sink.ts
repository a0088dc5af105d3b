// Rows as lines on the standard output. A reader that is slow slows down this sink and nothing
// else; one that has gone away makes it unreachable, and the spool keeps everything.
import type { Sink, SinkOutcome, SinkPayload } from '@weir/pipeline';
import { assert, messageOf, WeirError } from '@weir/pipeline';
import type { Output } from './output.js';
import { openStandardOutput } from './standard-output.js';

/** `openOutput` is called once; default: the standard output of this process. */
export function createStdoutSink(openOutput: () => Promise<Output> = openStandardOutput): Sink {
  return new StdoutSink(openOutput);
}

class StdoutSink implements Sink {
  readonly #openOutput: () => Promise<Output>;
  #output: Output | null = null;
  /** Of a write that was given up; its lines may still come. */
  #pending: Promise<void> | null = null;
  #failure: string | null = null;
  #isClosed = false;

  constructor(openOutput: () => Promise<Output>) {
    this.#openOutput = openOutput;
  }

  async open(): Promise<void> {
    if (this.#failure !== null) throw new WeirError('WEIR_SINK_UNREACHABLE', this.#failure);
    try {
      this.#output ??= await this.#openOutput();
    } catch (error) {
      const message = `the standard output cannot be written: ${messageOf(error)}`;
      throw new WeirError('WEIR_SINK_UNREACHABLE', message, {}, error);
    }
  }

  async write({ blocks }: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    let onAbort = (): void => undefined;
    const stopped = new Promise<'stopped'>((resolve) => {
      onAbort = () => resolve('stopped');
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
    try {
      // Lines of two writes must not mix, and what is not taken must not pile up.
      if ((await Promise.race([stopped, this.#pending])) === 'stopped') return STOPPED;
      if (this.#failure !== null) return unreachable(this.#failure);
      this.#pending = this.#writeAll(blocks);
      if ((await Promise.race([stopped, this.#pending])) === 'stopped') return STOPPED;
      return this.#failure === null ? { kind: 'delivered' } : unreachable(this.#failure);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#output?.close();
  }

  /** Does not reject. */
  async #writeAll(blocks: readonly Uint8Array[]): Promise<void> {
    try {
      assert(this.#output !== null, 'a sink is opened before it is written to');
      for (const block of blocks) await this.#output.write(block);
    } catch (error) {
      this.#failure = `nobody reads the standard output any more: ${messageOf(error)}`;
    }
  }
}

const STOPPED: SinkOutcome = {
  kind: 'retry',
  afterMs: null,
  failure: { code: 'WEIR_ABORTED', message: 'stopped', details: {} },
};

const unreachable = (message: string): SinkOutcome => ({
  kind: 'retry',
  afterMs: null,
  failure: { code: 'WEIR_SINK_UNREACHABLE', message, details: {} },
});

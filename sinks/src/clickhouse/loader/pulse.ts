// Whether the store answers at all. A statement may take long; a store that does not answer a ping
// either hangs, and its statement is not waited for any more.
import { type Timers, WeirError } from '@weir/pipeline';
import type { Store } from '../store/index.js';

export type Answer = 'answered' | 'refused' | 'silent';

export interface PulseOptions {
  readonly store: Pick<Store, 'ping'>;
  readonly timers: Timers;
  /** A ping gets this long. */
  readonly probeMs: number;
  /** A statement gets this long before the store is asked, and again and again. */
  readonly silenceMs: number;
}

export class Pulse {
  readonly #options: PulseOptions;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** `silent` also when the signal aborts first. */
  async ping(signal: AbortSignal): Promise<Answer> {
    const { store, timers, probeMs } = this.#options;
    const answered = new AbortController();
    const stop = (): void => answered.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await Promise.race([
        // The request ends with its answer: one that hangs must not keep a connection.
        store.ping(answered.signal).then(
          (isUp): Answer => (isUp ? 'answered' : 'refused'),
          (): Answer => 'refused',
        ),
        timers.sleep(probeMs, answered.signal).then((): Answer => 'silent'),
      ]);
    } finally {
      answered.abort();
      signal.removeEventListener('abort', stop);
    }
  }

  /**
   * The reply of a statement, or WEIR_STORE_UNREACHABLE when the store has fallen silent. `life`:
   * nobody is asked any more once it aborts.
   */
  async replyOf<T>(reply: Promise<T>, life: AbortSignal): Promise<T> {
    const ended = new AbortController();
    const stop = (): void => ended.abort();
    life.addEventListener('abort', stop, { once: true });
    if (life.aborted) stop();
    try {
      return await Promise.race([reply, this.#silence(ended.signal)]);
    } finally {
      stop();
      life.removeEventListener('abort', stop);
    }
  }

  /** Never resolves; rejects unless the signal comes before. */
  #silence(ended: AbortSignal): Promise<never> {
    const { timers, silenceMs } = this.#options;
    return new Promise((_, reject) => {
      const look = async (): Promise<void> => {
        await timers.sleep(silenceMs, ended);
        while (!ended.aborted) {
          const found = await this.ping(ended);
          if (ended.aborted) return;
          if (found === 'silent') {
            const message = 'ClickHouse hangs: it answers neither a statement nor a ping';
            reject(new WeirError('WEIR_STORE_UNREACHABLE', message));
            return;
          }
          await timers.sleep(silenceMs, ended);
        }
      };
      look().catch(reject);
    });
  }
}

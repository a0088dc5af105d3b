// Whether the store answers at all. A statement may take long; while one does, the store is pinged.
// A statement that hangs is waited for all the same: what was sent may still take effect, and no
// fence of a server sees what waits in a socket.
import type { Timers } from '@weir/pipeline';
import type { Store } from '../store/index.js';

export type Answer = 'answered' | 'refused' | 'silent';

export interface PulseOptions {
  readonly store: Pick<Store, 'ping'>;
  readonly timers: Timers;
  /** A ping gets this long. */
  readonly probeMs: number;
  /** A statement gets this long before the store is asked, and again and again. */
  readonly silenceMs: number;
  /** A ping was not answered while a statement waits; once more each time. */
  readonly onSilent: () => Promise<void>;
  readonly onAnswer: () => void;
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

  /** The reply, however late it comes. `life`: nobody is asked any more once it aborts. */
  async replyOf<T>(reply: Promise<T>, life: AbortSignal): Promise<T> {
    const ended = new AbortController();
    const stop = (): void => ended.abort();
    life.addEventListener('abort', stop, { once: true });
    if (life.aborted) stop();
    void this.#watch(ended.signal);
    try {
      return await reply;
    } finally {
      stop();
      life.removeEventListener('abort', stop);
    }
  }

  async #watch(ended: AbortSignal): Promise<void> {
    const { timers, silenceMs, probeMs, onSilent, onAnswer } = this.#options;
    await timers.sleep(silenceMs, ended);
    while (!ended.aborted) {
      const found = await this.ping(ended);
      if (ended.aborted) return;
      if (found === 'silent') await onSilent();
      else if (found === 'answered') onAnswer();
      await timers.sleep(found === 'answered' ? silenceMs : probeMs, ended);
    }
  }
}

// Where delivery stands, for people: one state out of the troubles of its steps, each told once.
import type { Clock, SinkState } from '@weir/pipeline';
import type { DeliveryOptions } from './options.js';

export type Step = 'reading' | 'writing' | 'recording';

interface Trouble {
  readonly state: Exclude<SinkState, 'ok'>;
  readonly message: string;
}

/** A write without an answer for so long is shown; it is no failure yet. */
const SLOW_MS = 2_000;
const WORST_FIRST = ['blocked', 'unreachable', 'retrying'] as const;

export class Health {
  readonly #log: DeliveryOptions['log'];
  readonly #clock: Clock;
  /** When each write under way began, oldest first. */
  readonly #asked = new Set<{ readonly sinceMs: number }>();
  readonly #troubles = new Map<Step, Trouble>();
  retryCount = 0;

  constructor(log: DeliveryOptions['log'], clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  get state(): SinkState {
    return this.#worst?.state ?? 'ok';
  }
  get lastError(): string | null {
    return this.#worst?.message ?? null;
  }

  failed(step: Step, state: Trouble['state'], message: string): void {
    this.retryCount++;
    const known = this.#troubles.get(step);
    this.#troubles.set(step, { state, message });
    // Once for each trouble, not at each try.
    if (known?.state === state && known.message === message) return;
    this.#log('warn', `${message}; the spool keeps everything`, { state });
  }

  worked(step: Step): void {
    if (this.#troubles.delete(step) && this.#troubles.size === 0)
      this.#log('info', 'delivery goes on', {});
  }

  /** The other side was asked something. Call what it returns once there is an answer. */
  asked(): () => void {
    const question = { sinceMs: this.#clock.monotonicMs() };
    this.#asked.add(question);
    return () => void this.#asked.delete(question);
  }

  get #worst(): Trouble | null {
    for (const state of WORST_FIRST)
      for (const trouble of this.#troubles.values()) if (trouble.state === state) return trouble;
    return this.#slowness;
  }

  get #slowness(): Trouble | null {
    const [oldest] = this.#asked;
    const waitedMs = oldest === undefined ? 0 : this.#clock.monotonicMs() - oldest.sinceMs;
    if (waitedMs < SLOW_MS) return null;
    return { state: 'retrying', message: `no answer for ${Math.floor(waitedMs / 1000)} s` };
  }
}

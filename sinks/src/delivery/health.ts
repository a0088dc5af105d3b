// Where delivery stands, for people: one state out of the troubles of its steps, each told once.
import type { SinkState } from '@weir/pipeline';
import type { DeliveryOptions } from './options.js';

export type Step = 'reading' | 'writing' | 'recording';

interface Trouble {
  readonly state: Exclude<SinkState, 'ok'>;
  readonly message: string;
}

const WORST_FIRST = ['blocked', 'unreachable', 'retrying'] as const;

export class Health {
  readonly #log: DeliveryOptions['log'];
  readonly #troubles = new Map<Step, Trouble>();
  retryCount = 0;

  constructor(log: DeliveryOptions['log']) {
    this.#log = log;
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

  get #worst(): Trouble | null {
    for (const state of WORST_FIRST)
      for (const trouble of this.#troubles.values()) if (trouble.state === state) return trouble;
    return null;
  }
}

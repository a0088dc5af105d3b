// A rate cap: tokens come evenly, and at most those of one second are kept.
import type { Clock } from '@weir/pipeline';

export class TokenBucket {
  readonly #perSecond: number;
  readonly #capacity: number;
  readonly #clock: Clock;
  #tokens: number;
  #filledMs: number;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#capacity = Math.max(1, perSecond);
    this.#clock = clock;
    this.#tokens = this.#capacity;
    this.#filledMs = clock.monotonicMs();
  }

  /** Whole tokens that are there now. */
  get available(): number {
    this.#fill();
    return Math.floor(this.#tokens);
  }

  /** Takes up to so many; returns how many it got. */
  take(count: number): number {
    const taken = Math.min(count, this.available);
    this.#tokens -= taken;
    return taken;
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs();
    const fresh = ((nowMs - this.#filledMs) * this.#perSecond) / 1000;
    this.#tokens = Math.min(this.#capacity, this.#tokens + fresh);
    this.#filledMs = nowMs;
  }
}

// Hands out sequence numbers to connections in order. With a rate the loop is open: event i is due
// at start + i / rate, whatever happened to those before it, so a slow receiver shows as lag, not
// as calm.
import { monotonicMs, sleep } from './clock.js';
import type { Counters } from './plan.js';

const TICK_MS = 2;

export interface ScheduleOptions {
  readonly eventCount: number;
  readonly rate: number;
  readonly counters: Counters;
  readonly signal: AbortSignal;
  /** Injected by tests. */
  readonly nowMs?: () => number;
}

export class Schedule {
  readonly #eventCount: number;
  readonly #rate: number;
  readonly #counters: Counters;
  readonly #signal: AbortSignal;
  readonly #nowMs: () => number;
  #startMs = -1;
  #next = 0;

  constructor(options: ScheduleOptions) {
    this.#eventCount = options.eventCount;
    this.#rate = options.rate;
    this.#counters = options.counters;
    this.#signal = options.signal;
    this.#nowMs = options.nowMs ?? monotonicMs;
  }

  /** The first sequence number that nobody has taken. */
  get next(): number {
    return this.#next;
  }

  /** Events that are due and not taken. */
  dueCount(): number {
    const left = this.#eventCount - this.#next;
    if (this.#rate === 0 || left === 0) return left;
    const now = this.#nowMs();
    if (this.#startMs < 0) this.#startMs = now;
    const due = Math.floor(((now - this.#startMs) * this.#rate) / 1000) + 1 - this.#next;
    return Math.max(0, Math.min(left, due));
  }

  get isExhausted(): boolean {
    return this.#next === this.#eventCount;
  }

  /**
   * Waits until `eventsMin` events, or the last few, are due, all are taken, or the run is aborted.
   * Another connection may take them first: look at dueCount again.
   */
  async waitDue(eventsMin: number): Promise<void> {
    for (;;) {
      const due = this.dueCount();
      const left = this.#eventCount - this.#next;
      if (due >= Math.min(eventsMin, left) || this.#signal.aborted) return;
      const missingMs = ((Math.min(eventsMin, left) - due) * 1000) / this.#rate;
      await sleep(Math.max(TICK_MS, missingMs), this.#signal);
    }
  }

  /** Takes events; the caller has just seen that many due. Returns the first. */
  take(count: number): number {
    const first = this.#next;
    if (this.#rate > 0) {
      const intendedMs = this.#startMs + (first * 1000) / this.#rate;
      const lagMs = this.#nowMs() - intendedMs;
      if (lagMs > this.#counters.lagMsMax) this.#counters.lagMsMax = lagMs;
    }
    this.#next += count;
    return first;
  }
}

/** Delays between attempts: 50 ms doubled up to 2 s. */
export const backoffMs = (attempt: number): number => Math.min(2_000, 50 * 2 ** attempt);

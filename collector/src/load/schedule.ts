// Hands out sequence numbers to connections in order. With a rate the loop is open: event i is due
// at start + i / rate, whatever happened to those before it, so a slow receiver shows as lag, not
// as calm.
import { monotonicMs, sleep } from './clock.js';
import type { Counters } from './counters.js';
import { LatencyRecorder } from './latency.js';

const TICK_MS = 2;

export interface ScheduleOptions {
  readonly eventCount: number;
  /** Events per second; 0 for as fast as possible. */
  readonly rate: number;
  /** Nothing more is due after this time; null for no end but the count. */
  readonly durationMs?: number | null;
  readonly counters: Counters;
  readonly signal: AbortSignal;
  /** Injected by tests. */
  readonly nowMs?: () => number;
}

export class Schedule {
  readonly latency = new LatencyRecorder();
  readonly #rate: number;
  readonly #durationMs: number;
  readonly #counters: Counters;
  readonly #signal: AbortSignal;
  readonly #nowMs: () => number;
  #eventCount: number;
  #startMs = -1;
  #next = 0;

  constructor(options: ScheduleOptions) {
    this.#eventCount = options.eventCount;
    this.#rate = options.rate;
    this.#durationMs = options.durationMs ?? Number.POSITIVE_INFINITY;
    this.#counters = options.counters;
    this.#signal = options.signal;
    this.#nowMs = options.nowMs ?? monotonicMs;
  }

  /** The first sequence number that nobody has taken. */
  get next(): number {
    return this.#next;
  }

  /** Events of the whole run; fewer than planned once the time is over. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Events that are due and not taken. */
  dueCount(): number {
    const left = this.#eventCount - this.#next;
    const isTimed = this.#durationMs !== Number.POSITIVE_INFINITY;
    if ((this.#rate === 0 && !isTimed) || left === 0) return left;
    const now = this.#nowMs();
    if (this.#startMs < 0) this.#startMs = now;
    const elapsedMs = now - this.#startMs;
    if (isTimed && elapsedMs >= this.#durationMs) return this.#endOfTime();
    if (this.#rate === 0) return left;
    const due = Math.floor((elapsedMs * this.#rate) / 1000) + 1 - this.#next;
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
      const lagMs = this.#nowMs() - this.#intendedMs(first);
      if (lagMs > this.#counters.lagMsMax) this.#counters.lagMsMax = lagMs;
    }
    this.#next += count;
    return first;
  }

  /**
   * These events have arrived (http: acknowledged; tcp and udp: taken by the kernel). Their latency
   * counts from their intended time. Without a rate there is none: then it is one value a write or
   * request, from `takenMs`.
   */
  arrived(first: number, count: number, takenMs: number): void {
    const now = this.#nowMs();
    if (this.#rate === 0) this.latency.record(now - takenMs);
    else for (let i = 0; i < count; i++) this.latency.record(now - this.#intendedMs(first + i));
  }

  #intendedMs(seq: number): number {
    return this.#startMs + (seq * 1000) / this.#rate;
  }

  /** With a rate, what was due within the time is still sent, however late. */
  #endOfTime(): number {
    const within = Math.ceil((this.#durationMs * this.#rate) / 1000);
    const last = this.#rate === 0 ? this.#next : Math.max(this.#next, within);
    this.#eventCount = Math.min(this.#eventCount, last);
    return this.#eventCount - this.#next;
  }
}

/** Delays between attempts: 50 ms doubled up to 2 s. */
export const backoffMs = (attempt: number): number => Math.min(2_000, 50 * 2 ** attempt);

// Virtual time: nothing happens until a test advances it, and then in the order of the due times.
import type { Clock, Timer, Timers } from '../ports.js';

interface PendingTimer {
  readonly dueMs: number;
  /** Order of creation, so that timers due at the same time fire in that order. */
  readonly order: number;
  readonly callback: () => void;
}

/** Clock and timers of a simulation. Starts at 2026-01-01T00:00:00Z unless told otherwise. */
export class SimClock implements Clock, Timers {
  readonly #startNs: bigint;
  #nowMs = 0;
  #order = 0;
  #pending: PendingTimer[] = [];
  /** Added to the wall clock only, to simulate a clock that was set. */
  wallOffsetNs = 0n;

  constructor(startNs = 1_767_225_600_000_000_000n) {
    this.#startNs = startNs;
  }

  nowNs(): bigint {
    return this.#startNs + BigInt(Math.round(this.#nowMs * 1e6)) + this.wallOffsetNs;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  get pendingTimerCount(): number {
    return this.#pending.length;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      callback,
    };
    this.#pending.push(timer);
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== timer);
      },
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const onAbort = (): void => {
        timer.cancel();
        resolve();
      };
      const timer = this.after(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Lets `deltaMs` pass; fires what becomes due and lets the woken code run in between. */
  async advance(deltaMs: number): Promise<void> {
    const endMs = this.#nowMs + deltaMs;
    await settle();
    for (let next = this.#next(); next !== null && next.dueMs <= endMs; next = this.#next()) {
      this.#fire(next);
      await settle();
    }
    this.#nowMs = endMs;
  }

  /**
   * Lets time pass from timer to timer until the promise settles. Throws when nothing is left that
   * could settle it, or after `limitMs` of virtual time.
   */
  async run<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let done = false;
    const mark = (): void => {
      done = true;
    };
    promise.then(mark, mark);
    const endMs = this.#nowMs + limitMs;
    await settle();
    while (!done) {
      const next = this.#next();
      if (next === null || next.dueMs > endMs)
        throw new Error('the simulation is stuck: no timer is left that could go on');
      this.#fire(next);
      await settle();
    }
    return promise;
  }

  #next(): PendingTimer | null {
    let next: PendingTimer | null = null;
    for (const timer of this.#pending) {
      if (
        next === null ||
        timer.dueMs < next.dueMs ||
        (timer.dueMs === next.dueMs && timer.order < next.order)
      )
        next = timer;
    }
    return next;
  }

  #fire(timer: PendingTimer): void {
    this.#pending = this.#pending.filter((other) => other !== timer);
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    timer.callback();
  }
}

/** Runs everything that is ready: simulated ports only ever wait for microtasks or timers. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

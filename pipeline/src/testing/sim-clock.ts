// Virtual time: nothing happens until a test advances it, and then in the order of the due times.
import type { Clock, Timer, Timers } from '../ports.js';

class PendingTimer implements Timer {
  isCancelled = false;

  constructor(
    readonly dueMs: number,
    /** Order of creation, so that timers due at the same time fire in that order. */
    readonly order: number,
    readonly callback: () => void,
    readonly onCancel: () => void,
  ) {}

  cancel(): void {
    if (this.isCancelled) return;
    this.isCancelled = true;
    this.onCancel();
  }
}

/**
 * How the clock lets woken code run. `turn`: a turn of the event loop. `ticks`: until no microtask
 * is left, which is ten times as quick and enough where all code waits on simulated ports only.
 */
export type SimSettling = 'turn' | 'ticks';

/** Clock and timers of a simulation. Starts at 2026-01-01T00:00:00Z unless told otherwise. */
export class SimClock implements Clock, Timers {
  readonly #startNs: bigint;
  readonly #settle: () => Promise<void>;
  #nowMs = 0;
  #order = 0;
  /** A binary heap, the earliest first; cancelled ones stay in it until they come up. */
  readonly #heap: PendingTimer[] = [];
  #cancelledCount = 0;
  /** Added to the wall clock only, to simulate a clock that was set. */
  wallOffsetNs = 0n;
  /** Timers that have fired. */
  firedCount = 0;

  constructor(startNs = 1_767_225_600_000_000_000n, settling: SimSettling = 'turn') {
    this.#startNs = startNs;
    this.#settle = settling === 'turn' ? aTurn : noMicrotaskLeft;
  }

  nowNs(): bigint {
    return this.#startNs + BigInt(Math.round(this.#nowMs * 1e6)) + this.wallOffsetNs;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  get pendingTimerCount(): number {
    return this.#heap.length - this.#cancelledCount;
  }

  after(delayMs: number, callback: () => void): Timer {
    const dueMs = this.#nowMs + Math.max(0, delayMs);
    const timer = new PendingTimer(dueMs, this.#order++, callback, this.#noteCancelled);
    this.#push(timer);
    return timer;
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
    await this.#settle();
    for (let next = this.#next(); next !== null && next.dueMs <= endMs; next = this.#next()) {
      this.#fire(next);
      await this.#settle();
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
    await this.#settle();
    while (!done) {
      const next = this.#next();
      if (next === null || next.dueMs > endMs)
        throw new Error('the simulation is stuck: no timer is left that could go on');
      this.#fire(next);
      await this.#settle();
    }
    return promise;
  }

  readonly #noteCancelled = (): void => {
    this.#cancelledCount++;
  };

  /** The earliest, still in the heap. */
  #next(): PendingTimer | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return null;
      if (!first.isCancelled) return first;
      this.#cancelledCount--;
      this.#pop();
    }
  }

  /** The earliest one. */
  #fire(timer: PendingTimer): void {
    this.#pop();
    timer.isCancelled = true;
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    this.firedCount++;
    timer.callback();
  }

  #push(timer: PendingTimer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isEarlier(heap[parent] as PendingTimer, timer)) break;
      heap[at] = heap[parent] as PendingTimer;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isEarlier(right, heap[child] as PendingTimer)) child++;
      if (isEarlier(last, heap[child] as PendingTimer)) break;
      heap[at] = heap[child] as PendingTimer;
      at = child;
    }
    heap[at] = last;
  }
}

const isEarlier = (a: PendingTimer, b: PendingTimer): boolean =>
  a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

/** Runs everything that is ready: simulated ports only ever wait for microtasks or timers. */
function aTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Node runs its queue of ticks when the queue of microtasks is empty. */
function noMicrotaskLeft(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

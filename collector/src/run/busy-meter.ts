// How busy a pool is: the share of its places that are taken, averaged over the last seconds. Exact
// for a level that changes in steps, and it needs no timer: time is only looked at when the level
// changes or someone reads.
import type { Clock, Workers } from '@weir/pipeline';

/** Time after which a level counts for 63 % of the average. */
const AVERAGE_MS = 10_000;

export class BusyMeter {
  readonly placeCount: number;
  readonly #clock: Clock;
  #takenCount = 0;
  #average = 0;
  #sinceMs: number;

  constructor(placeCount: number, clock: Clock) {
    this.placeCount = placeCount;
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  /** Tasks that are given and not ended, also those that wait for a place. */
  get takenCount(): number {
    return this.#takenCount;
  }

  get busyCount(): number {
    return Math.min(this.#takenCount, this.placeCount);
  }

  enter(): void {
    this.#advance();
    this.#takenCount++;
  }

  leave(): void {
    this.#advance();
    this.#takenCount--;
  }

  /** 0 to 1. */
  utilization(): number {
    this.#advance();
    return this.#average;
  }

  #advance(): void {
    const nowMs = this.#clock.monotonicMs();
    const share = 1 - Math.exp((this.#sinceMs - nowMs) / AVERAGE_MS);
    this.#average += (this.busyCount / this.placeCount - this.#average) * share;
    this.#sinceMs = nowMs;
  }
}

export interface MeteredWorkers<Task, Result> extends Workers<Task, Result> {
  readonly meter: BusyMeter;
}

/** The same pool, with a meter. A batch that waits in the pool's queue occupies no place. */
export function meterWorkers<Task, Result>(
  workers: Workers<Task, Result>,
  clock: Clock,
): MeteredWorkers<Task, Result> {
  const meter = new BusyMeter(workers.workerCount, clock);
  return {
    workerCount: workers.workerCount,
    meter,
    async run(task, transfer, options) {
      meter.enter();
      try {
        return await workers.run(task, transfer, options);
      } finally {
        meter.leave();
      }
    },
    close: () => workers.close(),
  };
}

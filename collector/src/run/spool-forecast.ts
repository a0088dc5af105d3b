// How long the spool could keep everything if no sink took anything from now on, at the rate at
// which it was written during the last day (since the start, when that is shorter).
import type { Clock } from '@weir/pipeline';

const SLOT_MS = 900_000;
const SLOT_COUNT = 96;
const HOUR_MS = 3_600_000;

export interface SpoolLevel {
  readonly bytesUsed: number;
  readonly bytesMax: number;
}

export interface SpoolForecastOptions {
  readonly level: () => SpoolLevel;
  readonly clock: Clock;
  /** Space left on the file system of the spool; it may be less than what bytesMax allows. */
  readonly freeBytes?: () => Promise<number>;
}

/**
 * `sample` it about once a second. What is written while a segment is deleted in the same second
 * is not seen, so the rate can be a little low.
 */
export class SpoolForecast {
  readonly #options: SpoolForecastOptions;
  readonly #startedMs: number;
  /** Bytes written per slot of 15 minutes, the newest last. */
  readonly #slots: number[] = [0];
  #slotStartedMs: number;
  #bytesUsed: number;
  #freeBytes = Number.POSITIVE_INFINITY;
  #isAsking = false;

  constructor(options: SpoolForecastOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
    this.#slotStartedMs = this.#startedMs;
    this.#bytesUsed = options.level().bytesUsed;
  }

  sample(): void {
    const nowMs = this.#options.clock.monotonicMs();
    while (nowMs - this.#slotStartedMs >= SLOT_MS) {
      this.#slots.push(0);
      if (this.#slots.length > SLOT_COUNT) this.#slots.shift();
      this.#slotStartedMs += SLOT_MS;
    }
    const { bytesUsed } = this.#options.level();
    const last = this.#slots.length - 1;
    this.#slots[last] = (this.#slots[last] ?? 0) + Math.max(0, bytesUsed - this.#bytesUsed);
    this.#bytesUsed = bytesUsed;
    this.#askForFreeBytes();
  }

  get writtenBytesPerSecond(): number {
    const nowMs = this.#options.clock.monotonicMs();
    const coveredMs = Math.min(
      nowMs - this.#startedMs,
      nowMs - this.#slotStartedMs + (this.#slots.length - 1) * SLOT_MS,
    );
    if (coveredMs <= 0) return 0;
    const written = this.#slots.reduce((sum, bytes) => sum + bytes, 0);
    return (written * 1000) / coveredMs;
  }

  /** Infinity while nothing was written. */
  get hoursLeft(): number {
    const { bytesUsed, bytesMax } = this.#options.level();
    const left = Math.max(0, Math.min(bytesMax - bytesUsed, this.#freeBytes));
    const perSecond = this.writtenBytesPerSecond;
    if (left === 0) return 0;
    return perSecond === 0 ? Number.POSITIVE_INFINITY : (left / perSecond) * (1000 / HOUR_MS);
  }

  #askForFreeBytes(): void {
    if (this.#options.freeBytes === undefined || this.#isAsking) return;
    this.#isAsking = true;
    this.#options.freeBytes().then(
      (bytes) => {
        this.#freeBytes = bytes;
        this.#isAsking = false;
      },
      () => {
        // A file system that cannot be asked says nothing about the spool's own limit.
        this.#isAsking = false;
      },
    );
  }
}

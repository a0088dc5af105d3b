import type { Random, Timers } from '@weir/pipeline';
import { WeirError } from '@weir/pipeline';
import type { DeliveryLimits } from './options.js';

export const abortedError = (): WeirError =>
  new WeirError('WEIR_ABORTED', 'delivery was told to stop');

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortedError();
}

/**
 * Delays that double up to a limit, with full jitter, so that many senders do not come together.
 */
export class Backoff {
  readonly #limits: DeliveryLimits;
  readonly #random: Random;
  readonly #timers: Timers;
  #failureCount = 0;

  constructor(limits: DeliveryLimits, random: Random, timers: Timers) {
    this.#limits = limits;
    this.#random = random;
    this.#timers = timers;
  }

  reset(): void {
    this.#failureCount = 0;
  }

  /** Waits for the next try; `afterMs` is what the other side asked for. Throws WEIR_ABORTED. */
  async wait(afterMs: number | null, signal: AbortSignal): Promise<void> {
    const { retryDelayMsMin, retryDelayMsMax, retryAfterMsMax } = this.#limits;
    const ceiling = Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** this.#failureCount);
    if (ceiling < retryDelayMsMax) this.#failureCount++;
    const jittered = (this.#random.u32() / 2 ** 32) * ceiling;
    const delayMs = afterMs === null ? jittered : Math.min(afterMs, retryAfterMsMax);
    throwIfAborted(signal);
    await this.#timers.sleep(delayMs, signal);
    throwIfAborted(signal);
  }
}

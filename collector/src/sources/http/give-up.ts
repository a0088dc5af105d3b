// Waiting that ends although what is waited for has not come: on a stop, or when there is no space.
import type { Timers } from '@weir/pipeline';

/** The wait was ended; what was waited for may still happen. The message is for the sender. */
export class GivenUp extends Error {}

const STOPPING = 'the collector stops; not all of it is known to be durable';
const FULL =
  'the spool is full; not all of it is known to be durable: repeat it, with the same Idempotency-Key if it has one';
/** How often a full buffer is looked at before the wait ends. */
const LOOK_COUNT = 5;

/** What there is no space in. */
export interface FullWait {
  readonly isFull: () => boolean;
  /** Longest wait for one that stays full. */
  readonly waitMs: number;
  readonly timers: Timers;
}

/**
 * As the promise, but rejects with GivenUp once the signal aborts, or once the buffer was found
 * full each time for so long.
 */
export function unlessGivenUp<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  { isFull, waitMs, timers }: FullWait,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let fullCount = 0;
    const look = (): void => {
      fullCount = isFull() ? fullCount + 1 : 0;
      if (fullCount < LOOK_COUNT) timer = timers.after(waitMs / LOOK_COUNT, look);
      else giveUp(FULL);
    };
    let timer = timers.after(waitMs / LOOK_COUNT, look);
    const onAbort = (): void => giveUp(STOPPING);
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    };
    const giveUp = (why: string): void => {
      end();
      reject(new GivenUp(why));
    };
    signal.addEventListener('abort', onAbort);
    promise.then(resolve, reject).finally(end);
    if (signal.aborted) onAbort();
  });
}

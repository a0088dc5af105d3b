// Reading and waiting in the fault lanes: simulated ports only ever wait for microtasks or for
// virtual time, so "nothing more comes" and "this will never end" can be told without waiting.
import type { Consumer, SpooledBatch } from '@weir/pipeline';
import type { SimClock } from '@weir/pipeline/testing';

/** An AbortSignal for one listener; the real one would cost more than the rest of a read. */
class QuickSignal {
  aborted = false;
  #listener: (() => void) | null = null;
  addEventListener(_type: string, listener: () => void): void {
    this.#listener = listener;
  }
  removeEventListener(): void {
    this.#listener = null;
  }
  abort(): void {
    this.aborted = true;
    this.#listener?.();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Reads what is there now; the consumer is at the end then. `onBatch` is called for each at once.
 */
export async function drainQuickly(
  consumer: Consumer,
  onBatch: ((batch: SpooledBatch) => void) | null = null,
): Promise<SpooledBatch[]> {
  const found: SpooledBatch[] = [];
  const signal = new QuickSignal();
  const reading = readAll(consumer, signal as unknown as AbortSignal, found, onBatch);
  let isDone = false;
  const mark = (): void => {
    isDone = true;
  };
  reading.then(mark, mark);
  let before = -1;
  while (!isDone && before !== found.length) {
    before = found.length;
    await turn();
  }
  signal.abort();
  await reading;
  return found;
}

async function readAll(
  consumer: Consumer,
  signal: AbortSignal,
  found: SpooledBatch[],
  onBatch: ((batch: SpooledBatch) => void) | null,
): Promise<void> {
  for (;;) {
    const next = await consumer.read(signal);
    if (next === null) return;
    found.push(next);
    onBatch?.(next);
  }
}

/** Virtual time that passes when nothing else happens, and how often before it counts as stuck. */
const STEP_MS = 250;
const STEPS_MAX = 400;
const TURNS_PER_STEP = 6;

/** What stops a run that waits for something that never comes. */
export class StuckError extends Error {
  override name = 'StuckError';
}

/**
 * The outcome of a promise; virtual time passes when nothing else happens. Rejects with a
 * StuckError when it does not settle within 100 s of virtual time.
 */
export async function settleWithin<T>(clock: SimClock, promise: Promise<T>): Promise<T> {
  let isDone = false;
  const mark = (): void => {
    isDone = true;
  };
  promise.then(mark, mark);
  for (let step = 0; !isDone && step < STEPS_MAX; step++) {
    for (let i = 0; i < TURNS_PER_STEP && !isDone; i++) await turn();
    if (!isDone) await clock.advance(STEP_MS);
  }
  if (!isDone) throw new StuckError('nothing is left that could go on');
  return promise;
}

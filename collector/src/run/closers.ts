// Undoing what was started, last first, within a bounded time.
import { messageOf, type Timers } from '@weir/pipeline';

/** True when the work ended in time; a failure counts as ended and is told. */
export async function endsWithin(
  work: Promise<unknown>,
  timeoutMs: number,
  timers: Timers,
  onFailure: (message: string) => void,
): Promise<boolean> {
  const stop = new AbortController();
  const ended = work.then(
    () => true,
    (error: unknown) => {
      onFailure(messageOf(error));
      return true;
    },
  );
  const late = timers.sleep(timeoutMs, stop.signal).then(() => false);
  const result = await Promise.race([ended, late]);
  stop.abort();
  return result;
}

/** One that fails or hangs does not keep the others from closing. */
export class Closers {
  readonly #closers: { readonly name: string; readonly close: () => unknown }[] = [];
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  add(name: string, close: () => unknown): void {
    this.#closers.push({ name, close });
  }

  async closeAll(timeoutMsEach: number, onProblem: (sentence: string) => void): Promise<void> {
    for (;;) {
      const closer = this.#closers.pop();
      if (closer === undefined) return;
      const work = (async () => closer.close())();
      const isEnded = await endsWithin(work, timeoutMsEach, this.#timers, (message) =>
        onProblem(`closing the ${closer.name} failed: ${message}`),
      );
      if (!isEnded) onProblem(`closing the ${closer.name} took longer than ${timeoutMsEach} ms`);
    }
  }
}

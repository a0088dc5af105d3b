// Waiting that a stop can end.

/** The wait was ended; what was waited for may still happen. */
export class GivenUp extends Error {}

/** As the promise, but rejects with GivenUp once the signal aborts. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new GivenUp('given up'));
    signal.addEventListener('abort', onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}

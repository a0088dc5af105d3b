// What every client of librdkafka has in common: requests with a callback, and its end.
import type { Timers } from '@weir/pipeline';
import type { ClientError, Done } from './binding.js';

/** Rejects with what `unreachable` makes of the client's error. */
export function ask<T = void>(
  request: (done: Done<T>) => void,
  unreachable: (error: ClientError) => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    try {
      request((error, value) => {
        if (error === null || error === undefined) resolve(value as T);
        else reject(unreachable(error));
      });
    } catch (error) {
      reject(unreachable(error as ClientError));
    }
  });
}

interface Connected {
  isConnected(): boolean;
  disconnect(done: Done): void;
}

/** Resolves at the latest after `waitMs`: a broker that is away must not hold up an end. */
export async function disconnect(handle: Connected, timers: Timers, waitMs: number): Promise<void> {
  if (!handle.isConnected()) return;
  const disconnected = new Promise<void>((resolve) => handle.disconnect(() => resolve()));
  // What is left of the wait would keep a command from ending.
  const over = new AbortController();
  const late = timers.sleep(waitMs, over.signal).catch(() => undefined);
  await Promise.race([disconnected, late]);
  over.abort();
}

// The one place of the load generator that asks the machine for time, sleep and CPU use. It is a
// measuring tool that stands outside the accounted path, so it does not go through Ports.
import { setTimeout as delay } from 'node:timers/promises';

/** Wall clock, ms since 1970. Only the default of --start uses it. */
export const wallClockMs = (): number => Date.now();

/** Monotonic, ms with a fraction. */
export const monotonicMs = (): number => performance.now();

/** Resolves after the delay, or at once when the signal aborts. */
export async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}

/** Calls back at an interval until the returned function is called; keeps no process alive. */
export function every(intervalMs: number, callback: () => void): () => void {
  const timer = setInterval(callback, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Calls back once unless the returned function is called first; keeps no process alive. */
export function after(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}

/** CPU time of this process since it started, user and system together. */
export function ownCpuSeconds(): number {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) / 1e6;
}

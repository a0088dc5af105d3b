// The one place in proofs that looks at clocks and makes randomness. Proofs run in real time, from
// outside; what must be repeatable takes its numbers from a seed.
import { setTimeout as delay } from 'node:timers/promises';

export const sleep = (ms: number): Promise<void> => delay(ms);
export const monotonicMs = (): number => performance.now();
export const isoNow = (): string => new Date().toISOString();

/** mulberry32: small, seeded, good enough to spread kills and addresses. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Polls until the condition holds; false when the time is over. */
export async function waitFor(
  condition: () => Promise<boolean>,
  timeoutMs: number,
  everyMs = 100,
): Promise<boolean> {
  const end = monotonicMs() + timeoutMs;
  while (monotonicMs() < end) {
    if (await condition()) return true;
    await sleep(everyMs);
  }
  return false;
}

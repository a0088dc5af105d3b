// The real clock, timers and randomness.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Random, Timers } from '../ports.js';

/** Wall clock in steps of 1 ms: the finest that costs no system call a batch worth speaking of. */
export const nodeClock: Clock = {
  nowNs: () => BigInt(Date.now()) * 1_000_000n,
  monotonicMs: () => performance.now(),
};

export const nodeTimers: Timers = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  async sleep(delayMs, signal) {
    try {
      await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
    } catch {
      // Aborted: the caller looks at its signal.
    }
  },
};

export const nodeRandom: Random = {
  bytes: (byteCount) => new Uint8Array(randomBytes(byteCount)),
  u32: () => randomBytes(4).readUInt32LE(0),
};

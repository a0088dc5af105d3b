// A spool on simulated files, for the tests of this package.
import type { Consumer, SpooledBatch } from '@weir/pipeline';
import { SimClock, SimFiles, SimRandom } from '@weir/pipeline/testing';
import type { SpoolOptions } from './options.js';
import type { Spool } from './spool.js';
import { openSpool } from './spool.js';

export const TEST_DIRECTORY = '/data/spool';

export interface SimWorld {
  readonly files: SimFiles;
  readonly clock: SimClock;
  readonly random: SimRandom;
}
export const newWorld = (seed: number): SimWorld => ({
  files: new SimFiles(),
  clock: new SimClock(),
  random: new SimRandom(seed),
});

/** Commits at once, so that no virtual time has to pass. */
export function openSim(world: SimWorld, options: Partial<SpoolOptions> = {}): Promise<Spool> {
  return openSpool({
    directory: TEST_DIRECTORY,
    files: world.files,
    clock: world.clock,
    timers: world.clock,
    random: world.random,
    consumers: ['loader'],
    segmentBytes: 4096,
    commitIntervalMs: 0,
    ...options,
  });
}

/** Reads what is there now; the consumer is at the end then. */
export async function drain(consumer: Consumer): Promise<SpooledBatch[]> {
  const found: SpooledBatch[] = [];
  for (;;) {
    const next = await readNow(consumer);
    if (next === null) return found;
    found.push(next);
  }
}

/** The next frame if there is one within a turn of the event loop. */
export async function readNow(consumer: Consumer): Promise<SpooledBatch | null> {
  const controller = new AbortController();
  const reading = consumer.read(controller.signal);
  const idle = new Promise<null>((resolve) => setImmediate(() => resolve(null)));
  const first = await Promise.race([reading, idle]);
  if (first !== null) return first;
  controller.abort('idle');
  return reading;
}

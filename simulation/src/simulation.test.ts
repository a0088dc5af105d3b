// Scenario: whole collectors with their loader and a model of the store, ten virtual minutes each,
// each with its own selection of faults; then the faults stop, and everything must get through.
// Guarantees: what was acknowledged is stored once, quarantined, or declared lost; nothing is
// invented; numbers, order and ledger hold; the same seed does the same.
import { Worker } from 'node:worker_threads';
import { nodeClock } from '@weir/pipeline/node';
import t from 'tap';
import type { LaneResult, LaneWork } from './lane-thread.js';
import { addSeen, FAULT_CLASSES, type Seen, SOMETIMES } from './world/coverage.js';

const isLong = process.env.WEIR_LONG === '1';
const SEED_COUNT = isLong ? 20_000 : 500;
const THREADS = 2;
/** A class that was seen less often tested nothing. */
const SEEN_MIN = isLong ? 100 : 3;
const firstSeed = Number(process.env.WEIR_SEED ?? 1);

function runThread(workerData: LaneWork): Promise<LaneResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./lane-thread.js', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

t.setTimeout(isLong ? 7_200_000 : 800_000);

t.test(`${SEED_COUNT} seeds`, async (t) => {
  const count = SEED_COUNT / THREADS;
  const startedMs = nodeClock.monotonicMs();
  const results = await Promise.all(
    Array.from({ length: THREADS }, (_, i) =>
      runThread({ firstSeed: firstSeed + i * count, count, twiceEvery: 100 }),
    ),
  );
  const seen: Seen = {};
  const total = { seeds: 0, twice: 0, sentEvents: 0, ackedEvents: 0, processes: 0, operations: 0 };
  for (const result of results) {
    addSeen(seen, result.seen);
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += result[name];
    for (const failure of result.failures) t.fail(failure);
  }
  const seconds = (nodeClock.monotonicMs() - startedMs) / 1000;
  const perSeedMs = (seconds * 1000 * THREADS) / total.seeds;
  t.comment(`seeds ${firstSeed} to ${firstSeed + SEED_COUNT - 1}: ${JSON.stringify(total)}`);
  t.comment(`${seconds.toFixed(0)} s, ${perSeedMs.toFixed(0)} ms a seed and thread`);
  t.comment(`seen: ${JSON.stringify(seen)}`);
  t.equal(total.seeds, SEED_COUNT);
  t.ok(total.twice >= SEED_COUNT / 100, 'one in a hundred ran twice');
  for (const name of [...FAULT_CLASSES, ...SOMETIMES])
    t.ok((seen[name] ?? 0) >= SEEN_MIN, `${name} was seen ${seen[name] ?? 0} times`);
});

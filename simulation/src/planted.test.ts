// Scenario: known mistakes of loader, spool and ingest are switched on one at a time, and seeds are
// simulated until one of them shows it. Guarantees: the simulation can fail, and for these reasons.
process.env.WEIR_PLANTED_BUGS = 'allowed';

import type { PlantedBug } from '@weir/pipeline';
import { nodeClock } from '@weir/pipeline/node';
import { plantBug, plantedLine } from '@weir/pipeline/testing';
import t from 'tap';
import { simulate } from './simulate.js';
import { WorkerCode } from './world/collector.js';

/** First seed to try: near one that is known to show the bug, so that the test stays short. */
const FIRST_SEEDS: Readonly<Partial<Record<PlantedBug, number>>> = {
  token_only_deduplication: 1,
  frontier_before_ledger: 1,
  intent_after_rows: 1,
  poison_retried_for_ever: 1,
  read_back_wrong_range: 1,
  partial_landing_is_whole: 1,
  fence_omitted: 1,
  ledger_without_rows: 1,
  idempotency_keys_forgotten: 1,
  ack_before_fdatasync: 1,
  recovered_without_writing: 90,
  unreadable_is_rotten: 1,
  checkpoint_published_before_sync: 1,
};
const SEEDS_MAX = 200;

t.setTimeout(900_000);

const code = await WorkerCode.load();

for (const [name, firstSeed] of Object.entries(FIRST_SEEDS)) {
  const bug = name as PlantedBug;
  t.test(`${bug} is found`, async (t) => {
    const startedMs = nodeClock.monotonicMs();
    plantBug(bug);
    try {
      for (let count = 1; count <= SEEDS_MAX; count++) {
        const seed = firstSeed + count - 1;
        const { violations } = await simulate(seed, code);
        if (violations.length === 0) continue;
        const seconds = Math.round((nodeClock.monotonicMs() - startedMs) / 100) / 10;
        t.comment(
          plantedLine({ bug, lane: 'whole-system simulation', count, unit: 'seeds', seconds }),
        );
        t.comment(`seed ${seed}: ${violations[0]}`);
        t.pass(`seed ${seed} shows it`);
        return;
      }
    } finally {
      plantBug(null);
    }
    t.fail(`${SEEDS_MAX} seeds do not show it`);
  });
}

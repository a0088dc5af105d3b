// One thread of the lane: takes seeds from its range, runs every hundredth twice, and tells what it
// found. A class of its own process would cost more than it gives: nothing is shared but code.
import { parentPort, workerData } from 'node:worker_threads';
import { simulate } from './simulate.js';
import { WorkerCode } from './world/collector.js';
import { addSeen, type Seen } from './world/coverage.js';

export interface LaneWork {
  readonly firstSeed: number;
  readonly count: number;
  /** Every so many seeds one is run twice. */
  readonly twiceEvery: number;
}
export interface LaneResult {
  readonly seeds: number;
  readonly twice: number;
  /** A sentence each, with the command that replays it. */
  readonly failures: readonly string[];
  readonly seen: Seen;
  readonly sentEvents: number;
  readonly ackedEvents: number;
  readonly processes: number;
  readonly operations: number;
}

async function run(work: LaneWork): Promise<LaneResult> {
  const code = await WorkerCode.load();
  const failures: string[] = [];
  const seen: Seen = {};
  const counts = { seeds: 0, twice: 0, sentEvents: 0, ackedEvents: 0, processes: 0, operations: 0 };
  for (let seed = work.firstSeed; seed < work.firstSeed + work.count; seed++) {
    const result = await simulate(seed, code);
    counts.seeds++;
    counts.sentEvents += result.sentEvents;
    counts.ackedEvents += result.ackedEvents;
    counts.processes += result.processCount;
    counts.operations += result.operationCount;
    addSeen(seen, result.seen);
    const violations = [...result.violations];
    if (seed % work.twiceEvery === 0) {
      counts.twice++;
      const again = await simulate(seed, code);
      if (again.hash !== result.hash)
        violations.push(`two runs of the seed differ: ${result.hash} and ${again.hash}`);
    }
    if (violations.length > 0)
      failures.push(`npm run simulate -- --seed ${seed}: ${violations.slice(0, 5).join('; ')}`);
  }
  return { ...counts, failures, seen };
}

parentPort?.postMessage(await run(workerData as LaneWork));

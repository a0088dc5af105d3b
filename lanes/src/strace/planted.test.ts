// Scenario: the strace lane runs over a spool with one planted bug switched on, each a mistake from
// a real report (pipeline/src/testing/planted-bugs.ts).
// Guarantees: the lane finds it. Without the power cut that it judges beside the plain state, a
// kill would hide most of them: the kernel's memory outlives a process.
import { monotonicMs } from '@weir/harness';
import type { PlantedBug } from '@weir/pipeline';
import { plantedLine } from '@weir/pipeline/testing';
import t from 'tap';
import { IS_LONG, LANE_SEED, whyNoStrace } from '../tools.js';
import { Lane, type Scenario } from './lane.js';
import { allFaults, sampleFaults } from './plan.js';
import { type Fault, nameOf } from './trace-command.js';

t.setTimeout(IS_LONG ? 3_600_000 : 600_000);
const RUN_COUNT_MAX = 120;

/** Found by what a single error or a power cut shows; the faults that are tried first. */
const SHORT: Readonly<Partial<Record<PlantedBug, readonly string[]>>> = {
  ack_before_fdatasync: ['fdatasync', 'pwritev'],
  fsync_retried_on_same_descriptor: ['fdatasync'],
  short_write_ignored: ['pwritev'],
  frames_dropped_after_eio: ['pwritev', 'fdatasync'],
  no_directory_sync_after_create: ['pwritev', 'fdatasync'],
};
const LONG: Readonly<Partial<Record<PlantedBug, readonly string[]>>> = {
  ...SHORT,
  rename_without_sync: ['rename', 'fsync'],
  frontier_not_synced: ['pwrite64', 'fdatasync'],
  frontier_before_settle: ['pwrite64', 'fdatasync'],
  order_swapped_in_group: ['pwritev'],
  append_to_recovered_segment: ['pwritev'],
};

interface Found {
  readonly violation: string;
  readonly count: number;
}

async function find(
  lane: Lane,
  scenario: Scenario,
  calls: readonly string[],
): Promise<Found | null> {
  const dry = await lane.dryRun(scenario);
  if (dry.violation !== null) return { violation: `no fault: ${dry.violation}`, count: 1 };
  const isFirst = ({ call }: Fault): boolean => calls.includes(call);
  const all = allFaults(dry.counts);
  const faults = [
    ...sampleFaults(all.filter(isFirst), RUN_COUNT_MAX / 2, scenario.seed),
    ...sampleFaults(all, RUN_COUNT_MAX / 2, scenario.seed),
  ];
  for (const [i, fault] of faults.entries()) {
    const { violation } = await lane.run(scenario, dry, fault);
    if (violation !== null) return { violation: `${nameOf(fault)}: ${violation}`, count: i + 2 };
  }
  return null;
}

for (const [name, calls] of Object.entries(IS_LONG ? LONG : SHORT)) {
  const bug = name as PlantedBug;
  t.test(bug, { skip: whyNoStrace() ?? false }, async (t) => {
    const startedMs = monotonicMs();
    const scenario = {
      ...{ name: bug, seed: LANE_SEED + 7, openCount: 2, roundCount: 6 },
      ...{ killedIn: null, bug },
    };
    const found = await find(new Lane(t.testdir({})), scenario, calls);
    t.ok(found !== null, found?.violation ?? `not found, seed ${LANE_SEED}`);
    if (found === null) return;
    t.comment(found.violation);
    const seconds = Math.round((monotonicMs() - startedMs) / 100) / 10;
    t.comment(plantedLine({ bug, lane: 'strace', count: found.count, unit: 'runs', seconds }));
  });
}

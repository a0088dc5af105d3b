// Scenario: the real kernel answers EIO or ENOSPC, once or three times in a row, to one occurrence
// of a call that the spool makes (openat, pwrite64, pwritev, fdatasync, fsync, rename, unlink,
// mkdir, close), or kills the process (SIGKILL) in it, by `strace -e inject`. The spool begins
// empty, or as an earlier kill left it, so that the recovery is hit as well.
// Guarantees: with faults off the spool opens without repair, what was acknowledged is there, byte
// for byte, in order, once; the same when every byte and name that no successful sync covered is
// taken away; no descriptor is used after its sync failed; a fresh event gets through; a single
// error never ends the spool, and nothing hangs.
// WEIR_SEED=n replays the seed, WEIR_STRACE_ONE='pwritev 3 EIO' one fault in each scenario.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monotonicMs } from '@weir/harness';
import t from 'tap';
import { IS_LONG, LANE_SEED, whyNoStrace } from '../tools.js';
import { Lane, type RunResult, type Scenario } from './lane.js';
import { allFaults, sampleFaults } from './plan.js';
import { type Fault, nameOf } from './trace-command.js';

t.setTimeout(IS_LONG ? 3_600_000 : 600_000);
const RUN_COUNT_MIN = IS_LONG ? 1_800 : 150;
const RUN_COUNT = IS_LONG ? 2_400 : 174;
const AT_ONCE = 2;
const IS_REPLAY = process.env.WEIR_STRACE_ONE !== undefined;

const base = { openCount: 2, roundCount: 6, killedIn: null, bug: null };
const scenarios: readonly Scenario[] = [
  { ...base, name: 'empty', seed: LANE_SEED },
  {
    ...base,
    name: 'killed in an append',
    seed: LANE_SEED + 1,
    killedIn: 'fdatasync',
  },
  {
    ...base,
    name: 'killed while small files were replaced',
    seed: LANE_SEED + 2,
    killedIn: 'rename',
  },
];

/** Runs what `next` gives until it gives null, so many at a time. */
export async function inParallel(count: number, next: () => (() => Promise<void>) | null) {
  const worker = async (): Promise<void> => {
    for (let task = next(); task !== null; task = next()) await task();
  };
  await Promise.all(Array.from({ length: count }, worker));
}

class Tally {
  readonly byFault = new Map<string, number>();
  readonly byOutcome = new Map<string, number>();
  readonly violations: string[] = [];
  hits = 0;

  add(scenario: Scenario, fault: Fault, { outcome, violation }: RunResult): void {
    this.byOutcome.set(outcome, (this.byOutcome.get(outcome) ?? 0) + 1);
    if (outcome !== 'missed') {
      this.hits++;
      const key = `${fault.call} ${fault.kind}`;
      this.byFault.set(key, (this.byFault.get(key) ?? 0) + 1);
    }
    if (violation !== null)
      this.violations.push(`${scenario.name}, ${nameOf(fault)}: ${violation}; ${replayOf(fault)}`);
  }
  text(): string {
    const list = (map: Map<string, number>): string =>
      [...map].map(([name, count]) => `${name} ${count}`).join(', ');
    return `${list(this.byFault)}; outcomes: ${list(this.byOutcome)}`;
  }
}

const replayOf = (fault: Fault): string =>
  `replay: WEIR_SEED=${LANE_SEED} WEIR_STRACE_ONE='${nameOf(fault)}'`;

function chosenFaults(counts: ReadonlyMap<string, number>, seed: number): Fault[] {
  const one = process.env.WEIR_STRACE_ONE;
  const all = allFaults(counts);
  if (one !== undefined) return all.filter((fault) => nameOf(fault) === one);
  return sampleFaults(all, Math.ceil(RUN_COUNT / scenarios.length), seed);
}

t.test('each fault of the system', { skip: whyNoStrace() ?? false }, async (t) => {
  // A replay leaves what a violation left: spool, spool-cut, journal and trace.
  const root = IS_REPLAY ? mkdtempSync(join(tmpdir(), 'weir-strace-')) : t.testdir({});
  if (IS_REPLAY) t.comment(`runs are in ${root}`);
  const lane = new Lane(root);
  const tally = new Tally();
  const startedMs = monotonicMs();
  for (const scenario of scenarios) {
    const dry = await lane.dryRun(scenario);
    const faults = chosenFaults(dry.counts, scenario.seed).reverse();
    await inParallel(AT_ONCE, () => {
      const fault = faults.pop();
      if (fault === undefined) return null;
      return async () => tally.add(scenario, fault, await lane.run(scenario, dry, fault));
    });
  }
  const seconds = ((monotonicMs() - startedMs) / 1000).toFixed(0);
  t.comment(`strace: ${tally.hits} runs in ${seconds} s, seed ${LANE_SEED}: ${tally.text()}`);
  t.same(tally.violations, []);
  if (IS_REPLAY) return;
  t.ok(tally.hits >= RUN_COUNT_MIN, `${tally.hits} faults hit, ${RUN_COUNT_MIN} wanted`);
  // A class of faults that was never met proves nothing.
  for (const outcome of ['done', 'killed', 'spool failed', 'opening refused'])
    t.ok((tally.byOutcome.get(outcome) ?? 0) > 0, `seen: ${outcome}`);
});

// Scenario: the power fails, or the process is killed, before any single operation of short runs
// (appends on three streams, two consumers, keys, settling, rotation, deletion, kills), and again
// during the recovery from that, and during the recovery from that one.
// Guarantees: the invariants of check.ts hold in each of at least 200,000 distinct states (with
// WEIR_LONG=1 2,000,000), and all ways to be cut off were seen.
import { testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import { replayCommand } from './lanes.js';
import { runInThread, THREAD_COUNT } from './threads.js';

const seed = testSeed(20_260_101);
const stateCountMin = process.env.WEIR_LONG === '1' ? 2_000_000 : 200_000;

t.setTimeout(7_200_000);
t.test('no cut loses, invents, repeats or reorders anything', async (t) => {
  const tasks = Array.from({ length: THREAD_COUNT }, (_, i) => ({
    lane: 'crash' as const,
    seed: seed + i * 1_000_000,
    count: Math.ceil(stateCountMin / THREAD_COUNT) + 100,
    planted: null,
  }));
  const results = await Promise.all(tasks.map(runInThread));
  const states = new Set<number>();
  const seen = new Map<string, number>();
  let traceCount = 0;
  for (const [i, result] of results.entries()) {
    const task = tasks[i];
    const command = task === undefined ? '' : replayCommand(task, result.way ?? '');
    t.equal(result.violation, null, result.violation === null ? 'none' : command);
    for (const state of result.states) states.add(state);
    for (const [what, count] of Object.entries(result.seen))
      seen.set(what, (seen.get(what) ?? 0) + count);
    traceCount += result.traceCount;
  }
  t.ok(
    states.size >= stateCountMin,
    `${states.size} distinct states of ${traceCount} runs, seed ${seed}`,
  );
  const list = [...seen].map(([what, count]) => `${what} ${count}`).join(', ');
  t.ok(seen.size === 11 && [...seen.values()].every((count) => count > 0), list);
});

// Scenario: synced data rots (a bit, a sector that was never written, a write that landed somewhere
// else, a lost state file), and the start after it is cut off in the middle.
// Guarantees: nothing altered is delivered, what is missing is declared lost with its numbers,
// and a fresh event gets through.
import { testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import { replayCommand } from './lanes.js';
import { runInThread, THREAD_COUNT } from './threads.js';

const seed = testSeed(20_260_501);
const runCountMin = process.env.WEIR_LONG === '1' ? 60_000 : 6_000;

t.setTimeout(7_200_000);
t.test('rot is found and declared', async (t) => {
  const tasks = Array.from({ length: THREAD_COUNT }, (_, i) => ({
    lane: 'rot' as const,
    seed: seed + i * 1_000_000,
    count: Math.ceil(runCountMin / THREAD_COUNT),
    planted: null,
  }));
  const results = await Promise.all(tasks.map(runInThread));
  let runCount = 0;
  const seen = new Set<string>();
  for (const [i, result] of results.entries()) {
    const task = tasks[i];
    const command = task === undefined ? '' : replayCommand(task, result.way ?? '');
    t.equal(result.violation, null, result.violation === null ? 'none' : command);
    runCount += result.count;
    for (const what of Object.keys(result.seen)) seen.add(what);
  }
  t.ok(runCount >= runCountMin, `${runCount} runs, seed ${seed}`);
  t.ok(seen.size >= 5, [...seen].join(', '));
});

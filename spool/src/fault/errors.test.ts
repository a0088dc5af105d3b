// Scenario: the system fails a call of a short run (start, appends, reads, settles, restart) with
// EIO, ENOSPC, EDQUOT, EROFS, EMFILE or EINTR, at every call, once or from there on; a write may
// have written a part, a failed sync may have dropped the pages.
// Guarantees: when the faults stop, what was acknowledged is there, also after a power cut, nothing
// comes twice or altered, and a fresh event gets through.
import { testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import { replayCommand } from './lanes.js';
import { runInThread, THREAD_COUNT } from './threads.js';

const seed = testSeed(20_260_401);
const runCountMin = process.env.WEIR_LONG === '1' ? 300_000 : 30_000;

t.setTimeout(7_200_000);
t.test('no error loses what was acknowledged', async (t) => {
  const tasks = Array.from({ length: THREAD_COUNT }, (_, i) => ({
    lane: 'errors' as const,
    seed: seed + i * 1_000_000,
    count: Math.ceil(runCountMin / THREAD_COUNT),
    planted: null,
  }));
  const results = await Promise.all(tasks.map(runInThread));
  let [runCount, scriptCount] = [0, 0];
  const seen = new Set<string>();
  for (const [i, result] of results.entries()) {
    const task = tasks[i];
    const command = task === undefined ? '' : replayCommand(task, result.way ?? '');
    t.equal(result.violation, null, result.violation === null ? 'none' : command);
    runCount += result.count;
    scriptCount += result.traceCount;
    for (const what of Object.keys(result.seen)) seen.add(what);
  }
  t.ok(runCount >= runCountMin, `${runCount} runs of ${scriptCount} scripts, seed ${seed}`);
  t.ok(seen.size >= 70, `${seen.size} pairs of a call and a code`);
});

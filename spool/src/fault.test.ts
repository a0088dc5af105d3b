// Scenario: the power fails, or the process is killed, before any single operation of a short run (appends on
// three streams, settling, rotation, deletion, restart), and again during the recovery from that.
// Guarantees: the invariants of fault-harness.ts hold after each of at least 10,000 distinct states, and
// the same harness finds the planted fault ack_before_fdatasync.
import { Worker } from 'node:worker_threads';
import { testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import { Explorer } from './fault-explorer.js';
import { recordTrace } from './fault-harness.js';
import type { FaultResult, FaultTask } from './fault-worker.js';

const seed = testSeed(20_260_101);
const stateCountMin = process.env.WEIR_LONG === '1' ? 500_000 : 10_000;
// Two threads, also because the runner's hooks on promises would triple the time in this one.
const threadCount = 2;

function exploreInThread(task: FaultTask): Promise<FaultResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./fault-worker.js', import.meta.url), { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with code ${code}`)));
  });
}

t.test('no cut loses, invents, repeats or reorders anything', async (t) => {
  const tasks = Array.from({ length: threadCount }, (_, i) => ({
    seed: seed + i * 1_000_000,
    stateCountMin: Math.ceil(stateCountMin / threadCount) + 50,
  }));
  const results = await Promise.all(tasks.map(exploreInThread));
  const states = new Set(results.flatMap((result) => result.states));
  const sum = (count: (result: FaultResult) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  t.same(
    results.map(({ violation }) => violation),
    results.map(() => null),
  );
  t.ok(
    states.size >= stateCountMin,
    `${states.size} distinct states of ${sum((result) => result.traceCount)} runs, seed ${seed}`,
  );
  const nestedCount = sum((result) => result.nestedCount);
  t.ok(nestedCount > 10, `${nestedCount} recoveries were cut off again`);
});

t.test('the harness finds an ack before the fdatasync', async (t) => {
  const explorer = new Explorer(seed);
  const trace = await recordTrace(seed, 'ack_before_fdatasync');
  for (const moment of trace.moments) {
    await explorer.explore(trace, moment, 0);
    if (explorer.violation !== null) break;
  }
  t.match(explorer.violation, /^I1/);
});

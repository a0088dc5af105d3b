// Scenario: the power fails, or the process is killed, before any single operation of a short run
// (appends on three streams, settling, rotation, deletion, restart), and again during the recovery
// from that. Guarantees: the invariants of fault-harness.ts hold after each of at least 10,000
// distinct states, and the same harness finds the planted fault ack_before_fdatasync.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { assert } from '@weir/pipeline';
import { testSeed } from '@weir/pipeline/testing';
import { Explorer } from './fault-explorer.js';
import { recordTrace } from './fault-harness.js';

const seed = testSeed(20_260_101);
const stateCountMin = process.env.WEIR_LONG === '1' ? 500_000 : 10_000;
// Two threads, also because the runner's hooks on promises would triple the time in the main one.
const threadCount = 2;

interface FaultTask {
  readonly seed: number;
  readonly stateCountMin: number;
}
interface FaultResult {
  readonly states: readonly string[];
  readonly traceCount: number;
  readonly nestedCount: number;
  readonly violation: string | null;
}

/** In a thread: explores runs of seeds of its own until it has seen enough states. */
async function explore(task: FaultTask): Promise<FaultResult> {
  const explorer = new Explorer(task.seed);
  let traceCount = 0;
  while (explorer.stateCount < task.stateCountMin && explorer.violation === null) {
    const trace = await recordTrace(task.seed + traceCount++, null);
    for (const moment of trace.moments) {
      await explorer.explore(trace, moment, 2);
      if (explorer.violation !== null || explorer.stateCount >= task.stateCountMin) break;
    }
  }
  const { nestedCount, violation } = explorer;
  return { states: [...explorer.states], traceCount, nestedCount, violation };
}

function exploreInThread(task: FaultTask): Promise<FaultResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with code ${code}`)));
  });
}

async function runTests(): Promise<void> {
  const { default: t } = await import('tap');
  t.setTimeout(600_000);
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
}

if (isMainThread) await runTests();
else {
  assert(parentPort !== null, 'a thread has a parent');
  // Errors are part of the plan here; their stacks would cost more than the rest.
  Error.stackTraceLimit = 0;
  parentPort.postMessage(await explore(workerData));
}

// Scenario: a spool that signs is cut off before any operation that changes a file (power cut in
// several ways, or a kill), is opened again, cut off in its recovery, too, and goes on; then any
// byte of its tree files is altered. Guarantees: every checkpoint ever published is a beginning of
// the tree that is there, its root computed anew from the files; no two notes of one origin and
// size have different roots; the spool itself opens whatever is there.

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { testSeed } from '@weir/pipeline/testing';
import { type AlterResult, alterTree, type CutResult, exploreCuts } from './test-faults.js';

const seed = testSeed(20_260_105);
const isLong = process.env.WEIR_LONG === '1';

/** In a thread, so that neither lane slows the other down. */
function inThread<T>(lane: 'cuts' | 'alterations'): Promise<T> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: lane });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (isMainThread) {
  const { default: t } = await import('tap');
  t.setTimeout(isLong ? 3_600_000 : 300_000);
  const [cuts, altered] = await Promise.all([
    inThread<CutResult>('cuts'),
    inThread<AlterResult>('alterations'),
  ]);
  t.equal(cuts.violation, null, `no cut breaks it (seed ${seed})`);
  t.same(cuts.newTrees, [], 'a cut alone never costs the tree');
  t.ok(cuts.publishedCount > 20 && cuts.nestedCount > 20, 'it publishes, and is cut in recovery');
  t.comment(`${cuts.stateCount} states, ${cuts.nestedCount} recoveries cut`);
  t.equal(altered.violation, null, `no alteration breaks it (seed ${seed})`);
  t.ok(altered.hasHistory, 'the history is altered, too');
  t.ok(altered.sameCount > 0 && altered.nextCount > 0, 'both ways are gone');
  t.comment(
    `${altered.sameCount} times the tree went on, ${altered.nextCount} times a new one began`,
  );
} else if (workerData === 'cuts')
  parentPort?.postMessage(await exploreCuts(seed, isLong ? 60_000 : 2_500));
else parentPort?.postMessage(await alterTree(seed + 1, isLong ? 20_000 : 600));

// Scenario: files of the tree become history while the disk cannot read one of them, or the
// history, for a while; a new file cannot be named in ckpt. Guarantees: what cannot be read for a
// moment is replaced by nothing, and a file that may be named is not removed: the tree goes on, and
// later the history has all of its files.
import t from 'tap';
import { textBatch } from '../test-batches.js';
import { drain, newWorld, TEST_DIRECTORY } from '../test-spool.js';
import type { Checkpoint } from './notary.js';
import { readTree } from './read-tree.js';
import { openWithEvidence, treeProblem } from './test-evidence.js';

for (const what of ['history', 'log-'])
  t.test(`${what} cannot be read for a while`, async (t) => {
    const world = newWorld(1);
    const published: Checkpoint[] = [];
    const left: string[] = [];
    let failedCount = 0;
    for (let process = 0; process < 3; process++) {
      const spool = await openWithEvidence(world, {
        treeFileBytesMax: 2_000,
        onNewTree: (_, reason) => left.push(reason),
      });
      spool.onCheckpoint((checkpoint) => published.push(checkpoint));
      await spool.checkpointNow();
      for (let round = 0; round < 6; round++) {
        const isFailing = process > 0 && round > 0 && round < 4;
        world.files.onOperation = ({ kind, path }) => {
          const isHit = isFailing && path.includes(`/tree/${what}`);
          if (!isHit || (kind !== 'read' && kind !== 'open')) return null;
          failedCount++;
          return { code: 'EIO' };
        };
        for (let i = 0; i < 12; i++)
          await spool.append(textBatch('n/a/0', spool.epoch, round * 48 + i * 4, 4));
        const consumer = spool.consumer('loader');
        const last = (await drain(consumer)).at(-1);
        if (last !== undefined) await consumer.settle(last.position);
        await spool.checkpointNow();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await spool.close();
      t.equal(await treeProblem(world.files, published), null);
    }
    t.ok(failedCount > 5, `${failedCount} calls failed`);
    t.same(left, [], 'one tree');
    const tree = await readTree(world.files, TEST_DIRECTORY);
    t.ok((tree?.history.length ?? 0) > 3, `${tree?.history.length} files are history`);
    t.notOk(world.files.paths.some((path) => path.includes('.damaged-')));
  });

t.test('a file whose note in ckpt failed, and may be there all the same, is kept', async (t) => {
  const world = newWorld(2);
  const left: string[] = [];
  const published: Checkpoint[] = [];
  const reopen = async () => {
    const spool = await openWithEvidence(world, { onNewTree: (_, reason) => left.push(reason) });
    spool.onCheckpoint((checkpoint) => published.push(checkpoint));
    return spool;
  };
  const first = await reopen();
  await first.append(textBatch('n/a/0', first.epoch, 0, 4));
  await first.close();
  // The slot is not written in place, and the file that replaces it is there when its fsync fails.
  const calls: string[] = [];
  world.files.onOperation = ({ kind, path }) => {
    const isOfTree = calls.length > 0 || (kind === 'create' && path.includes('/tree/log-'));
    if (!isOfTree) return null;
    calls.push(`${kind} ${path}`);
    const isRenamed = calls.includes(`rename ${TEST_DIRECTORY}/ckpt`);
    const isHit =
      (kind === 'datasync' && path === `${TEST_DIRECTORY}/ckpt`) ||
      (kind === 'syncDir' && path === TEST_DIRECTORY && isRenamed);
    return isHit ? { code: 'EIO' } : null;
  };
  const second = await reopen();
  await second.checkpointNow();
  await second.close();
  t.ok(calls.includes(`syncDir ${TEST_DIRECTORY}`) && (second.evidence?.failures.io ?? 0) > 0);
  world.files.onOperation = null;
  const third = await reopen();
  await third.append(textBatch('n/a/0', third.epoch, 0, 4));
  await third.close();
  t.same(left, [], 'one tree');
  t.equal(await treeProblem(world.files, published), null);
  t.match(published.at(-1), { treeNumber: 1, size: 2 });
});

// Scenario: files of the tree become history while the disk cannot read one of them, or the history,
// for a while. Guarantees: what cannot be read for a moment is replaced by nothing: the files stay
// as they are, the tree goes on, and later the history has all of them.
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

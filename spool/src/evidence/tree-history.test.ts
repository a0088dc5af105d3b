// Scenario: segments are deleted, so that files of the tree become history, while a place of such a
// file or of the history cannot be read, for a moment or until the spool is closed.
// Guarantees: no file goes that is not wholly in the history, which is neither cut nor put aside;
// the failure is counted, and the folding goes on once the place can be read.
import t from 'tap';
import type { Spool } from '../spool.js';
import { textBatch } from '../test-batches.js';
import { drain, newWorld, type SimWorld, TEST_DIRECTORY } from '../test-spool.js';
import type { Checkpoint } from './notary.js';
import { openWithEvidence, treeProblem } from './test-evidence.js';
import { HISTORY_NAME, TREE_NAME, treeLogName } from './tree-files.js';

const DIRECTORY = `${TEST_DIRECTORY}/${TREE_NAME}`;
const BLOCK_BYTES = 4096;

const logsOf = (world: SimWorld): string[] =>
  world.files.paths.filter((path) => path.startsWith(`${DIRECTORY}/log-`));

async function settleAll(spool: Spool): Promise<void> {
  const consumer = spool.consumer('loader');
  const last = (await drain(consumer)).at(-1);
  if (last !== undefined) await consumer.settle(last.position);
}

/** Four processes, whose frames are all there; the last one is open. */
async function unfolded(): Promise<{ world: SimWorld; spool: Spool; published: Checkpoint[] }> {
  const world = newWorld(7);
  const published: Checkpoint[] = [];
  for (let process = 1; ; process++) {
    const spool = await openWithEvidence(world, { treeFileBytesMax: 5_000 });
    spool.onCheckpoint((checkpoint) => published.push(checkpoint));
    for (let i = 0; i < 40; i++) {
      await spool.append(textBatch('n/a/0', spool.epoch, i, 1, 900));
      await spool.checkpointNow();
    }
    if (process === 4) return { world, spool, published };
    await spool.close();
  }
}

/** Another frame, its checkpoint, and time for what failed to be tried again. */
async function goOn(world: SimWorld, spool: Spool, seq: number): Promise<void> {
  await spool.append(textBatch('n/a/0', spool.epoch, seq, 1, 900));
  await spool.checkpointNow();
  await world.clock.advance(40_000);
}

/** The last block of the path, or all of it, cannot be read from the given opening on. */
function breakFrom(world: SimWorld, name: string, openingNo: number, where: 'tail' | 'all'): void {
  let openings = 0;
  world.files.onOperation = ({ kind, path, byteCount }) => {
    if (path !== `${DIRECTORY}/${name}`) return null;
    if (kind === 'open') openings++;
    const isHit = kind === 'read' && (where === 'all' || byteCount !== BLOCK_BYTES);
    return isHit && openings >= openingNo ? { code: 'EIO' } : null;
  };
}

for (const [name, openingNo, where] of [
  [treeLogName(1), 1, 'all'],
  [treeLogName(1), 1, 'tail'],
  [treeLogName(3), 1, 'all'],
  [treeLogName(3), 1, 'tail'],
  [HISTORY_NAME, 1, 'all'],
  [HISTORY_NAME, 5, 'all'],
  [HISTORY_NAME, 21, 'tail'],
] as const) {
  t.test(`${name} cannot be read: ${where}, from opening ${openingNo} on`, async (t) => {
    const { world, spool, published } = await unfolded();
    const before = logsOf(world).length;
    breakFrom(world, name, openingNo, where);
    await settleAll(spool);
    for (const seq of [40, 41, 42]) {
      await goOn(world, spool, seq);
      t.equal(await treeProblem(world.files.snapshot(), published), null, 'nothing is lost');
      t.equal(spool.evidence?.problem, null, 'no checkpoint is held up');
    }
    t.ok((spool.evidence?.failures.io ?? 0) >= 2, 'it is counted, and tried again');
    const kept = logsOf(world).length;
    world.files.onOperation = null;
    await goOn(world, spool, 43);
    await spool.close();
    t.equal(await treeProblem(world.files, published), null);
    t.ok(logsOf(world).length < kept, `${before}, ${kept}: what was kept is folded later`);
    t.notOk(world.files.paths.some((path) => path.includes('damaged')));
    const next = await openWithEvidence(world);
    t.equal((await next.checkpointNow())?.treeNumber, 1);
    await next.close();
  });
}

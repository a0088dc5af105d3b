// Scenario: settled segments could be deleted while the disk cannot read the node's key, or cannot
// read some of them at a stop or at a first try, or takes no checkpoint at a stop. Guarantees:
// segments that no checkpoint names stay for a while, or for the next start, and the tree goes on.
import type { SimOperation } from '@weir/pipeline/testing';
import t from 'tap';
import type { Spool } from '../spool.js';
import { textBatch } from '../test-batches.js';
import { drain, newWorld, type SimWorld } from '../test-spool.js';
import type { Checkpoint } from './notary.js';
import { KEYS_DIRECTORY, openWithEvidence, treeProblem } from './test-evidence.js';

const FRAME_COUNT = 40;

async function fillAndSettle(spool: Spool): Promise<void> {
  for (let i = 0; i < FRAME_COUNT; i++)
    await spool.append(textBatch('n/a/0', spool.epoch, i * 4, 4));
  const consumer = spool.consumer('loader');
  const last = (await drain(consumer)).at(-1);
  if (last !== undefined) await consumer.settle(last.position);
}

interface Told {
  readonly published: Checkpoint[];
  readonly left: string[];
}

async function open(
  world: SimWorld,
  { published, left }: Told,
  more: { readonly checkpointIntervalMs?: number; readonly closeBytesMax?: number } = {},
): Promise<Spool> {
  const onNewTree = (_: number, reason: string): void => void left.push(reason);
  const spool = await openWithEvidence(world, { ...more, onNewTree });
  spool.onCheckpoint((checkpoint) => published.push(checkpoint));
  return spool;
}

type Checks = typeof t;

/** The last process finds everything that was issued, and signs on. */
async function endsWhole(
  t: Pick<Checks, 'same' | 'match' | 'equal'>,
  world: SimWorld,
  told: Told,
  frameCount: number,
): Promise<void> {
  const spool = await open(world, told);
  await spool.append(textBatch('n/a/0', spool.epoch, 0, 4));
  await spool.close();
  t.same(told.left, [], 'one tree');
  t.match(told.published.at(-1), { treeNumber: 1, size: frameCount + 1 });
  t.equal(await treeProblem(world.files, told.published), null);
}

const isRead = ({ kind }: SimOperation): boolean => kind === 'read' || kind === 'open';

t.test('the key cannot be read for five seconds', async (t) => {
  const world = newWorld(1);
  const told: Told = { published: [], left: [] };
  const first = await open(world, told);
  await fillAndSettle(first);
  await first.close();
  world.files.onOperation = (operation) =>
    operation.path.startsWith(KEYS_DIRECTORY) && isRead(operation) ? { code: 'EIO' } : null;
  const second = await open(world, told);
  await fillAndSettle(second);
  for (let i = 0; i < 50; i++) await world.clock.advance(100);
  t.ok(second.stats().segmentCount > 2, 'segments wait');
  t.equal(second.evidence?.problem?.reason, 'io');
  world.files.onOperation = null;
  for (let i = 0; i < 100; i++) await world.clock.advance(100);
  t.equal(second.stats().segmentCount, 1, 'and go then');
  await second.close();
  await endsWhole(t, world, told, 2 * FRAME_COUNT);
});

t.test('a key that cannot be read for long holds up no space', async (t) => {
  const world = newWorld(2);
  const told: Told = { published: [], left: [] };
  await (await open(world, told)).close();
  world.files.onOperation = (operation) =>
    operation.path.startsWith(KEYS_DIRECTORY) && isRead(operation) ? { code: 'EIO' } : null;
  const spool = await open(world, told);
  await fillAndSettle(spool);
  for (let i = 0; i < 900; i++) await world.clock.advance(100);
  t.equal(spool.stats().segmentCount, 1);
  await spool.close();
});

t.test('segments that are read only at a second try, for a minute', async (t) => {
  const world = newWorld(4);
  const told: Told = { published: [], left: [] };
  const spool = await open(world, told, { checkpointIntervalMs: 5_000 });
  await fillAndSettle(spool);
  let lastMs = Number.NEGATIVE_INFINITY;
  let failureCount = 0;
  world.files.onOperation = (operation) => {
    if (!isRead(operation) || !operation.path.endsWith('.log')) return null;
    const sinceMs = world.clock.monotonicMs() - lastMs;
    lastMs = world.clock.monotonicMs();
    if (sinceMs < 50) return null;
    failureCount++;
    return { code: 'EIO' };
  };
  for (let i = 0; i < 600; i++) await world.clock.advance(100);
  t.ok(failureCount > 8, `${failureCount} failures`);
  world.files.onOperation = null;
  await spool.close();
  await endsWhole(t, world, told, FRAME_COUNT);
});

const AT_STOP: Readonly<Record<string, (operation: SimOperation) => boolean>> = {
  'some segments cannot be read at a stop': (operation) => {
    const [, id = '0'] = /seg-([0-9a-f]+)\.log$/.exec(operation.path) ?? [];
    return isRead(operation) && Number.parseInt(id, 16) > 6;
  },
  'no checkpoint can be written at a stop': ({ kind, path }) =>
    path.includes('/tree/') && (kind === 'write' || kind === 'create'),
};
for (const [name, isHit] of Object.entries(AT_STOP))
  t.test(name, async (t) => {
    const world = newWorld(3);
    const told: Told = { published: [], left: [] };
    const first = await open(world, told);
    await first.append(textBatch('n/a/0', first.epoch, 0, 4));
    await first.close();
    const second = await open(world, told, { checkpointIntervalMs: 60_000 });
    await second.checkpointNow();
    for (let i = 0; i < FRAME_COUNT; i++)
      await second.append(textBatch('n/a/0', second.epoch, i * 4, 4));
    const consumer = second.consumer('loader');
    const last = (await drain(consumer)).at(-1);
    world.files.onOperation = (operation) => (isHit(operation) ? { code: 'EIO' } : null);
    if (last !== undefined) await consumer.settle(last.position);
    await second.close();
    world.files.onOperation = null;
    await endsWhole(t, world, told, 1 + FRAME_COUNT);
  });

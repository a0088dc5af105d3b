// Scenario: a spool that signs, over restarts, deletions, full disks, missing and altered keys and
// tree files. Guarantees: checkpoints are those of the frames; what was published stays a part of
// the tree; nothing is signed on top of what does not verify; events go on whatever happens.
import t from 'tap';
import type { Spool } from '../spool.js';
import { textBatch } from '../test-batches.js';
import { drain, newWorld, openSim, type SimWorld, TEST_DIRECTORY } from '../test-spool.js';
import type { Checkpoint } from './notary.js';
import { openNote, parseVerifierKey } from './note.js';
import { readTree } from './read-tree.js';
import { KEYS_DIRECTORY, openWithEvidence, treeProblem } from './test-evidence.js';
import { parseStateDocument } from './tree-state.js';

const treeFiles = (world: SimWorld): string[] =>
  world.files.paths.filter((path) => path.includes('/tree/log-'));

/** Appends frames of four events each, from event `from` on. */
async function fill(spool: Spool, count: number, from = 0): Promise<void> {
  for (let i = 0; i < count; i++)
    await spool.append(textBatch('n/a/0', spool.epoch, from + i * 4, 4));
}

async function settleAll(spool: Spool): Promise<void> {
  const consumer = spool.consumer('loader');
  const last = (await drain(consumer)).at(-1);
  if (last !== undefined) await consumer.settle(last.position);
}

t.test('checkpoints over frames, and over a restart', async (t) => {
  const world = newWorld(1);
  const published: Checkpoint[] = [];
  const spool = await openWithEvidence(world);
  spool.onCheckpoint((checkpoint) => published.push(checkpoint));
  t.equal(spool.latestCheckpoint, null, 'nothing to sign yet');
  await fill(spool, 10);
  const now = await spool.checkpointNow();
  t.equal(now?.size, 10);
  t.equal(now?.treeNumber, 1);
  t.equal(Buffer.from(now?.noteBase64 ?? '', 'base64').toString(), now?.note);
  const key = parseVerifierKey(spool.nodeVerifierKey ?? '');
  t.match(openNote(now?.note ?? '', key ? [key] : []), {
    signedBy: [`weir/node/${spool.nodeId}`],
    text: new RegExp(`^weir/node/${spool.nodeId}/1\n10\n`),
  });
  t.match(parseStateDocument(now?.state ?? ''), { streams: [{ stream: 'n/a/0', lastSeq: 39 }] });
  await fill(spool, 3, 40);
  await spool.close();
  t.equal(spool.latestCheckpoint?.size, 13, 'one at close');
  t.equal(await treeProblem(world.files, published), null);

  const again = await openWithEvidence(world);
  const first = await again.checkpointNow();
  t.equal(first?.size, 13, 'the state of the new process is signed at once');
  const document = parseStateDocument(first?.state ?? '');
  t.equal(document?.whole, true);
  t.equal(document?.epoch, again.epoch.toString());
  t.equal(document?.streams[0]?.lastSeq, 51);
  published.push(first as Checkpoint);
  await fill(again, 5);
  await again.close();
  t.equal(again.latestCheckpoint?.size, 18);
  t.equal(await treeProblem(world.files, published), null);
  t.match(again.evidence, { treeNumber: 1, size: 18, problem: null, failures: {} });
});

t.test('without evidence nothing of it is there', async (t) => {
  const world = newWorld(2);
  const spool = await openSim(world);
  await fill(spool, 2);
  t.equal(spool.latestCheckpoint, null);
  t.equal(spool.signNote('a\n'), null);
  t.equal(spool.evidence, null);
  t.equal(await spool.checkpointNow(), null);
  await spool.close();
  t.notOk(world.files.paths.some((path) => path.includes('/tree/') || path.includes('/keys/')));
});

t.test('on a timer, when frames came, and after many of them', async (t) => {
  const world = newWorld(3);
  const spool = await openWithEvidence(world, { checkpointIntervalMs: 1_000 });
  let count = 0;
  spool.onCheckpoint(() => count++);
  await fill(spool, 3);
  await world.clock.advance(999);
  t.equal(count, 0);
  t.ok((spool.evidence?.waitingMs ?? 0) >= 999);
  await world.clock.advance(1);
  await spool.checkpointNow();
  t.equal(count, 1);
  t.equal(spool.evidence?.waitingMs, 0);
  await world.clock.advance(10_000);
  t.equal(count, 1, 'an idle spool signs nothing');
  await spool.close();
  t.equal(count, 1);
});

t.test('frames larger than a window, and empty ones', async (t) => {
  const world = newWorld(4);
  const spool = await openWithEvidence(world, {}, { segmentBytes: 8 * 1024 * 1024 });
  await fill(spool, 1);
  await spool.append(textBatch('n/a/0', spool.epoch, 4, 3, 700_000));
  await spool.append(textBatch('n/a/0', spool.epoch, 7, 0));
  await fill(spool, 1, 7);
  await spool.close();
  t.equal(spool.latestCheckpoint?.size, 4);
  t.equal(await treeProblem(world.files), null);
});

t.test('files whose frames are deleted become history', async (t) => {
  const world = newWorld(5);
  const published: Checkpoint[] = [];
  for (let process = 0; process < 4; process++) {
    const spool = await openWithEvidence(world, { treeFileBytesMax: 2_000 });
    spool.onCheckpoint((checkpoint) => published.push(checkpoint));
    for (let round = 0; round < 6; round++) {
      await fill(spool, 12, round * 48);
      await settleAll(spool);
      await spool.checkpointNow();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await spool.close();
    t.equal(await treeProblem(world.files, published), null);
  }
  const tree = await readTree(world.files, TEST_DIRECTORY);
  t.ok((tree?.history.length ?? 0) > 3, `${tree?.history.length} files are history`);
  t.ok((tree?.begin.size ?? 0) > 0);
  t.equal(tree?.treeNumber, 1);
  t.equal(tree?.history[0]?.from, 0);
  t.equal(published.at(-1)?.size, 4 * 6 * 12);
});

t.test('segments are kept until their frames are hashed, and go then', async (t) => {
  const world = newWorld(6);
  const spool = await openWithEvidence(world, { checkpointIntervalMs: 60_000 });
  await fill(spool, 60);
  const before = spool.stats().segmentCount;
  t.ok(before > 2);
  await settleAll(spool);
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  t.equal(spool.stats().segmentCount, 1, 'settling hurries the hashing');
  t.ok((spool.latestCheckpoint?.size ?? 0) > 0);
  await spool.close();
  t.equal(await treeProblem(world.files), null);
});

t.test('a full disk for checkpoints does not keep segments, and the tree goes on', async (t) => {
  const world = newWorld(7);
  const spool = await openWithEvidence(world);
  await fill(spool, 20);
  const published = [await spool.checkpointNow()];
  world.files.onOperation = ({ path, kind }) =>
    path.includes('/tree/') && (kind === 'write' || kind === 'create') ? { code: 'ENOSPC' } : null;
  await fill(spool, 40, 80);
  await settleAll(spool);
  for (let i = 0; i < 50; i++) await world.clock.advance(100);
  t.equal(spool.stats().segmentCount, 1, 'segments go');
  t.ok((spool.evidence?.failures.no_space ?? 0) > 0);
  t.equal(spool.evidence?.problem?.reason, 'no_space');
  t.equal(spool.latestCheckpoint?.size, 20, 'nothing that is not durable is published');
  world.files.onOperation = null;
  await fill(spool, 1, 240);
  const after = await spool.checkpointNow();
  t.equal(after?.size, 61);
  t.equal(after?.treeNumber, 1);
  t.equal(spool.evidence?.problem, null);
  await spool.close();
  t.equal(await treeProblem(world.files, published as Checkpoint[]), null);
});

t.test('a failed fdatasync of the tree goes to a new file', async (t) => {
  const world = newWorld(8);
  const problems: (string | null)[] = [];
  const onProblem = (problem: { reason: string } | null): void => {
    problems.push(problem?.reason ?? null);
  };
  const spool = await openWithEvidence(world, { onProblem });
  await fill(spool, 5);
  await spool.checkpointNow();
  let isBroken = true;
  world.files.onOperation = ({ path, kind }) => {
    if (!isBroken || !path.includes('/tree/') || kind !== 'datasync') return null;
    return { code: 'EIO' };
  };
  await fill(spool, 5, 20);
  for (let i = 0; i < 10; i++) await world.clock.advance(100);
  t.equal(spool.latestCheckpoint?.size, 5);
  isBroken = false;
  await world.clock.advance(40_000);
  t.equal((await spool.checkpointNow())?.size, 10);
  t.same(problems, ['io', null], 'named once, and once that it is over');
  t.equal(spool.stats().damage.length, 0);
  const published = [spool.latestCheckpoint as Checkpoint];
  await spool.close();
  t.equal(await treeProblem(world.files, published), null);
  t.equal(treeFiles(world).length, 2);
});

t.test('a frame that cannot be read back is left out, and named', async (t) => {
  const world = newWorld(9);
  const spool = await openWithEvidence(world, { checkpointIntervalMs: 1_000 });
  await fill(spool, 10);
  const segment = world.files.paths.find((path) => path.endsWith('.log')) as string;
  world.files.flipBit(segment, 192 + 128 + 200, 3);
  for (let i = 0; i < 100; i++) await world.clock.advance(100);
  const checkpoint = await spool.checkpointNow();
  t.equal(checkpoint?.size, 9);
  t.ok((spool.evidence?.failures.frame_unreadable ?? 0) > 0);
  t.equal(spool.evidence?.problem, null);
  await spool.close();
  t.equal(await treeProblem(world.files), null);
});

t.test('keys', async (t) => {
  const world = newWorld(10);
  const spool = await openWithEvidence(world);
  await fill(spool, 2);
  await spool.close();
  const [key, pub] = [`${KEYS_DIRECTORY}/node.key`, `${KEYS_DIRECTORY}/node.pub`];
  t.ok(world.files.isPrivate(key), 'only the owner may read it');
  t.notOk(world.files.isPrivate(pub));
  t.match(Buffer.from(world.files.contentOf(key) ?? []).toString(), /^-----BEGIN PRIVATE KEY/);

  for (const [what, break_, reason] of [
    ['garbage', (files: SimWorld['files']) => files.flipBit(key, 3, 1), 'key_unreadable'],
    ['of another name', (files: SimWorld['files']) => files.flipBit(pub, 12, 0), 'key_mismatch'],
  ] as const) {
    const files = world.files.snapshot();
    break_(files);
    const altered = files.contentOf(key);
    const unsigned = await openWithEvidence({ ...world, files });
    await fill(unsigned, 60, 0);
    await settleAll(unsigned);
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(unsigned.latestCheckpoint, null, `${what}: nothing is signed`);
    t.equal(unsigned.evidence?.problem?.reason, reason);
    t.equal(unsigned.nodeVerifierKey, null);
    t.equal(unsigned.stats().segmentCount, 1, 'segments go');
    await unsigned.close();
    t.same(files.contentOf(key), altered, 'the key is never replaced');
  }
});

t.test('a key that comes back signs on', async (t) => {
  const world = newWorld(11);
  const spool = await openWithEvidence(world);
  await fill(spool, 3);
  await spool.close();
  let isRefused = true;
  world.files.onOperation = ({ path, kind }) =>
    isRefused && path.endsWith('node.key') && kind === 'open' ? { code: 'EACCES' } : null;
  const again = await openWithEvidence(world);
  await fill(again, 3);
  t.equal(again.latestCheckpoint, null);
  t.equal(again.evidence?.problem?.reason, 'key_unreadable');
  isRefused = false;
  await world.clock.advance(60_000);
  t.equal((await again.checkpointNow())?.size, 6);
  t.equal(again.latestCheckpoint?.treeNumber, 1);
  await again.close();
  t.equal(await treeProblem(world.files), null);
});

t.test('a new key, or lost files, begin the next tree', async (t) => {
  const world = newWorld(12);
  const spool = await openWithEvidence(world);
  await fill(spool, 5);
  await spool.close();
  const ways: [string, (files: SimWorld['files']) => Promise<void>][] = [
    [
      'all tree files lost',
      async (files) => {
        for (const path of files.paths.filter((one) => one.includes('/tree/')))
          await files.unlink(path);
      },
    ],
    [
      'another key',
      async (files) => {
        await files.unlink(`${KEYS_DIRECTORY}/node.key`);
        await files.unlink(`${KEYS_DIRECTORY}/node.pub`);
      },
    ],
  ];
  for (const [what, break_] of ways) {
    const files = world.files.snapshot();
    await break_(files);
    const left: string[] = [];
    const onNewTree = (_: number, reason: string): void => {
      left.push(reason);
    };
    const again = await openWithEvidence({ ...world, files }, { onNewTree });
    await fill(again, 2);
    const checkpoint = await again.checkpointNow();
    t.equal(checkpoint?.treeNumber, 2, what);
    t.equal(checkpoint?.size, 7, 'with the frames that are there');
    t.equal(left.length, 1, left.join());
    t.equal(again.evidence?.failures.tree_mismatch, 1);
    await again.close();
    t.equal(await treeProblem(files), null);
    const third = await openWithEvidence({ ...world, files });
    t.equal((await third.checkpointNow())?.treeNumber, 2, 'and stay with it');
    await third.close();
  }
});

t.test('a file that cannot be read, and no state that tells if it was in use', async (t) => {
  const world = newWorld(14);
  for (let i = 0; i < 2; i++) {
    const spool = await openWithEvidence(world);
    await fill(spool, 5);
    await spool.close();
  }
  const { files } = world;
  const newest = files.paths.filter((path) => path.includes('/tree/log-')).at(-1) ?? '';
  files.flipBit(newest, 20, 1);
  for (const byteOffset of [30, 542]) files.flipBit(`${TEST_DIRECTORY}/ckpt`, byteOffset, 1);
  const again = await openWithEvidence(world);
  t.ok(files.paths.includes(newest), 'what may have been published is not deleted');
  const checkpoint = await again.checkpointNow();
  t.ok(Number(checkpoint?.treeNumber) > 1, 'and nothing is signed as if it had not been there');
  t.equal(checkpoint?.size, 10);
  await again.close();
});

t.test(
  'one read that fails while the spool is closed leaves no frame out of the tree',
  async (t) => {
    for (const kind of ['open', 'read'] as const) {
      const world = newWorld(15);
      const spool = await openWithEvidence(world, { checkpointIntervalMs: 60_000 });
      await fill(spool, 3);
      let failuresLeft = 1;
      world.files.onOperation = (operation) => {
        const isHit = operation.kind === kind && operation.path.endsWith('.log');
        return isHit && failuresLeft-- > 0 ? { code: 'EMFILE' } : null;
      };
      await spool.close();
      world.files.onOperation = null;
      const again = await openWithEvidence(world);
      await fill(again, 1);
      t.equal((await again.checkpointNow())?.size, 4, kind);
      await again.close();
      t.equal(await treeProblem(world.files), null);
    }
  },
);

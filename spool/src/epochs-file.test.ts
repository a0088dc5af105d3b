// Scenario: the disk cannot read small files (EIO) while the spool opens: for a moment, for longer
// than a start waits, or for ever.
// Guarantees: a moment costs nothing. What cannot be read is not replaced: `epochs` is put aside
// and taken in again by the first start that can read it, so that no number is forgotten; slots are
// kept in quarantine/; idempotency keys stay on the disk. No start is refused.
import t from 'tap';
import { inspectSpool } from './inspect.js';
import { consumerName } from './layout.js';
import type { Spool } from './spool.js';
import { makeBatch, textBatch } from './test-batches.js';
import type { SimWorld } from './test-spool.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';
import { type FsckReport, fsckSpool } from './tools/fsck.js';

const epochsPath = `${TEST_DIRECTORY}/epochs`;
const open = (world: SimWorld): Promise<Spool> => world.clock.run(openSim(world));
const isAside = (path: string): boolean => path.endsWith('.unread');

/** A closed spool whose segments are deleted: only `epochs` knows its numbers. */
async function settledSpool(): Promise<SimWorld> {
  const world = newWorld(1);
  const spool = await openSim(world);
  for (let i = 0; i < 40; i++) await spool.append(textBatch('a', spool.epoch, i, 1, 300));
  const consumer = spool.consumer('loader');
  const last = (await drain(consumer)).at(-1);
  if (last !== undefined) await consumer.settle(last.position);
  await spool.close();
  // The last segment goes with the next process.
  const second = await openSim(world);
  await second.append(textBatch('b', second.epoch, 0, 1));
  await world.clock.advance(5_000);
  await second.close();
  return world;
}

/** By stream, of the first two processes. */
async function lastNumbers(world: SimWorld): Promise<Record<string, number>> {
  const { streams } = await inspectSpool(world.files, TEST_DIRECTORY);
  return Object.fromEntries(streams.map(({ stream, lastSeq }) => [stream, lastSeq]));
}

/** Reads of the path fail until it is switched off. */
function breakReads(world: SimWorld, isHit: (path: string) => boolean): void {
  world.files.onOperation = ({ kind, path }) =>
    (kind === 'read' || kind === 'open') && isHit(path) ? { code: 'EIO' } : null;
}

t.test('what can be read after a moment is no damage', async (t) => {
  const world = await settledSpool();
  const failuresLeft = new Map<string, number>();
  world.files.onOperation = ({ kind, path }) => {
    if (kind !== 'read') return null;
    const left = failuresLeft.get(path) ?? 5;
    failuresLeft.set(path, left - 1);
    return left > 0 ? { code: 'EIO' } : null;
  };
  const spool = await open(world);
  t.ok(failuresLeft.size >= 4, `${failuresLeft.size} files were read`);
  const { isEpochsDamaged, isCheckpointRebuilt, damagedConsumers, damage } = spool.report;
  t.same([isEpochsDamaged, isCheckpointRebuilt, damagedConsumers, damage], [false, false, [], []]);
  t.match(await lastNumbers(world), { a: 39, b: 0 });
  await spool.close();
});

t.test('`epochs` cannot be read for longer: nothing of it is forgotten', async (t) => {
  const world = await settledSpool();
  breakReads(world, (path) => path === epochsPath);
  const spool = await open(world);
  t.ok(spool.report.isEpochsDamaged);
  await spool.append(textBatch('c', spool.epoch, 0, 1));
  await spool.close();
  world.files.onOperation = null;
  const aside = world.files.paths.filter(isAside);
  t.equal(aside.length, 1, 'it is put aside');
  t.match(await lastNumbers(world), { a: 39, b: 0, c: 0 }, 'verify sees both');
  // Still not to be read: it stays, and a second one is put beside it.
  breakReads(world, (path) => path === epochsPath || isAside(path));
  await (await open(world)).close();
  world.files.onOperation = null;
  t.equal(world.files.paths.filter(isAside).length, 2);
  const cut = { ...world, files: world.files.crash('lose_unsynced', world.random) };
  t.match(await lastNumbers(cut), { a: 39, b: 0, c: 0 }, 'durably so');
  const third = await open(world);
  t.notOk(third.report.isEpochsDamaged);
  t.same(world.files.paths.filter(isAside), [], 'it is taken in again');
  t.match(await lastNumbers(world), { a: 39, b: 0, c: 0 });
  await third.close();
});

t.test('a start is cut off between any two of its steps', async (t) => {
  const world = await settledSpool();
  for (let at = 0; ; at++) {
    const files = world.files.snapshot();
    let cut: typeof files | null = null;
    let left = at;
    files.onOperation = ({ kind, path, isMutation }) => {
      if (isMutation && cut === null && left-- === 0)
        cut = files.crash(at % 2 === 0 ? 'lose_unsynced' : 'random_sectors', world.random);
      return (kind === 'read' || kind === 'open') && path === epochsPath ? { code: 'EIO' } : null;
    };
    await (await open({ ...world, files })).close();
    if (cut === null) {
      t.ok(at > 20, `${at} moments`);
      break;
    }
    const again = await open({ ...world, files: cut });
    t.match(await lastNumbers({ ...world, files: cut }), { a: 39, b: 0 }, `before ${at}`);
    await again.close();
  }
});

t.test('one that was put aside and is rotten goes to quarantine', async (t) => {
  const world = await settledSpool();
  breakReads(world, (path) => path === epochsPath);
  await (await open(world)).close();
  world.files.onOperation = null;
  const aside = world.files.paths.find(isAside) ?? '';
  world.files.flipBit(aside, 100, 3);
  const spool = await open(world);
  t.ok(spool.report.isEpochsDamaged);
  await spool.close();
  t.same(
    world.files.paths.filter(isAside).map((path) => path.includes('/quarantine/')),
    [true],
  );
  const next = await open(world);
  t.notOk(next.report.isEpochsDamaged);
  await next.close();
});

t.test('one that was put aside and stays unreadable is not held against `epochs`', async (t) => {
  const world = await settledSpool();
  breakReads(world, (path) => path === epochsPath);
  await (await open(world)).close();
  breakReads(world, isAside);
  const check = (): Promise<FsckReport> =>
    fsckSpool({
      ...{ files: world.files, directory: TEST_DIRECTORY, prefix: 'spool/', isLive: false },
      ...{ isDeep: true, ledgerDirectory: null, receiptDirectory: null },
    });
  for (let start = 0; start < 2; start++) {
    const spool = await open(world);
    t.notOk(spool.report.isEpochsDamaged, 'no news');
    await spool.close();
    const aside = world.files.paths.find(isAside)?.slice(TEST_DIRECTORY.length + 1);
    const { findings } = await check();
    t.same(
      findings.map(({ kind, file }) => `${kind} ${file}`),
      [`epochs_unread spool/${aside}`],
    );
  }
  // A crash left no `epochs` beside it: then the table does know too little.
  const files = world.files.snapshot();
  await files.unlink(epochsPath);
  files.onOperation = world.files.onOperation;
  const without = await open({ ...world, files });
  t.ok(without.report.isEpochsDamaged);
  await without.close();
  world.files.onOperation = null;
  world.files.flipBit(world.files.paths.find(isAside) ?? '', 100, 3);
  t.match((await check()).findings, [{ kind: 'epochs_aside_damaged' }]);
  await (await open(world)).close();
  t.same((await check()).findings, [], 'it is in quarantine');
});

t.test('slots that cannot be read are kept in quarantine', async (t) => {
  const world = await settledSpool();
  const names = ['ckpt', consumerName('loader')];
  const contents = names.map((name) => world.files.contentOf(`${TEST_DIRECTORY}/${name}`));
  breakReads(world, (path) => names.some((name) => path === `${TEST_DIRECTORY}/${name}`));
  const spool = await open(world);
  t.ok(spool.report.isCheckpointRebuilt);
  t.same(spool.report.damagedConsumers, ['loader']);
  await spool.close();
  for (const [i, name] of names.entries()) {
    const kept = world.files.paths.filter((path) => path.includes(`/quarantine/${name}-`));
    t.equal(kept.length, 1, name);
    t.same(world.files.contentOf(kept[0] ?? ''), contents[i]);
  }
});

t.test('idempotency keys that cannot be read are not deleted', async (t) => {
  const world = newWorld(1);
  const spool = await openSim(world);
  const part = {
    key: 'p/1/0',
    bodySha256: new Uint8Array(32),
    eventIndexFirst: 0,
    eventCount: 1,
    itemIndexFirst: 0,
    itemCount: 1,
  };
  const receivedAtNs = world.clock.nowNs();
  const events = [Buffer.from('x')];
  const { epoch } = spool;
  await spool.append(
    makeBatch({ stream: 'a', epoch, seqFirst: 0, events, requestParts: [part], receivedAtNs }),
  );
  await spool.close();
  breakReads(world, (path) => path.endsWith('.keys'));
  const without = await open(world);
  t.equal(without.recoveredRequestParts.length, 0);
  await without.close();
  world.files.onOperation = null;
  const after = await open(world);
  t.same(
    after.recoveredRequestParts.map(({ key }) => key),
    ['p/1/0'],
  );
  await after.close();
});

// Scenario: segments are filled with zeros ahead of need, on simulated files.
// Guarantees: the space for a frame is there before the frame is; a full disk shows in the
// background and the present segment goes on; an id is never given twice; zeros and stale bytes
// behind the frames read as their end; the size limit holds with all that is prepared.
import type { SimOperation } from '@weir/pipeline/testing';
import t from 'tap';
import { segmentName } from './layout.js';
import { fingerprintOf, textBatch } from './test-batches.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';

const MiB = 1024 * 1024;
const logs = (paths: readonly string[]): string[] => paths.filter((path) => path.endsWith('.log'));
const prepared = (paths: readonly string[]): string[] =>
  paths.filter((path) => path.endsWith('.log.tmp'));

t.test(
  'frames never make their file longer, and the next file is there before it is needed',
  async (t) => {
    const world = newWorld(1);
    const sizes = new Map<string, number>();
    let grown = 0;
    const watch = (operation: SimOperation): null => {
      if (operation.kind !== 'datasync' || !operation.path.endsWith('.log')) return null;
      const size = world.files.contentOf(operation.path)?.length ?? 0;
      const before = sizes.get(operation.path) ?? size;
      if (size > before) grown++;
      sizes.set(operation.path, size);
      return null;
    };
    world.files.onOperation = watch;
    const spool = await openSim(world);
    let preparedSeen = 0;
    for (let i = 0; i < 60; i++) {
      await spool.append(textBatch('a', spool.epoch, i, 1, 300));
      preparedSeen += prepared(world.files.paths).length;
    }
    t.ok(sizes.size > 3, `${sizes.size} segments`);
    t.equal(grown, 0);
    t.ok(preparedSeen > 5, 'a segment is ready while another is written');
    await spool.close();
    t.same(prepared(world.files.paths), [], 'what was not used is gone');
    for (const path of logs(world.files.paths))
      t.ok((world.files.contentOf(path)?.length ?? 0) <= 4096 + 256, 'sealed files have no tail');
  },
);

t.test('a process that writes little fills little; the size doubles', async (t) => {
  const world = newWorld(2);
  const spool = await openSim(world, { segmentBytes: 64 * MiB, bytesMax: 1024 * MiB });
  await spool.append(textBatch('a', spool.epoch, 0, 1));
  t.equal(spool.stats().bytesUsed, 4 * MiB);
  t.ok(spool.stats().preparedBytes > 3 * MiB);
  t.same(prepared(world.files.paths), [], 'half of the first is not used');
  await spool.close();
});

t.test(
  'a full disk: the present segment is filled, then inputs wait; space brings it back',
  async (t) => {
    const world = newWorld(3);
    const spool = await openSim(world, { segmentBytes: 16_384 });
    await spool.append(textBatch('a', spool.epoch, 0, 1, 300));
    world.files.capacityBytes = world.files.usedBytes + 100;
    let ackCount = 1;
    const total = 60;
    const appends: Promise<unknown>[] = [];
    const codes = new Set<string>();
    for (let i = 1; i < total; i++) {
      appends.push(spool.append(textBatch('a', spool.epoch, i, 1, 300)).then(() => ackCount++));
      await world.clock.advance(1);
      codes.add(`${spool.stats().preparationError}/${spool.isFull}`);
    }
    t.ok(codes.has('ENOSPC/false'), 'the metric tells before inputs have to stop');
    t.ok(ackCount > 25 && ackCount < total, `${ackCount} went into the space that was there`);
    t.ok(spool.isFull);
    world.files.capacityBytes = Number.POSITIVE_INFINITY;
    await world.clock.advance(3_000);
    await Promise.all(appends);
    t.notOk(spool.isFull);
    await spool.append(textBatch('a', spool.epoch, total, 1, 9_000));
    await world.clock.advance(1_100);
    await spool.append(textBatch('a', spool.epoch, total + 1, 1));
    t.equal(spool.stats().preparationError, '');
    await spool.close();
  },
);

t.test('a start on a full disk', async (t) => {
  const world = newWorld(4);
  const first = await openSim(world);
  const batch = textBatch('a', first.epoch, 0, 1);
  const print = fingerprintOf(batch);
  await first.append(batch);
  await first.close();
  world.files.capacityBytes = world.files.usedBytes;
  const second = await openSim(world);
  const [read] = await drain(second.consumer('loader'));
  t.equal(read && fingerprintOf(read.batch), print);
  const waiting = second.append(textBatch('a', second.epoch, 0, 1));
  await world.clock.advance(2_000);
  t.ok(second.isFull);
  world.files.capacityBytes = Number.POSITIVE_INFINITY;
  await world.clock.run(waiting);
  await second.close();
});

t.test(
  'a prepared segment that a crash left is deleted, and its id is not given again',
  async (t) => {
    const world = newWorld(5);
    const spool = await openSim(world);
    let crashed = null;
    for (let i = 0; i < 40 && crashed === null; i++) {
      await spool.append(textBatch('a', spool.epoch, i, 1, 300));
      if (prepared(world.files.paths).length > 0)
        crashed = world.files.crash('process_kill', world.random);
    }
    await spool.close();
    if (crashed === null) throw new Error('nothing was prepared');
    const [left = ''] = prepared(crashed.paths);
    const id = Number.parseInt(left.slice(-24, -8), 16);
    const second = await openSim({ ...world, files: crashed });
    t.same(prepared(crashed.paths), []);
    const position = await second.append(textBatch('a', second.epoch, 0, 1));
    t.ok(position.segmentId > id, `${position.segmentId} is above ${id}`);
    t.equal(second.report.tornBytes, 0, 'zeros are no torn frames');
    await second.close();
  },
);

t.test('stale bytes behind the frames are not taken for frames', async (t) => {
  const world = newWorld(6);
  const spool = await openSim(world, { segmentBytes: 16_384 });
  for (let i = 0; i < 6; i++) await spool.append(textBatch('a', spool.epoch, i, 1, 300));
  const files = world.files.crash('process_kill', world.random);
  await spool.close();
  const path = `${TEST_DIRECTORY}/${segmentName(1)}`;
  const content = files.contentOf(path) ?? new Uint8Array(0);
  const end = Math.ceil((content.findLastIndex((byte) => byte !== 0) + 1) / 8) * 8;
  // Frames of the same segment at another place, and those of another store.
  const stranger = newWorld(99);
  const other = await openSim(stranger, { segmentBytes: 16_384 });
  for (let i = 0; i < 6; i++) await other.append(textBatch('a', other.epoch, i, 1, 300));
  const foreign = stranger.files.contentOf(path) ?? new Uint8Array(0);
  await other.close();
  for (const [name, stale] of [
    ['own', content.slice(192, 192 + 2_000)],
    ['foreign', foreign.slice(192, 192 + 2_000)],
  ] as const)
    for (const gap of [0, 512, 4_096]) {
      const state = files.snapshot();
      const handle = await state.open(path, 'write');
      await handle.write([stale], end + gap);
      await handle.close();
      const second = await openSim({ ...world, files: state });
      t.equal((await drain(second.consumer('loader'))).length, 6, `${name} at ${gap}`);
      t.same(second.report.damage, []);
      t.equal(second.report.tornBytes, gap + stale.findLastIndex((byte) => byte !== 0) + 1);
      await second.close();
    }
});

t.test('the size limit holds with all that is prepared, and is used up to its end', async (t) => {
  const world = newWorld(7);
  const bytesMax = 4 * MiB;
  const spool = await openSim(world, { bytesMax, segmentBytes: 64 * MiB });
  let highest = 0;
  world.files.onOperation = ({ kind }) => {
    if (kind !== 'datasync') return null;
    const used = world.files.paths
      .filter((path) => path.includes('/seg-'))
      .reduce((sum, path) => sum + (world.files.contentOf(path)?.length ?? 0), 0);
    highest = Math.max(highest, used);
    return null;
  };
  const appends = Array.from({ length: 500 }, (_, i) =>
    spool.append(textBatch('a', spool.epoch, i, 1, 20_000)).catch(() => undefined),
  );
  await world.clock.advance(5_000);
  t.ok(spool.isFull);
  const { bytesUsed, preparedBytes } = spool.stats();
  t.ok(bytesUsed - preparedBytes > bytesMax * 0.97, `${bytesUsed - preparedBytes} of ${bytesMax}`);
  t.ok(highest <= bytesMax + 4096, `${highest} at most`);
  await spool.close();
  await Promise.all(appends);
});

for (const isMeasured of [true, false])
  t.test(
    `a full disk: the last bytes stay free for those who settle, free space ${isMeasured ? 'known' : 'not told'}`,
    async (t) => {
      const world = newWorld(8);
      const spool = await openSim(world, { segmentBytes: 64 * MiB, bytesMax: 1024 * MiB });
      await spool.append(textBatch('a', spool.epoch, 0, 1, 300));
      world.files.capacityBytes = world.files.usedBytes + MiB;
      // Some file systems promise what they do not have.
      if (!isMeasured)
        world.files.onOperation = ({ kind }) => (kind === 'freeBytes' ? { code: 'ENOSYS' } : null);
      let ackCount = 1;
      const appends: Promise<unknown>[] = [];
      for (let i = 1; !spool.isFull; i++) {
        appends.push(
          spool.append(textBatch('a', spool.epoch, i, 1, 20_000)).then(() => ackCount++),
        );
        await world.clock.advance(5);
      }
      t.equal(world.files.roomBytes, MiB, 'no zeros are left behind a failed extension');
      t.ok(ackCount < 1 + appends.length, 'one waits');
      const loader = spool.consumer('loader');
      const read = await drain(loader);
      await loader.settle(read.at(-1)?.position ?? { segmentId: 0, frameNo: 0 });
      await world.clock.advance(3_000);
      await world.clock.run(Promise.all(appends));
      t.equal(ackCount, 1 + appends.length, 'what was settled makes room for what waits');
      t.ok(spool.stats().deletedSegmentCount > 0);
      t.notOk(spool.isFull);
      await spool.close();
    },
  );

// Scenario: the disk is full, or fails.
// Guarantees: without space appends wait and nothing is lost; a failed fdatasync is never trusted
// again; the second failure in a row fails the spool and acks nothing.
import type { SimFault, SimOperation } from '@weir/pipeline/testing';
import t from 'tap';
import { fingerprintOf, textBatch } from './test-batches.js';
import type { SimWorld } from './test-spool.js';
import { drain, newWorld, openSim } from './test-spool.js';

const isSegment = ({ path, kind }: SimOperation): boolean =>
  path.endsWith('.log') || (kind === 'create' && path.endsWith('.log.tmp'));

/** Reopens after a power cut; the prints of what comes back, in order. */
async function recovered(world: SimWorld): Promise<string[]> {
  const files = world.files.crash('lose_unsynced', world.random);
  const spool = await openSim({ ...world, files });
  const read = await drain(spool.consumer('loader'));
  await spool.close();
  return read.map(({ batch }) => fingerprintOf(batch));
}

for (const code of ['ENOSPC', 'EDQUOT']) {
  for (const kind of ['write', 'datasync', 'create'] as const) {
    t.test(`${code} at ${kind}: appends wait, then go through`, async (t) => {
      const world = newWorld(1);
      const spool = await openSim(world);
      await spool.append(textBatch('a', spool.epoch, 0, 1));
      let failures = 0;
      let isBroken = true;
      const partial = { code, partialBytes: 300 };
      world.files.onOperation = (operation): SimFault | null => {
        if (!isBroken || operation.kind !== kind || !isSegment(operation)) return null;
        failures++;
        return partial;
      };
      let ackCount = 0;
      const batches = Array.from({ length: 30 }, (_, i) =>
        textBatch('a', spool.epoch, 1 + i, 1, 200),
      );
      const expected = batches.map(fingerprintOf);
      const done = Promise.all(batches.map((b) => spool.append(b).then(() => ackCount++)));
      await world.clock.advance(5000);
      if (kind !== 'create') t.equal(ackCount, 0, 'nothing is acked meanwhile');
      t.ok(spool.isFull);
      t.equal(spool.failure, null);
      t.ok(failures > 2 && failures < 60, `tried again ${failures} times in 5 s`);
      isBroken = false;
      await world.clock.advance(2000);
      await done;
      t.notOk(spool.isFull);
      const read = (await drain(spool.consumer('loader'))).slice(1);
      t.same(
        read.map(({ batch }) => fingerprintOf(batch)),
        expected,
      );
      t.same((await recovered(world)).slice(1), expected);
      await spool.close();
      t.same((await recovered(world)).slice(1), expected);
    });
  }
}

for (const kind of ['write', 'datasync'] as const) {
  t.test(`EIO at ${kind} once: the frames go to a new segment`, async (t) => {
    const world = newWorld(2);
    const spool = await openSim(world);
    await spool.append(textBatch('a', spool.epoch, 0, 1));
    let failures = 0;
    world.files.onOperation = (operation) =>
      operation.kind === kind && isSegment(operation) && failures++ === 0
        ? { code: 'EIO', partialBytes: 400 }
        : null;
    const batches = [1, 2, 3].map((seq) => textBatch('a', spool.epoch, seq, 1));
    const expected = batches.map(fingerprintOf);
    const positions = await Promise.all(batches.map((batch) => spool.append(batch)));
    t.same(
      positions.map(({ segmentId }) => segmentId),
      [2, 2, 2],
    );
    t.equal(spool.failure, null);
    for (const strategy of ['lose_unsynced', 'keep_all', 'process_kill'] as const) {
      const files = world.files.crash(strategy, world.random);
      const second = await openSim({ ...world, files });
      const read = await drain(second.consumer('loader'));
      t.same(
        read.slice(1).map(({ batch }) => fingerprintOf(batch)),
        expected,
        strategy,
      );
      t.equal(second.report.damage.length, 0);
      await second.close();
    }
    const read = await drain(spool.consumer('loader'));
    t.equal(read.length, 4);
    const last = read.at(-1);
    if (last) await spool.consumer('loader').settle(last.position);
    await spool.close();
  });
}

t.test(
  'EIO again: the spool fails, acks nothing more, and recovers at the next start',
  async (t) => {
    const world = newWorld(3);
    const spool = await openSim(world);
    const kept = textBatch('a', spool.epoch, 0, 1);
    const print = fingerprintOf(kept);
    await spool.append(kept);
    world.files.onOperation = (operation) =>
      operation.kind === 'datasync' && isSegment(operation) ? { code: 'EIO' } : null;
    const waiting = [1, 2].map((seq) => spool.append(textBatch('a', spool.epoch, seq, 1)));
    for (const append of waiting) await t.rejects(append, { code: 'WEIR_SPOOL_IO' });
    t.match(await spool.failed, { code: 'WEIR_SPOOL_IO', details: { systemCode: 'EIO' } });
    t.ok(spool.isFull);
    t.match(spool.failure, { code: 'WEIR_SPOOL_IO' });
    await t.rejects(spool.append(textBatch('a', spool.epoch, 3, 1)), { code: 'WEIR_SPOOL_IO' });
    world.files.onOperation = null;
    await spool.close();
    t.same(await recovered(world), [print]);
  },
);

t.test('a frontier that cannot be written rejects and can be settled again', async (t) => {
  const world = newWorld(4);
  const spool = await openSim(world);
  for (let i = 0; i < 3; i++) await spool.append(textBatch('a', spool.epoch, i, 1));
  const consumer = spool.consumer('loader');
  const read = await drain(consumer);
  const last = read.at(-1)?.position ?? { segmentId: 0, frameNo: 0 };
  world.files.onOperation = ({ path }) => (path.includes('consumer-') ? { code: 'EIO' } : null);
  await t.rejects(consumer.settle(last), { code: 'WEIR_SPOOL_IO' });
  t.equal(consumer.frontier, null);
  world.files.onOperation = null;
  await consumer.settle(last);
  t.same(consumer.frontier, last);
  await spool.close();
});

t.test('a disk that is really full: back-pressure, deletion, then progress', async (t) => {
  const world = newWorld(5);
  const spool = await openSim(world);
  world.files.capacityBytes = 20_000;
  let ackCount = 0;
  const total = 120;
  const appends = Array.from({ length: total }, (_, i) =>
    spool.append(textBatch('a', spool.epoch, i, 1, 300)).then(() => ackCount++),
  );
  await world.clock.advance(3000);
  t.ok(ackCount > 5 && ackCount < total, `${ackCount} fit`);
  t.ok(spool.isFull);
  const consumer = spool.consumer('loader');
  const seqs: number[] = [];
  for (let round = 0; round < 200 && seqs.length < total; round++) {
    for (const { batch, position } of await drain(consumer)) {
      seqs.push(batch.seqFirst);
      await consumer.settle(position);
    }
    await world.clock.advance(1100);
  }
  await Promise.all(appends);
  t.same(
    seqs,
    Array.from({ length: total }, (_, i) => i),
  );
  await spool.close();
});

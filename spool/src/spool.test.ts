// Scenario: the spool as its users see it, on simulated files.
// Guarantees: durable before the ack, in order, kept until every consumer settled it.
import { randomBytes } from 'node:crypto';
import { BufferPool, LIMITS, WeirError } from '@weir/pipeline';
import t from 'tap';
import { fingerprintOf, makeBatch, textBatch } from './test-batches.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';

t.test('what was appended is read in order, from the cache and from disk', async (t) => {
  const world = newWorld(1);
  const spool = await openSim(world);
  const batches = Array.from({ length: 50 }, (_, i) => textBatch('a', spool.epoch, i * 3, 3));
  const expected = batches.map(fingerprintOf);
  const positions = await Promise.all(batches.map((batch) => spool.append(batch)));
  t.ok(
    positions.some((position) => position.segmentId > 1),
    'segments rotate',
  );
  const consumer = spool.consumer('loader');
  t.equal(consumer.pendingFrameCount, 50);
  t.equal(consumer.pendingEventCount, 150);
  t.same(
    (await drain(consumer)).map(({ batch }) => fingerprintOf(batch)),
    expected,
    'cache',
  );
  consumer.rewind();
  const again = await drain(consumer);
  t.same(
    again.map(({ batch }) => fingerprintOf(batch)),
    expected,
    'disk, after rewind',
  );
  t.same(
    again.map(({ position }) => position),
    positions,
  );
  await consumer.settle(positions[24] ?? { segmentId: 0, frameNo: 0 });
  t.equal(consumer.pendingFrameCount, 25);
  t.equal(consumer.pendingEventCount, 75);
  consumer.rewind();
  t.equal((await drain(consumer)).length, 25);
  await spool.close();

  const second = await openSim(world);
  t.ok(second.epoch >> 32n > spool.epoch >> 32n, 'a new epoch');
  t.equal(second.nodeId, spool.nodeId);
  t.same(
    second.report.endedEpochs.map(({ lastSeq }) => lastSeq),
    [149],
  );
  t.equal(second.report.scannedSegmentCount, 0, 'all were sealed');
  const reader = second.consumer('loader');
  t.equal(reader.pendingEventCount, 75);
  const rest = await drain(reader);
  t.same(
    rest.map(({ batch }) => fingerprintOf(batch)),
    expected.slice(25),
  );
  const last = rest.at(-1);
  if (last) await reader.settle(last.position);
  t.equal(reader.pendingFrameCount, 0);
  await new Promise((resolve) => setImmediate(resolve));
  t.same(
    world.files.paths.filter((path) => path.endsWith('.log')),
    [],
    'segments are deleted',
  );
  await second.close();
});

t.test('a lone append waits no longer than the commit interval', async (t) => {
  const world = newWorld(2);
  const spool = await openSim(world, { commitIntervalMs: 5 });
  const startMs = world.clock.monotonicMs();
  await world.clock.run(spool.append(textBatch('a', spool.epoch, 0, 1)));
  t.equal(world.clock.monotonicMs() - startMs, 5);
  const before = spool.stats().dataSyncCount;
  const many = [1, 2, 3, 4].map((seq) => spool.append(textBatch('a', spool.epoch, seq, 1)));
  await world.clock.run(Promise.all(many));
  t.equal(spool.stats().dataSyncCount, before + 1, 'one fdatasync for the group');
  await spool.close();
});

t.test('the wait of an event before its batch closed counts', async (t) => {
  const world = newWorld(2);
  const spool = await openSim(world, { commitIntervalMs: 12 });
  const fresh = spool.append(textBatch('a', spool.epoch, 0, 1), 0);
  await world.clock.advance(3);
  const startMs = world.clock.monotonicMs();
  const aged = spool.append(textBatch('b', spool.epoch, 0, 1), 12);
  await world.clock.run(Promise.all([fresh, aged]));
  t.equal(world.clock.monotonicMs() - startMs, 0, 'written at once, with what stands before it');
  await spool.close();
});

t.test('frames keep their bytes until they are written, also beside empty ones', async (t) => {
  const world = newWorld(2);
  const options = { segmentBytes: 4 * 1024 * 1024, batchMemory: new BufferPool(1024 * 1024) };
  const spool = await openSim(world, options);
  const large = makeBatch({ epoch: spool.epoch, seqFirst: 0, events: [randomBytes(200_000)] });
  const small = makeBatch({ epoch: spool.epoch, seqFirst: 1, events: [randomBytes(500)] });
  const again = makeBatch({ epoch: spool.epoch, seqFirst: 2, events: [randomBytes(190_000)] });
  const batches = [large, small, again];
  const expected = batches.map((batch) => fingerprintOf(batch));
  for (let i = 0; i < 2; i++)
    await spool.append(
      makeBatch({ stream: 'refusals', epoch: spool.epoch, seqFirst: 0, events: [] }),
    );
  await Promise.all(batches.map((batch) => spool.append(batch)));
  await spool.close();
  const second = await openSim(world, options);
  const read = (await drain(second.consumer('loader'))).map(({ batch }) => batch);
  t.same(
    read.filter(({ eventCount }) => eventCount > 0).map((batch) => fingerprintOf(batch)),
    expected,
  );
  t.same(second.report.damage, []);
  await second.close();
});

t.test('nothing is seen before it is durable', async (t) => {
  const world = newWorld(3);
  const spool = await openSim(world);
  const consumer = spool.consumer('loader');
  let seen = 0;
  let syncs = 0;
  const reading = consumer.read(new AbortController().signal).then(() => seen++);
  world.files.onOperation = ({ kind }) => {
    if (kind === 'datasync') syncs++;
    if (kind === 'write' || kind === 'datasync') t.equal(seen, 0, 'not before the fdatasync');
    return null;
  };
  await spool.append(textBatch('a', spool.epoch, 0, 1));
  await reading;
  world.files.onOperation = null;
  t.ok(syncs > 0);
  t.equal(seen, 1);
  await spool.close();
});

t.test('a full spool waits until segments are settled and deleted', async (t) => {
  const world = newWorld(4);
  const spool = await openSim(world, { bytesMax: 16_384, segmentBytes: 4096 });
  let acked = 0;
  const total = 200;
  const appends = Array.from({ length: total }, (_, i) =>
    spool.append(textBatch('a', spool.epoch, i, 1, 300)).then(() => acked++),
  );
  await world.clock.advance(1000);
  t.ok(spool.isFull);
  t.ok(acked > 10 && acked < total, `${acked} of ${total} fit`);
  t.ok(spool.stats().bytesUsed <= 16_384 + 256);
  const consumer = spool.consumer('loader');
  const seqs: number[] = [];
  while (seqs.length < total) {
    for (const { batch, position } of await drain(consumer)) {
      seqs.push(batch.seqFirst);
      await consumer.settle(position);
    }
    await world.clock.advance(10);
  }
  await Promise.all(appends);
  t.same(
    seqs,
    Array.from({ length: total }, (_, i) => i),
  );
  t.notOk(spool.isFull);
  await spool.close();
});

t.test('close while full: what waits is rejected, what was acked stays', async (t) => {
  const world = newWorld(5);
  const spool = await openSim(world, { bytesMax: 16_384 });
  const results = Array.from({ length: 100 }, (_, i) =>
    spool.append(textBatch('a', spool.epoch, i, 1, 300)).then(
      () => 'acked',
      (error: unknown) => (error instanceof WeirError ? error.code : 'other'),
    ),
  );
  await world.clock.advance(100);
  await spool.close();
  const outcomes = await Promise.all(results);
  const ackedCount = outcomes.filter((outcome) => outcome === 'acked').length;
  t.ok(ackedCount > 0 && outcomes.lastIndexOf('acked') === ackedCount - 1, 'a prefix was acked');
  t.equal(outcomes.filter((outcome) => outcome === 'WEIR_SPOOL_CLOSED').length, 100 - ackedCount);
  await t.rejects(spool.append(textBatch('a', 1n, 0, 1)), { code: 'WEIR_SPOOL_CLOSED' });
  const second = await openSim(world);
  t.equal((await drain(second.consumer('loader'))).length, ackedCount);
  await second.close();
});

t.test('several consumers own their copies and hold segments back', async (t) => {
  const world = newWorld(6);
  const spool = await openSim(world, { consumers: ['loader', 'kafka'] });
  for (let i = 0; i < 40; i++) await spool.append(textBatch('a', spool.epoch, i, 1, 300));
  const [first, second] = [spool.consumer('loader'), spool.consumer('kafka')];
  const read = await drain(first);
  for (const { batch } of read) batch.bytes.fill(0);
  const last = read.at(-1);
  if (last) await first.settle(last.position);
  t.equal(spool.stats().deletedSegmentCount, 0);
  const other = await drain(second);
  t.same(
    other.map(({ batch }) => fingerprintOf(batch)),
    other.map((_, i) => fingerprintOf(textBatch('a', spool.epoch, i, 1, 300))),
  );
  if (last) await second.settle(last.position);
  await world.clock.advance(1);
  t.ok(spool.stats().deletedSegmentCount > 1);
  await spool.close();
});

t.test('request parts survive restart and deletion for the window', async (t) => {
  const world = newWorld(7);
  const spool = await openSim(world);
  const epoch = spool.epoch;
  const part = {
    key: 'producer/1/0',
    bodySha256: new Uint8Array(32).fill(7),
    eventIndexFirst: 1,
    eventCount: 1,
    itemIndexFirst: 0,
    itemCount: 1,
  };
  const events = [new Uint8Array([1]), new Uint8Array([2])];
  const receivedAtNs = world.clock.nowNs();
  await spool.append(
    makeBatch({ epoch, seqFirst: 10, events, requestParts: [part], receivedAtNs }),
  );
  const crashed = { ...world, files: world.files.crash('lose_unsynced', world.random) };
  await spool.close();
  for (const [name, from] of [
    ['clean', world],
    ['crash', crashed],
  ] as const) {
    const second = await openSim(from);
    const [found] = second.recoveredRequestParts;
    t.match(found, { key: part.key, seqFirst: 11, eventCount: 1, itemCount: 1, epoch }, name);
    t.same(found?.bodySha256, part.bodySha256);
    const [read] = await drain(second.consumer('loader'));
    if (read) await second.consumer('loader').settle(read.position);
    await from.clock.advance(1);
    t.equal(second.stats().segmentCount, 0, 'segment deleted');
    await second.close();
    const third = await openSim(from);
    t.equal(third.recoveredRequestParts.length, 1, `${name}: after deletion`);
    await third.close();
  }
  const fourth = await openSim(world);
  await world.clock.advance(LIMITS.idempotencyWindowMs + 1);
  await fourth.append(textBatch('a', fourth.epoch, 0, 1));
  await fourth.close();
  const fifth = await openSim(world);
  t.equal(fifth.recoveredRequestParts.length, 1, 'a start asks no clock');
  await world.clock.advance(LIMITS.idempotencyWindowMs + 1);
  for (const { position } of await drain(fifth.consumer('loader')))
    await fifth.consumer('loader').settle(position);
  await world.clock.advance(1);
  t.same(
    world.files.paths.filter((path) => path.endsWith('.keys')),
    [],
    'expired',
  );
  await fifth.close();
});

t.test('the planted fault drop_event loses one event', async (t) => {
  const world = newWorld(8);
  const spool = await openSim(world, { sabotage: 'drop_event' });
  await spool.append(textBatch('a', spool.epoch, 0, 3));
  const [found] = await drain(spool.consumer('loader'));
  t.equal(found?.batch.eventCount, 2);
  await spool.close();
  t.ok(world.files.paths.includes(`${TEST_DIRECTORY}/epochs`));
});

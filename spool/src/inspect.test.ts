// Guarantees: inspectSpool tells the same as the spool itself, live, stopped and after a cut, and
// changes nothing.
import t from 'tap';
import { inspectSpool } from './inspect.js';
import { makeBatch, textBatch } from './test-batches.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';

t.test('live and stopped', async (t) => {
  const world = newWorld(1);
  t.match(await inspectSpool(world.files, TEST_DIRECTORY), { storeUuid: null, streams: [] });
  const spool = await openSim(world, { consumers: ['loader', 'kafka'] });
  const { epoch } = spool;
  const expected = { tenant: 'default', epoch, lost: [], refused: {} };
  for (let i = 0; i < 40; i++) {
    await spool.append(textBatch('a', epoch, i * 2, 2, 100));
    if (i % 4 === 0) await spool.append(textBatch('b', epoch, i / 4, 1));
  }
  for (const total of [3, 8]) {
    const dispositions = [
      { kind: 'refused', cause: 'queue_full', seqRanges: [], eventCount: total } as const,
    ];
    await spool.append(makeBatch({ stream: 'c', epoch, seqFirst: 0, events: [], dispositions }));
  }
  const loader = spool.consumer('loader');
  const read = await drain(loader);
  const position = read[20]?.position ?? { segmentId: 0, frameNo: 0 };
  await loader.settle(position);
  const check = async (name: string): Promise<void> => {
    const before = world.files.fingerprint();
    const found = await inspectSpool(world.files, TEST_DIRECTORY);
    t.equal(world.files.fingerprint(), before, `${name}: nothing changed`);
    t.same(
      [...found.streams].sort((x, y) => (x.stream < y.stream ? -1 : 1)),
      [
        { ...expected, stream: 'a', lastSeq: 79 },
        { ...expected, stream: 'b', lastSeq: 9 },
        { ...expected, stream: 'c', lastSeq: -1, refused: { queue_full: 8 } },
      ],
      name,
    );
    const [kafka, other] = found.consumers;
    t.match(kafka, { name: 'kafka', frontier: null, pendingEventCount: 90 });
    const { pendingEventCount, pendingFrameCount } = loader;
    t.match(other, { name: 'loader', frontier: position, pendingEventCount, pendingFrameCount });
    t.equal(found.damagedRangeCount, 0);
  };
  await check('live');
  const whole = world.files.contentOf(
    world.files.paths.filter((p) => p.endsWith('.log')).at(-1) ?? '',
  );
  t.ok(whole !== null);
  await spool.close();
  await check('stopped');
});

t.test('a half-written end is just the end; a declared loss is seen', async (t) => {
  const world = newWorld(2);
  const spool = await openSim(world);
  for (let i = 0; i < 5; i++) await spool.append(textBatch('a', spool.epoch, i, 1));
  const files = world.files.snapshot();
  await spool.close();
  const path = files.paths.find((name) => name.endsWith('.log')) ?? '';
  const size = (await files.sizeBytes(path)) ?? 0;
  const handle = await files.open(path, 'write');
  await handle.truncate(size - 10);
  t.match(await inspectSpool(files, TEST_DIRECTORY), { streams: [{ lastSeq: 3 }] });
  files.flipBit(path, 600, 1);
  t.match(await inspectSpool(files, TEST_DIRECTORY), { damagedRangeCount: 1 });
  const second = await openSim({ ...world, files });
  await drain(second.consumer('loader'));
  const [stream] = (await inspectSpool(files, TEST_DIRECTORY)).streams;
  t.equal(stream?.lost.length, 1);
  t.equal(stream?.lost[0]?.cause, 'spool_corruption');
  await second.close();
});

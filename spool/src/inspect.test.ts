// Guarantees: inspectSpool tells the same as the spool itself, live, stopped and after a cut, and
// changes nothing.
import type { SimFiles } from '@weir/pipeline/testing';
import t from 'tap';
import { inspectSpool } from './inspect.js';
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, segmentName } from './layout.js';
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
  // Behind the frames are the zeros that wait for the next ones.
  const size = (files.contentOf(path) ?? new Uint8Array(0)).findLastIndex((byte) => byte !== 0);
  const handle = await files.open(path, 'write');
  await handle.write([new Uint8Array(10)], size - 9);
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

// Scenario: the frontier moves frame by frame through sealed segments and the open one.
// Guarantees: pending is exactly the numbers of the frames behind it, also with damage there.
for (const isDamaged of [false, true]) {
  t.test(`pending ranges at every frontier${isDamaged ? ', with damage' : ''}`, async (t) => {
    const world = newWorld(3);
    const spool = await openSim(world);
    const { epoch } = spool;
    const loader = spool.consumer('loader');
    const numbers: string[] = [];
    const seqNext = { a: 0, b: 0 };
    for (let i = 0; i < 60; i++) {
      const stream = i % 3 === 0 ? 'b' : 'a';
      await spool.append(textBatch(stream, epoch, seqNext[stream], 2, 150));
      numbers.push(`${stream}${seqNext[stream]}`, `${stream}${seqNext[stream] + 1}`);
      seqNext[stream] += 2;
    }
    const read = await drain(loader);
    t.equal(read.length, 60);
    t.ok((read.at(-1)?.position.segmentId ?? 0) > 3, 'several segments');
    for (let settled = 0; settled < read.length; settled++) {
      const next = read[settled]?.position;
      const files = world.files.snapshot();
      if (isDamaged && next !== undefined && settled + 1 < read.length) {
        const name = segmentName(read[settled]?.position.segmentId ?? 0);
        const path = `${TEST_DIRECTORY}/${name}`;
        const frontier = loader.frontier;
        const at =
          frontier?.segmentId === next.segmentId ? frameStart(files, path, next.frameNo) : null;
        if (at !== null) files.flipBit(path, at + 20, 1);
      }
      const [found] = (await inspectSpool(files, TEST_DIRECTORY)).consumers;
      const pending = new Set<string>();
      for (const { stream, seqFirst, seqLast } of found?.pending ?? [])
        for (let seq = seqFirst; seq <= seqLast; seq++) pending.add(`${stream}${seq}`);
      const expected = numbers.slice(settled * 2).sort();
      t.same([...pending].sort(), expected, `after ${settled}`);
      t.ok((found?.pending.length ?? 0) <= 2, 'merged');
      if (next !== undefined) await loader.settle(next);
    }
    t.same((await inspectSpool(world.files, TEST_DIRECTORY)).consumers[0]?.pending, []);
    await spool.close();
  });
}

/** Where a frame of a segment starts; null for the last, whose damage looks like a torn tail. */
function frameStart(files: SimFiles, path: string, frameNo: number): number | null {
  const bytes = Buffer.from(files.contentOf(path) ?? []);
  const isLast = bytes.indexOf('WEND') < 0;
  let at = SEGMENT_HEADER_BYTES;
  for (let i = 0; i < frameNo; i++) at = nextFrame(bytes, at);
  // Of an open segment, a later frame of the same stream must tell what was lost.
  let following = at;
  for (let i = 0; isLast && i < 6; i++) {
    if (bytes.subarray(following, following + 4).toString() !== 'WFRM') return null;
    following = nextFrame(bytes, following);
  }
  return at;
}
function nextFrame(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32LE(at + 52) + bytes.readUInt32LE(at + 56);
  return at + Math.ceil((FRAME_HEADER_BYTES + length) / 8) * 8;
}

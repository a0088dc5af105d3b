// Scenario: frames rot on disk, before a restart or while a consumer is behind.
// Guarantees: the loss is declared with exact numbers under the old identity, the bytes are kept in
// quarantine/, everything else is delivered, and a start is never refused for it.
import { crc32c } from '@node-rs/crc32';
import type { SpooledBatch } from '@weir/pipeline';
import t from 'tap';
import { headerSeed } from './frame-codec.js';
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, segmentName } from './layout.js';
import { textBatch } from './test-batches.js';
import type { SimWorld } from './test-spool.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';

const firstSegment = `${TEST_DIRECTORY}/${segmentName(1)}`;

/** Offsets of the frames of a segment file, by their headers. */
function frameOffsets(world: SimWorld, path: string): number[] {
  const bytes = Buffer.from(world.files.contentOf(path) ?? []);
  const offsets: number[] = [];
  let at = SEGMENT_HEADER_BYTES;
  while (bytes.subarray(at, at + 4).toString() === 'WFRM') {
    offsets.push(at);
    const length = bytes.readUInt32LE(at + 52) + bytes.readUInt32LE(at + 56);
    at += Math.ceil((FRAME_HEADER_BYTES + length) / 8) * 8;
  }
  return offsets;
}

function summary(read: readonly SpooledBatch[]): { seqs: number[]; lost: unknown[] } {
  const seqs: number[] = [];
  const lost: unknown[] = [];
  for (const { batch } of read) {
    for (let i = 0; i < batch.eventCount; i++) seqs.push(batch.seqFirst + i);
    for (const { kind, cause, seqRanges, eventCount } of batch.dispositions)
      lost.push([batch.stream, batch.epoch, kind, cause, seqRanges, eventCount]);
  }
  return { seqs, lost };
}

const places = [
  ['magic', 1],
  ['header', 50],
  ['metadata', FRAME_HEADER_BYTES + 3],
  ['payload', -20],
] as const;

for (const isSealed of [true, false]) {
  for (const [place, shift] of places) {
    const name = `${place} of a middle frame rots, ${isSealed ? 'sealed' : 'not sealed'}`;
    t.test(name, async (t) => {
      const world = newWorld(1);
      const first = await openSim(world, { segmentBytes: 65_536 });
      for (let i = 0; i < 10; i++) {
        await first.append(textBatch('a', first.epoch, i * 3, 3));
        await first.append(textBatch('b', first.epoch, i * 2, 2));
      }
      const crashed = isSealed ? world : { ...world, files: world.files.snapshot() };
      await first.close();
      const offsets = frameOffsets(crashed, firstSegment);
      const at = shift < 0 ? (offsets[7] ?? 0) + shift : (offsets[6] ?? 0) + shift;
      crashed.files.flipBit(firstSegment, at, 3);
      const second = await openSim(crashed);
      const consumer = second.consumer('loader');
      const read = await drain(consumer);
      read.push(...(await drain(consumer)));
      const { seqs, lost } = summary(read);
      t.equal(seqs.length, 47);
      t.same(lost, [['a', first.epoch, 'lost', 'spool_corruption', [[9, 11]], 3]]);
      t.equal(second.stats().lostEventCount, 3);
      t.same(
        second.stats().damage.map(({ frameFrom, frameTo }) => [frameFrom, frameTo]),
        [[6, 7]],
      );
      t.equal(second.report.damage.length, isSealed ? 0 : 1);
      t.ok(second.report.endedEpochs.some(({ lastSeq }) => lastSeq === 29));
      const kept = crashed.files.paths.filter((path) => path.includes('/quarantine/seg-'));
      t.equal(kept.length, 1, 'the bytes are kept');
      consumer.rewind();
      t.same(summary(await drain(consumer)).lost.length, 1, 'declared once, also when read again');
      const last = read.at(-1);
      if (last) await consumer.settle(last.position);
      await crashed.clock.advance(1);
      t.ok(second.stats().deletedSegmentCount > 0);
      t.equal(consumer.pendingFrameCount, 0);
      await second.close();
      const third = await openSim(crashed);
      t.equal(third.report.damage.length, 0);
      t.equal(summary(await drain(third.consumer('loader'))).lost.length, 0);
      await third.close();
    });
  }
}

/** Gives a frame another predecessor, and everything behind it CRCs that fit. */
function breakLink(world: SimWorld, offsets: readonly number[], frameNo: number): Uint8Array {
  const bytes = Buffer.from(world.files.contentOf(firstSegment) ?? []);
  const seed = headerSeed(bytes.subarray(16, 32), 1);
  for (const [i, at] of offsets.entries()) {
    if (i < frameNo) continue;
    const previousAt = offsets[i - 1] ?? 0;
    const previous = i === frameNo ? 0x5eed : bytes.readUInt32LE(previousAt + 4);
    bytes.writeUInt32LE(previous, at + 80);
    bytes.writeUInt32LE(crc32c(bytes.subarray(at + 8, at + FRAME_HEADER_BYTES), seed), at + 4);
  }
  return bytes;
}

for (const isSealed of [true, false]) {
  for (const frameNo of [4, 9]) {
    const name = `frame ${frameNo} of 10 follows another, ${isSealed ? 'sealed' : 'not sealed'}`;
    t.test(name, async (t) => {
      const world = newWorld(6);
      const first = await openSim(world, { segmentBytes: 65_536 });
      for (let i = 0; i < 10; i++) await first.append(textBatch('a', first.epoch, i, 1));
      const crashed = isSealed ? world : { ...world, files: world.files.snapshot() };
      await first.close();
      const bytes = breakLink(crashed, frameOffsets(crashed, firstSegment), frameNo);
      const handle = await crashed.files.open(firstSegment, 'write');
      await handle.write([bytes], 0);
      await handle.sync();
      const second = await openSim(crashed);
      t.equal(second.report.tornFrameCount, 0);
      const consumer = second.consumer('loader');
      const { seqs, lost } = summary([...(await drain(consumer)), ...(await drain(consumer))]);
      const range = [[frameNo, frameNo]];
      t.same(lost, [['a', first.epoch, 'lost', 'spool_corruption', range, 1]]);
      t.same(
        seqs,
        Array.from({ length: 10 }, (_, i) => i).filter((seq) => seq !== frameNo),
      );
      await second.close();
    });
  }
}

t.test('a crash after a loss was declared does not declare it again', async (t) => {
  const world = newWorld(2);
  const first = await openSim(world, { segmentBytes: 65_536 });
  for (let i = 0; i < 5; i++) await first.append(textBatch('a', first.epoch, i, 1));
  const files = world.files.snapshot();
  await first.close();
  const crashed = { ...world, files };
  files.flipBit(firstSegment, (frameOffsets(crashed, firstSegment)[2] ?? 0) + 140, 0);
  const second = await openSim(crashed);
  t.equal(summary(await drain(second.consumer('loader'))).lost.length, 1);
  const again = { ...world, files: files.crash('lose_unsynced', world.random) };
  await second.close();
  const third = await openSim(again);
  t.equal(third.report.damage.length, 0);
  const { lost, seqs } = summary(await drain(third.consumer('loader')));
  t.same(seqs, [0, 1, 3, 4]);
  t.equal(lost.length, 1);
  await third.close();
});

t.test('the last frames of a sealed segment rot, and a whole segment disappears', async (t) => {
  const world = newWorld(3);
  const first = await openSim(world, { segmentBytes: 2048 });
  for (let i = 0; i < 40; i++) await first.append(textBatch('a', first.epoch, i, 1, 200));
  await first.close();
  const offsets = frameOffsets(world, firstSegment);
  world.files.flipBit(firstSegment, (offsets.at(-1) ?? 0) + 8, 0);
  await world.files.unlink(`${TEST_DIRECTORY}/${segmentName(3)}`);
  const second = await openSim(world);
  t.same(second.report.missingSegmentIds, [3]);
  const consumer = second.consumer('loader');
  const { seqs, lost } = summary([...(await drain(consumer)), ...(await drain(consumer))]);
  t.same(lost, [
    ['a', first.epoch, 'lost', 'spool_corruption', [[offsets.length - 1, offsets.length - 1]], 1],
  ]);
  t.ok(seqs.length < 39 && seqs.includes(39));
  await second.close();
});

t.test('damaged ckpt, epochs and consumer files do not stop a start', async (t) => {
  const world = newWorld(4);
  const first = await openSim(world);
  for (let i = 0; i < 40; i++) await first.append(textBatch('a', first.epoch, i, 1, 200));
  const consumer = first.consumer('loader');
  const [, , third] = await drain(consumer);
  if (third) await consumer.settle(third.position);
  await first.close();
  const segmentCount = world.files.paths.filter((path) => path.endsWith('.log')).length;
  for (const name of ['ckpt', 'epochs', 'consumer-loader.ckpt']) {
    const path = `${TEST_DIRECTORY}/${name}`;
    const size = world.files.contentOf(path)?.length ?? 0;
    for (let at = 0; at < size; at += 50) world.files.flipBit(path, at, 1);
  }
  const second = await openSim(world);
  t.ok(second.report.isCheckpointRebuilt);
  t.ok(second.report.isEpochsDamaged);
  t.same(second.report.damagedConsumers, ['loader']);
  t.equal(second.nodeId, first.nodeId);
  t.ok(second.epoch >> 32n > first.epoch >> 32n);
  t.same(
    second.report.endedEpochs.map(({ lastSeq }) => lastSeq),
    [39],
  );
  const { seqs } = summary(await drain(second.consumer('loader')));
  t.same(
    seqs,
    Array.from({ length: 40 }, (_, i) => i),
    'repeats, no loss',
  );
  const { segmentId } = await second.append(textBatch('a', second.epoch, 0, 1));
  t.ok(segmentId > segmentCount, 'no segment id is used again');
  await second.close();
});

t.test('an unknown version is refused and nothing is touched', async (t) => {
  const cases = [
    ['ckpt', 0, 512],
    ['ckpt', 512, 512],
    ['consumer-loader.ckpt', 512, 512],
    [segmentName(1), 0, SEGMENT_HEADER_BYTES],
  ] as const;
  for (const [name, from, length] of cases) {
    const world = newWorld(5);
    const first = await openSim(world);
    await first.append(textBatch('a', first.epoch, 0, 1));
    const [read] = await drain(first.consumer('loader'));
    await first.append(textBatch('a', first.epoch, 1, 1));
    if (read) await first.consumer('loader').settle(read.position);
    await first.close();
    const path = `${TEST_DIRECTORY}/${name}`;
    const bytes = world.files.contentOf(path) ?? new Uint8Array(0);
    const part = bytes.subarray(from, from + length);
    part[8] = 2;
    new DataView(part.buffer, part.byteOffset).setUint32(
      length - 4,
      crc32c(part.subarray(0, length - 4)),
      true,
    );
    const handle = await world.files.open(path, 'write');
    await handle.write([bytes], 0);
    await handle.sync();
    const before = world.files.fingerprint();
    await t.rejects(openSim(world), {
      code: 'WEIR_SPOOL_VERSION',
      message: /format version 2, this program reads 1; nothing was changed/,
    });
    t.equal(world.files.fingerprint(), before, `${name} ${from}`);
  }
});

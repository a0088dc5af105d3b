// Scenario: frames of another node, numbered there, with holes where nothing was sent here;
// crashes, restarts and rot around them.
// Guarantees: what came is known exactly, whatever happened to the process; an epoch of another
// node does not end here; nothing is declared lost that did not come, or that is there.
import t from 'tap';
import { inspectSpool } from './inspect.js';
import { EPOCHS_NAME, FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, segmentName } from './layout.js';
import type { Spool } from './spool.js';
import { makeBatch, textBatch } from './test-batches.js';
import type { SimWorld } from './test-spool.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';

const EDGE = '00000000ed9e/syslog_tcp/0';
/** The highest there is: it must not raise the counter of the own epochs. */
const EPOCH = 2n ** 64n - 1n;
const firstSegment = `${TEST_DIRECTORY}/${segmentName(1)}`;

const foreign = (first: number, count: number) => textBatch(EDGE, EPOCH, first, count);

function receivedOf(spool: Spool): readonly (readonly [number, number])[] {
  return spool.foreignStreams().find(({ stream }) => stream === EDGE)?.received ?? [];
}

async function inspected(world: SimWorld): Promise<unknown> {
  const { streams } = await inspectSpool(world.files, TEST_DIRECTORY);
  return streams.find(({ stream }) => stream === EDGE)?.received;
}

const afterKill = (world: SimWorld): SimWorld => ({ ...world, files: world.files.snapshot() });

for (const end of ['close', 'kill'] as const) {
  t.test(`what came is known after a ${end}`, async (t) => {
    const world = newWorld(3);
    const first = await openSim(world, { segmentBytes: 65_536 });
    await first.append(foreign(500, 10));
    await first.append(textBatch(`${first.nodeId}/http/0`, first.epoch, 0, 5));
    await first.append(foreign(510, 10));
    await first.append(foreign(700, 3));
    const lost = {
      kind: 'lost' as const,
      cause: 'spool_corruption' as const,
      seqRanges: [[520, 524]] as const,
      eventCount: 5,
    };
    await first.append(
      makeBatch({ stream: EDGE, epoch: EPOCH, seqFirst: 703, events: [], dispositions: [lost] }),
    );
    const received = [
      [500, 519],
      [700, 702],
    ];
    const declared = [
      [500, 524],
      [700, 702],
    ];
    t.same(receivedOf(first), received);
    t.same(await inspected(world), declared, 'live');
    const next = end === 'kill' ? afterKill(world) : world;
    await first.close();
    t.same(await inspected(next), declared, 'stopped');
    const second = await openSim(next);
    t.same(receivedOf(second), received);
    t.same(
      second.report.endedEpochs.map(({ stream }) => stream),
      [`${first.nodeId}/http/0`],
      'only the own epoch has ended',
    );
    t.ok(second.epoch >> 32n === (first.epoch >> 32n) + 1n, 'own epochs go on');
    t.same(second.report.lost, []);
    await second.append(foreign(525, 100));
    await second.append(foreign(480, 20));
    t.same(receivedOf(second)[0], [480, 519]);
    await second.close();
    const third = await openSim(next);
    t.same(receivedOf(third), [
      [480, 519],
      [525, 624],
      [700, 702],
    ]);
    t.notOk(third.report.endedEpochs.some(({ stream }) => stream === EDGE));
    await third.close();
  });
}

t.test('segments are gone, the numbers are not', async (t) => {
  const world = newWorld(4);
  const spool = await openSim(world);
  for (let i = 0; i < 60; i++) await spool.append(foreign(i * 20, 10));
  const consumer = spool.consumer('loader');
  const last = (await drain(consumer)).at(-1);
  if (last) await consumer.settle(last.position);
  await world.clock.advance(1);
  t.ok(spool.stats().deletedSegmentCount > 0);
  await spool.close();
  const second = await openSim(world);
  t.equal(receivedOf(second).length, 60);
  await second.close();
});

t.test('a damaged epochs file: the frames that are there say what came', async (t) => {
  const world = newWorld(5);
  const first = await openSim(world);
  for (let i = 0; i < 20; i++) await first.append(foreign(i * 20, 10));
  const received = receivedOf(first);
  await first.close();
  world.files.flipBit(`${TEST_DIRECTORY}/${EPOCHS_NAME}`, 40, 1);
  t.same(await inspected(world), received);
  const second = await openSim(world);
  t.equal(second.report.isEpochsDamaged, true);
  t.same(receivedOf(second), received, 'no hole counts as received');
  await second.close();
});

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

/** Frames with holes between them: 0-4, 10-14, 20-24, ... */
const places = [
  ['header', 50, [[20, 24]]],
  ['payload', -20, [[20, 24]]],
] as const;
for (const isSealed of [true, false])
  for (const [place, shift, sealedLost] of places)
    t.test(`${place} rots, ${isSealed ? 'sealed' : 'not sealed'}`, async (t) => {
      const world = newWorld(6);
      const first = await openSim(world, { segmentBytes: 65_536 });
      for (let i = 0; i < 6; i++) {
        await first.append(foreign(i * 10, 5));
        await first.append(textBatch(`${first.nodeId}/http/0`, first.epoch, i * 5, 5));
      }
      const crashed = isSealed ? world : afterKill(world);
      await first.close();
      const offsets = frameOffsets(crashed, firstSegment);
      const at = shift < 0 ? (offsets[5] ?? 0) + shift : (offsets[4] ?? 0) + shift;
      crashed.files.flipBit(firstSegment, at, 3);
      const second = await openSim(crashed);
      const consumer = second.consumer('loader');
      const read = [...(await drain(consumer)), ...(await drain(consumer))];
      const lost = read.flatMap(({ batch }) =>
        batch.dispositions.map(({ cause, seqRanges }) => [batch.stream, cause, seqRanges]),
      );
      // Without header and footer nothing tells that 15-19 and 25-29 were never here: the hole in
      // the place of the damage counts as lost. It is declared, and taken if it comes after all.
      const isGuessed = !isSealed && place === 'header';
      const ranges = isGuessed ? [[15, 29]] : sealedLost;
      t.same(lost, [[EDGE, 'spool_corruption', ranges]]);
      if (isGuessed) {
        t.notOk(receivedOf(second).some(([from, to]) => from <= 15 && to >= 15));
        await second.append(foreign(15, 5));
      }
      await second.close();
      const third = await openSim(crashed);
      t.equal(third.report.lost.length, 0, 'declared once');
      await third.close();
    });

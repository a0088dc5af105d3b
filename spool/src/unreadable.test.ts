// Scenario: the disk cannot read a sector (EIO), while a consumer is behind or before a restart.
// Guarantees: it is tried again with delays; if it stays, it is damage like rot: declared with
// exact numbers, everything readable is delivered and kept in quarantine/, and a start is not
// refused, unless nothing can be read that says whose files these are.
import type { Files } from '@weir/pipeline';
import t from 'tap';
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, segmentName } from './layout.js';
import { textBatch } from './test-batches.js';
import type { SimWorld } from './test-spool.js';
import { newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';

/** A start on a disk that fails: time passes while it tries again. */
const openPatiently = (
  world: SimWorld,
  options: Parameters<typeof openSim>[1] = {},
): ReturnType<typeof openSim> => world.clock.run(openSim(world, options));

const firstSegment = `${TEST_DIRECTORY}/${segmentName(1)}`;

interface BadPlace {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** Failures until the place can be read after all. */
  failuresLeft: number;
}

/** The files with a place that cannot be read. */
function withBadPlace(files: Files, place: BadPlace): Files {
  const fail = (): never => {
    place.failuresLeft--;
    throw Object.assign(new Error('EIO: read'), { code: 'EIO' });
  };
  return {
    open: async (path, mode) => {
      const handle = await files.open(path, mode);
      const read = handle.read.bind(handle);
      handle.read = async (target, position) => {
        const isHit = position < place.to && position + target.length > place.from;
        return path === place.path && place.failuresLeft > 0 && isHit
          ? fail()
          : read(target, position);
      };
      return handle;
    },
    readDir: (path) => files.readDir(path),
    makeDir: (path) => files.makeDir(path),
    rename: (from, to) => files.rename(from, to),
    unlink: (path) => files.unlink(path),
    syncDir: (path) => files.syncDir(path),
    sizeBytes: (path) => files.sizeBytes(path),
    freeBytes: (path) => files.freeBytes(path),
  };
}

/** Offset of a frame in a segment of frames of the stream `a`, one event each. */
function offsetOf(world: SimWorld, frameNo: number): number {
  const bytes = Buffer.from(world.files.contentOf(firstSegment) ?? []);
  let at = SEGMENT_HEADER_BYTES;
  for (let i = 0; i < frameNo; i++) {
    const length = bytes.readUInt32LE(at + 52) + bytes.readUInt32LE(at + 56);
    at += Math.ceil((FRAME_HEADER_BYTES + length) / 8) * 8;
  }
  return at;
}

async function written(isSealed: boolean, count = 40): Promise<{ world: SimWorld; epoch: bigint }> {
  const world = newWorld(1);
  const spool = await openSim(world, { segmentBytes: 65_536 });
  for (let i = 0; i < count; i++) await spool.append(textBatch('a', spool.epoch, i, 1, 1000));
  const crashed = { ...world, files: world.files.snapshot() };
  await spool.close();
  return { world: isSealed ? world : crashed, epoch: spool.epoch };
}

/** Reads until nothing comes, with time passing for delays; numbers and declared losses. */
async function readAll(
  world: SimWorld,
  spool: Awaited<ReturnType<typeof openSim>>,
): Promise<{ seqs: number[]; lost: (readonly (readonly [number, number])[])[] }> {
  const consumer = spool.consumer('loader');
  const seqs: number[] = [];
  const lost: (readonly (readonly [number, number])[])[] = [];
  for (let idle = 0; idle < 3; idle++) {
    const controller = new AbortController();
    let next = consumer.read(controller.signal);
    let isDone = false;
    const stop = (async () => {
      await world.clock.advance(2000);
      await new Promise((resolve) => setImmediate(resolve));
      if (!isDone) controller.abort();
    })();
    for (let found = await next; found !== null; found = await next) {
      idle = 0;
      for (let i = 0; i < found.batch.eventCount; i++) seqs.push(found.batch.seqFirst + i);
      for (const { seqRanges } of found.batch.dispositions) lost.push(seqRanges);
      next = consumer.read(controller.signal);
    }
    isDone = true;
    await stop;
  }
  return { seqs, lost };
}

for (const isSealed of [true, false]) {
  t.test(`a sector in the middle, ${isSealed ? 'sealed' : 'not sealed'}`, async (t) => {
    const { world } = await written(isSealed);
    const from = offsetOf(world, 10) + 200;
    const place = { path: firstSegment, from, to: from + 1, failuresLeft: 1e9 };
    const spool = await openPatiently(world, { files: withBadPlace(world.files, place) });
    const { seqs, lost } = await readAll(world, spool);
    const [first, last] = lost[0]?.[0] ?? [-1, -1];
    t.equal(lost.length, 1, 'one declaration');
    t.ok(first <= 10 && last >= 10 && last - first < 8, `${first} to ${last} are in one block`);
    const expected = Array.from({ length: 40 }, (_, i) => i);
    t.same(
      seqs,
      expected.filter((seq) => seq < first || seq > last),
    );
    const kept = world.files.paths.filter((path) => path.includes('/quarantine/seg-'));
    t.equal(kept.length, 1, 'what is readable is kept');
    t.ok(world.files.contentOf(kept[0] ?? '')?.some((byte) => byte !== 0));
    await spool.close();
  });
}

t.test('a place that can be read after all is no damage', async (t) => {
  const { world } = await written(true);
  const from = offsetOf(world, 10);
  const place = { path: firstSegment, from, to: from + 1, failuresLeft: 0 };
  const spool = await openPatiently(world, { files: withBadPlace(world.files, place) });
  place.failuresLeft = 3;
  const { seqs, lost } = await readAll(world, spool);
  t.equal(place.failuresLeft, 0);
  t.equal(seqs.length, 40);
  t.same(lost, []);
  await spool.close();
});

t.test('an unreadable tail of a segment without footer is damage, not torn', async (t) => {
  const { world } = await written(false);
  const from = offsetOf(world, 35);
  const place = { path: firstSegment, from, to: 1e9, failuresLeft: 1e9 };
  const spool = await openPatiently(world, { files: withBadPlace(world.files, place) });
  t.equal(spool.report.damage.length, 1);
  t.equal(spool.report.tornBytes, 0);
  const { seqs } = await readAll(world, spool);
  t.ok(seqs.length >= 30 && seqs.length <= 35);
  await spool.append(textBatch('a', spool.epoch, 0, 1));
  t.same((await readAll(world, spool)).seqs, [0], 'delivery goes on');
  await spool.close();
});

t.test('no unreadable file stops a start', async (t) => {
  const { world, epoch } = await written(true);
  for (const path of world.files.paths) {
    for (const what of ['read', 'open'] as const) {
      const files = world.files.snapshot();
      files.onOperation = (operation) =>
        operation.path === path && operation.kind === what ? { code: 'EIO' } : null;
      const spool = await openPatiently({ ...world, files });
      t.ok(spool.epoch > epoch, `${what} of ${path}`);
      const { seqs, lost } = await readAll({ ...world, files }, spool);
      const lostCount = lost.flat().reduce((sum, [first, last]) => sum + last - first + 1, 0);
      if (path !== firstSegment) t.equal(seqs.length + lostCount, 40);
      await spool.close();
    }
  }
});

/** The start, or why it was refused, while reads fail until an operation for which `isBack`. */
async function startWhileAway(
  world: SimWorld,
  isBack: (kind: string) => boolean,
  isHit: (path: string) => boolean = () => true,
): Promise<unknown> {
  let isAway = true;
  world.files.onOperation = ({ kind, path }) => {
    if (isBack(kind)) isAway = false;
    return isAway && kind === 'read' && isHit(path) ? { code: 'EIO' } : null;
  };
  const result = await openPatiently(world).catch((error: unknown) => error);
  world.files.onOperation = null;
  return result;
}

t.test('a disk that is away while a start looks costs no identity', async (t) => {
  // Nothing of it comes back, or all of it once the start goes on.
  for (const isBack of [() => false, (kind: string) => kind === 'syncDir']) {
    const { world } = await written(false);
    const before = world.files.fingerprint();
    const refused = await startWhileAway(world, isBack);
    t.match(refused, { code: 'WEIR_SPOOL_IO', message: /ckpt could not be read/ });
    t.equal(world.files.fingerprint(), before, 'nothing is written');
    const spool = await openPatiently(world);
    t.equal((await readAll(world, spool)).seqs.length, 40);
    await spool.close();
  }
});

t.test('what could not be read may have told the identity that rot took elsewhere', async (t) => {
  const { world } = await written(true);
  for (const byteOffset of [30, 542]) world.files.flipBit(`${TEST_DIRECTORY}/ckpt`, byteOffset, 1);
  const isHit = (path: string): boolean => path === firstSegment || path.endsWith('/epochs');
  const isBack = (kind: string): boolean => kind === 'syncDir';
  t.match(await startWhileAway(world, isBack, isHit), { message: /epochs could not be read/ });
  world.files.flipBit(`${TEST_DIRECTORY}/epochs`, 100, 1);
  const ofSegment = await startWhileAway(world, isBack, (path) => path === firstSegment);
  t.match(ofSegment, { message: /seg-.*\.log could not be read/ });
  const spool = await openPatiently(world);
  t.equal((await readAll(world, spool)).seqs.length, 40);
  await spool.close();
});

// Scenario: an fdatasync fails, and as on Linux what it did not write counts as clean although it
// is on no disk; the process is killed before it has written the frames elsewhere; the next one
// reads them out of the page cache, and then the power fails.
// Guarantees: what that next process delivered is there again; where the old place cannot be
// written the file is replaced by an equal one; when neither works the start is refused, and
// nothing is delivered.
import type { SimOperation } from '@weir/pipeline/testing';
import t from 'tap';
import { segmentName } from './layout.js';
import { fingerprintOf, textBatch } from './test-batches.js';
import type { SimWorld } from './test-spool.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';
import { writeAgain } from './write-again.js';

const firstSegment = `${TEST_DIRECTORY}/${segmentName(1)}`;
const isSyncOf = ({ kind, path }: SimOperation): boolean =>
  kind === 'datasync' && path === firstSegment;

/** Frames of which the last three are in the page cache only; the process is dead. */
async function dropped(): Promise<{ world: SimWorld; prints: string[] }> {
  const world = newWorld(1);
  const spool = await openSim(world, { segmentBytes: 65_536 });
  const batches = Array.from({ length: 4 }, (_, i) => textBatch('a', spool.epoch, i, 1, 700));
  const prints = batches.map(fingerprintOf);
  const [first, ...others] = batches;
  if (first !== undefined) await spool.append(first);
  let killed: SimWorld['files'] | null = null;
  let hasFailed = false;
  world.files.onOperation = (operation) => {
    // Killed before its next call: all that the process does then is seen by nobody.
    if (hasFailed) killed ??= world.files.snapshot();
    if (hasFailed || !isSyncOf(operation)) return null;
    hasFailed = true;
    return { code: 'EIO' };
  };
  await Promise.allSettled(others.map((batch) => spool.append(batch)));
  await spool.close();
  return { world: { ...world, files: killed ?? world.files }, prints };
}

async function printsIn(world: SimWorld): Promise<string[]> {
  const spool = await openSim(world, { segmentBytes: 65_536 });
  const read = await drain(spool.consumer('loader'));
  // It is killed, too.
  return read.map(({ batch }) => fingerprintOf(batch));
}

t.test('what a start delivers out of the page cache is on the disk by then', async (t) => {
  const { world, prints } = await dropped();
  const shown = world.files.crash('lose_unsynced', world.random);
  t.same(await printsIn({ ...world, files: shown }), prints.slice(0, 1), 'it is not on the disk');
  t.same(await printsIn(world), prints, 'reads show it all the same');
  const cut = world.files.crash('lose_unsynced', world.random);
  t.same(await printsIn({ ...world, files: cut }), prints);
});

t.test('one more failed sync: it is written once more', async (t) => {
  const { world, prints } = await dropped();
  let failuresLeft = 2;
  world.files.onOperation = (operation) =>
    isSyncOf(operation) && failuresLeft-- > 0 ? { code: 'EIO' } : null;
  t.same(await printsIn(world), prints);
  const cut = world.files.crash('lose_unsynced', world.random);
  t.same(await printsIn({ ...world, files: cut }), prints);
});

t.test('the old place takes no writes any more: an equal file takes its place', async (t) => {
  const { world, prints } = await dropped();
  const before = world.files.contentOf(firstSegment);
  world.files.onOperation = (operation) => (isSyncOf(operation) ? { code: 'EIO' } : null);
  t.same(await printsIn(world), prints);
  t.same(world.files.contentOf(firstSegment), before);
  const cut = world.files.crash('lose_unsynced', world.random);
  t.same(await printsIn({ ...world, files: cut }), prints);
});

t.test('nothing can be written: the start is refused, the next one has all', async (t) => {
  const { world, prints } = await dropped();
  world.files.onOperation = ({ kind, path }) =>
    (kind === 'datasync' || kind === 'sync') && path.startsWith(firstSegment)
      ? { code: 'EIO' }
      : null;
  await t.rejects(openSim(world), { code: 'WEIR_SPOOL_IO' });
  world.files.onOperation = null;
  t.same(await printsIn(world), prints);
});

t.test('places that cannot be read, and zeros at the end, are left as they are', async (t) => {
  const { files } = newWorld(2);
  await files.makeDir('/d');
  const handle = await files.open('/d/f', 'create');
  const content = new Uint8Array(3 * 1024 * 1024);
  for (const at of [0, 5_000, 1_500_000]) content.set([1, 2, 3], at);
  await handle.write([content], 0);
  await handle.sync();
  await handle.close();
  const written: number[] = [];
  files.onOperation = ({ kind, byteCount }) => {
    if (kind === 'write') written.push(byteCount);
    return null;
  };
  await writeAgain(files, '/d', 'f');
  t.ok(Buffer.from(content).equals(files.contentOf('/d/f') ?? new Uint8Array(0)));
  t.same(written, [1024 * 1024, 1024 * 1024], 'the last piece is zeros');
  written.length = 0;
  let reads = 0;
  files.onOperation = ({ kind, byteCount }) => {
    if (kind === 'write') written.push(byteCount);
    // The first piece as a whole, and its second block.
    return kind === 'read' && [1, 3].includes(++reads) ? { code: 'EIO' } : null;
  };
  await writeAgain(files, '/d', 'f');
  t.ok(Buffer.from(content).equals(files.contentOf('/d/f') ?? new Uint8Array(0)));
  const bytesWritten = written.reduce((sum, byteCount) => sum + byteCount, 0);
  t.equal(bytesWritten, 2 * 1024 * 1024 - 4096);
});

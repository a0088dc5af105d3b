// Scenario: a stored segment rots while no consumer reads it.
// Guarantees: scrubbing finds it, declares exactly what is lost once, at the rate it was given, and
// stops when the spool closes.
import t from 'tap';
import { segmentName } from './layout.js';
import { textBatch } from './test-batches.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';

const hourMs = 3_600_000;
const path = `${TEST_DIRECTORY}/${segmentName(1)}`;

async function stored(seed: number, scrubBytesPerSecond: number) {
  const world = newWorld(seed);
  const spool = await openSim(world, { scrubBytesPerSecond, cacheBytesMax: 0 });
  for (let i = 0; i < 40; i++) await spool.append(textBatch('a', spool.epoch, i, 1, 300));
  return { world, spool };
}

t.test('damage is declared before a consumer gets there, once', async (t) => {
  const { world, spool } = await stored(1, 100_000);
  await world.clock.advance(hourMs / 2);
  const before = spool.stats();
  t.ok(before.scrubbedBytes > 10_000);
  t.same(before.damage, []);
  world.files.flipBit(path, 900, 3);
  await world.clock.advance(12 * hourMs);
  t.same(spool.stats().damage, [], 'not yet due again');
  await world.clock.advance(13 * hourMs);
  const found = spool.stats();
  t.equal(found.damage.length, 1);
  t.equal(found.lostEventCount, 1);
  await world.clock.advance(50 * hourMs);
  t.equal(spool.stats().damage.length, 1, 'not again');
  const read = await drain(spool.consumer('loader'));
  const lost = read.flatMap(({ batch }) => batch.dispositions);
  t.equal(lost.length, 1);
  t.match(lost[0], { kind: 'lost', cause: 'spool_corruption', eventCount: 1 });
  t.equal(
    read.reduce((sum, { batch }) => sum + batch.eventCount, 0),
    39,
  );
  await spool.close();
});

t.test('a disk that fails for a moment is no damage', async (t) => {
  const { world, spool } = await stored(2, 100_000);
  let failures = 0;
  world.files.onOperation = ({ kind, path: at }) =>
    kind === 'read' && at === path && failures++ < 4 ? { code: 'EIO' } : null;
  await world.clock.advance(hourMs);
  t.equal(failures > 4, true, `${failures} reads`);
  t.same(spool.stats().damage, []);
  await spool.close();
});

t.test('the rate is kept, 0 reads nothing, and close does not wait', async (t) => {
  const off = await stored(3, 0);
  await off.world.clock.advance(50 * hourMs);
  t.equal(off.spool.stats().scrubbedBytes, 0);
  await off.spool.close();
  const slow = await stored(4, 10);
  await slow.world.clock.advance(11 * 60_000);
  const startBytes = slow.spool.stats().scrubbedBytes;
  await slow.world.clock.advance(600_000);
  const bytes = slow.spool.stats().scrubbedBytes - startBytes;
  t.ok(bytes <= 6_000 + 4_096, `${bytes} in 10 minutes at 10 a second`);
  await slow.spool.close();
});

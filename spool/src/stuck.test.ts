// Scenario: an error that passes comes where nothing else happens afterwards. Guarantees: the spool
// goes on by itself. Both were found by the whole-system simulation (seeds 247 and 375).
import t from 'tap';
import { textBatch } from './test-batches.js';
import { drain, newWorld, openSim } from './test-spool.js';

t.test('no space for the record of a settled segment: it is deleted later', async (t) => {
  const world = newWorld(1);
  const spool = await openSim(world, { segmentBytes: 4096 });
  const consumer = spool.consumer('loader');
  const appendMany = async (from: number): Promise<void> => {
    for (let i = from; i < from + 60; i++)
      await world.clock.run(spool.append(textBatch('n/a/0', spool.epoch, i * 4, 4, 250)));
  };
  await appendMany(0);
  t.ok(spool.stats().segmentCount > 3);
  const read = await drain(consumer);
  let failedCount = 0;
  world.files.onOperation = ({ kind, path }) => {
    if (kind !== 'unlink' || !path.endsWith('.log')) return null;
    failedCount++;
    return { code: 'ENOSPC' };
  };
  const last = read.at(-1);
  if (last !== undefined) await world.clock.run(consumer.settle(last.position));
  await world.clock.advance(10);
  t.ok(failedCount > 0);
  const stuckCount = spool.stats().segmentCount;
  world.files.onOperation = null;
  await world.clock.advance(5_000);
  t.ok(spool.stats().segmentCount < stuckCount, 'without a settle or an append');
  await world.clock.run(spool.close());
});

t.test('a place that was unreadable for a while is read once it can be', async (t) => {
  const world = newWorld(2);
  const spool = await openSim(world, { segmentBytes: 1 << 20, cacheBytesMax: 0 });
  const consumer = spool.consumer('loader');
  for (let i = 0; i < 4; i++)
    await world.clock.run(spool.append(textBatch('n/a/0', spool.epoch, i * 4, 4, 250)));
  let leftCount = 40;
  world.files.onOperation = ({ kind }) =>
    kind === 'read' && leftCount-- > 0 ? { code: 'EIO' } : null;
  const signal = new AbortController().signal;
  // The segment is read around bad places from now on, and all of it is declared lost or read.
  const first = await world.clock.run(consumer.read(signal));
  t.not(first, null, 'reading goes on');
  await world.clock.run(spool.close());
});

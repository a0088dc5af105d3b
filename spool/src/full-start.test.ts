// Scenario: a spool is opened on a full disk, after a crash; a consumer takes all that is there; a
// ledger is opened there whose last record a crash cut short.
// Guarantees: both open; the spool says at once that it is full, with the cause, and no more once
// there is space; what needs no space is deleted first and gives some to the rest.
import type { SimFiles } from '@weir/pipeline/testing';
import t from 'tap';
import { openSinkLedger, readSinkLedger } from './sink-ledger/index.js';
import { textBatch } from './test-batches.js';
import { drain, newWorld, openSim, type SimWorld, TEST_DIRECTORY } from './test-spool.js';

const fill = (files: SimFiles): void => {
  files.capacityBytes = files.usedBytes;
};

async function crashedWorld(frames: number): Promise<SimWorld> {
  const world = newWorld(5);
  const first = await openSim(world);
  for (let i = 0; i < frames; i++) await first.append(textBatch('a', first.epoch, i * 3, 3, 120));
  const files = world.files.crash('process_kill', world.random);
  await first.close();
  for (const path of files.paths) if (path.endsWith('.tmp')) await files.unlink(path);
  fill(files);
  return { ...world, files };
}

t.test('a start tells that the disk is full, until it is not', async (t) => {
  const world = await crashedWorld(0);
  const spool = await openSim(world);
  await world.clock.advance(1);
  t.match(spool.stats(), { isFull: true, preparationError: 'ENOSPC' });
  world.files.capacityBytes = Number.POSITIVE_INFINITY;
  await world.clock.advance(1_000);
  t.match(spool.stats(), { isFull: false, preparationError: '' });
  await spool.append(textBatch('a', spool.epoch, 0, 1));
  await spool.close();
});

t.test('what is drained frees space, the segment that the crash cut last', async (t) => {
  const world = await crashedWorld(30);
  const spool = await openSim(world);
  const { segmentCount } = spool.stats();
  t.ok(segmentCount > 3, `${segmentCount} segments`);
  const last = (await drain(spool.consumer('loader'))).at(-1);
  if (last !== undefined) await spool.consumer('loader').settle(last.position);
  await world.clock.advance(10);
  t.equal(spool.stats().segmentCount, 0, 'all are deleted');
  t.ok(world.files.paths.includes(`${TEST_DIRECTORY}/epochs`));
  await spool.close();
});

t.test('a ledger that was cut short', async (t) => {
  const world = newWorld(6);
  const { files, random } = world;
  await files.makeDir('/data/ledger');
  const options = { files, random, directory: '/data/ledger/out' };
  const record = { tenant: 'default', stream: 'a', epoch: 1n, kind: 'stored', cause: '' } as const;
  const first = await openSinkLedger(options);
  for (const seqs of [
    [0, 9],
    [10, 19],
  ])
    await first.record({ outcomes: [{ ...record, seqs }] });
  await first.close();
  const path = files.paths.find((one) => one.startsWith('/data/ledger/out/')) ?? '';
  const handle = await files.open(path, 'write');
  await handle.truncate((files.contentOf(path)?.length ?? 0) - 3);
  await handle.close();
  fill(files);
  const second = await openSinkLedger(options);
  t.equal(second.totals().stored, 10);
  const next = { outcomes: [{ ...record, seqs: [10, 29] }] };
  await t.rejects(second.record(next), { code: 'WEIR_SINK_IO' });
  files.capacityBytes = Number.POSITIVE_INFINITY;
  await second.record(next);
  await second.close();
  t.match(await readSinkLedger(files, options.directory), { streams: [{ stored: 30 }] });
});

// Scenario: a consumer settles everything, and segments behind it are deleted; it is rewound.
// Guarantees: it is given again what is still there, and nothing says that it joined later: what
// was deleted counts as delivered to it. Of a spool that does not exist nothing is made.
import { createSequencer } from '@weir/pipeline';
import t from 'tap';
import { rewindConsumer } from './rewind.js';
import { wasAlwaysThere } from './sink-ledger/beginning.js';
import type { Spool } from './spool.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';

async function fill(spool: Spool, batchCount: number): Promise<void> {
  const sequencer = createSequencer({ epoch: spool.epoch });
  for (let i = 0; i < batchCount; i++)
    await spool.append(
      sequencer.assign({
        ...{ tenant: 'default', stream: 'n/s/0', retentionClass: 'default' },
        ...{ format: 'syslog', receivedAtNs: 1_767_225_600_000_000_000n, eventCount: 10 },
        bytes: Uint8Array.from({ length: 1_000 }, (_, at) => (at * (i + 7)) % 251),
        offsets: Uint32Array.from({ length: 11 }, (_, k) => k * 100),
        marks: new Uint32Array(0),
        runs: [{ eventCount: 10, source: '192.0.2.1', sourceSeqFirst: i * 10, context: '' }],
        ...{ requestParts: [], dispositions: [] },
      }),
    );
}

t.test('a consumer that is rewound gets what is left', async (t) => {
  const world = newWorld(1);
  const consumers = ['loader', 'slow'];
  let spool = await openSim(world, { consumers });
  await fill(spool, 30);
  const loader = spool.consumer('loader');
  const all = await drain(loader);
  t.equal(all.length, 30);
  await loader.settle((all.at(-1) as (typeof all)[number]).position);
  const slow = spool.consumer('slow');
  const some = await drain(slow);
  await slow.settle((some[20] as (typeof some)[number]).position);
  await spool.close();
  const { files } = world;
  t.equal(await rewindConsumer(files, TEST_DIRECTORY, 'loader'), true);
  const place = { files, spoolDirectory: TEST_DIRECTORY, consumer: 'loader' };
  t.equal(await wasAlwaysThere(place), true);
  spool = await openSim(world, { consumers });
  t.same(spool.report.damagedConsumers, []);
  const again = await drain(spool.consumer('loader'));
  const first = again[0]?.batch.seqFirst ?? 0;
  t.ok(first > 0 && first <= 210, `from ${first} on`);
  t.equal(again.at(-1)?.batch.seqFirst, 290);
  t.equal(again.length, (290 - first) / 10 + 1, 'all of them');
  t.equal((await drain(spool.consumer('slow'))).length, 9, 'others stay where they were');
  await spool.close();
});

t.test('where nothing was deleted, from the beginning; where nothing is, nothing', async (t) => {
  const world = newWorld(2);
  t.equal(await rewindConsumer(world.files, TEST_DIRECTORY, 'loader'), false);
  let spool = await openSim(world);
  await fill(spool, 3);
  const read = await drain(spool.consumer('loader'));
  await spool.consumer('loader').settle((read[1] as (typeof read)[number]).position);
  await spool.close();
  await rewindConsumer(world.files, TEST_DIRECTORY, 'loader');
  spool = await openSim(world);
  t.equal((await drain(spool.consumer('loader'))).length, 3);
  await spool.close();
});

// Scenario: checkpoints come each second, the store is away for a while, the engine keeps them.
// Guarantees: at most one each ten seconds and the last one at the end; nobody waits for a store
// that is away; the same checkpoint twice is one, two roots of one size stay two.
import { SimClock } from '@weir/pipeline/testing';
import t from 'tap';
import { type Store, tableNames } from '../store/index.js';
import { storeFixture } from '../testing/fixture.js';
import { Anchors, readAnchors, type TreeCheckpoint } from './index.js';

const checkpoint = (size: number, root = `root ${size}`): TreeCheckpoint => ({
  ...{ nodeId: '0123456789ab', treeNumber: 1, size, root },
  ...{ note: `note 'of' ${size}\n\n\u2014 name\n`, state: '{"epoch":"1"}' },
});

t.test('how often, and what happens without a store', async (t) => {
  const clock = new SimClock();
  const sent: string[] = [];
  let isAway = false;
  let latest: TreeCheckpoint | null = null;
  const store = {
    command: async (sql: string) => {
      if (isAway) throw new Error('away');
      sent.push(/VALUES \('0123456789ab', 1, (\d+)/.exec(sql)?.[1] ?? sql);
    },
  } as unknown as Store;
  const log: string[] = [];
  const anchors = new Anchors({
    ...{ store, tables: tableNames(), clock, timers: clock, latest: () => latest },
    log: (line) => log.push(line),
  });
  const stop = new AbortController();
  const running = anchors.run(stop.signal);
  for (let second = 1; second <= 30; second++) {
    latest = checkpoint(second);
    await clock.advance(1_000);
  }
  t.ok(sent.length >= 3 && sent.length <= 4, `sent ${sent.join(' ')}`);
  isAway = true;
  for (let second = 31; second <= 60; second++) {
    latest = checkpoint(second);
    await clock.advance(1_000);
  }
  t.equal(log.length, 1, 'said once');
  isAway = false;
  stop.abort();
  await clock.advance(1_000);
  await running;
  await anchors.finish(1_000);
  t.equal(sent.at(-1), '60', 'the last one at the end');
  const count = sent.length;
  await anchors.finish(1_000);
  t.equal(sent.length, count, 'not twice');
});

t.test('the table', async (t) => {
  const fixture = await storeFixture();
  t.teardown(() => fixture.end());
  const { store } = fixture;
  const tables = tableNames();
  const send = async (given: TreeCheckpoint): Promise<void> => {
    const clock = new SimClock();
    const latest = () => given;
    await new Anchors({ ...{ store, tables, clock, timers: clock, latest }, log: t.fail }).finish(
      1,
    );
  };
  for (const size of [5, 7, 7, 9]) await send(checkpoint(size));
  const wanted = { sizeMin: 7, sizes: [] };
  const found = await readAnchors(store, tables, '0123456789ab', wanted);
  t.same(
    found.map(({ size }) => size),
    [7, 9],
  );
  t.equal(found[0]?.note, checkpoint(7).note);
  await send(checkpoint(5, 'another root'));
  t.same(
    (await readAnchors(store, tables, '0123456789ab', wanted)).map(({ size }) => size),
    [5, 5, 7, 9],
    'two roots of one size are always among them',
  );
  t.same(await readAnchors(store, tables, 'ffffffffffff', wanted), []);
});

// Scenario: one partition with a real store, and owners that come one after the other: they stall
// between intent and rows, die, are replaced, or find offsets that somebody has set back.
// Guarantees: each number is in one table once; an owner that was replaced lands nothing; messages
// that come again add nothing; what cannot be read goes to the dead letter, and the ledger closes.
import t from 'tap';
import { type Store, serverFence, tableNames } from '../../clickhouse/index.js';
import { storeFixture } from '../../clickhouse/testing/fixture.js';
import { PartitionBench, until } from '../testing/partition-bench.js';

const fixture = await storeFixture();
t.teardown(() => fixture.end());
const tables = tableNames();
let epochCount = 5_000n;
const bench = (): PartitionBench => new PartitionBench(fixture, ++epochCount);

async function ledgerOf(epoch: bigint) {
  const rows = await fixture.store.query<Record<string, string>>(
    `SELECT stored, quarantined, filtered, lost, missing FROM ${tables.ledgerByStream} ` +
      `WHERE epoch = ${epoch}`,
  );
  const row = rows[0] ?? {};
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]));
}

/** Holds the first INSERT of rows back until it is let go. */
function stalling(store: Store) {
  let isHeld = false;
  let letGo: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let outcome: Promise<unknown> = Promise.resolve();
  const held: Store = {
    ...store,
    url: store.url,
    query: (sql, params) => store.query(sql, params),
    command: (sql, params, settings, id) => store.command(sql, params, settings, id),
    ping: () => store.ping(),
    insertNative: (sql, blocks, options) => {
      if (isHeld) return store.insertNative(sql, blocks, options);
      isHeld = true;
      const sent = gate.then(() => store.insertNative(sql, blocks, options));
      outcome = sent.catch((error: unknown) => error);
      return sent;
    },
  };
  return { store: held, isHeld: () => isHeld, letGo: () => letGo(), outcome: () => outcome };
}

t.test('rows, quarantine and filtered numbers are settled', async (t) => {
  const one = bench();
  one.send(0, ['event 0', 'bad 1', 'drop 2', 'event 3']);
  one.send(4, ['event 4']);
  const loader = one.loader();
  loader.start();
  one.feed(loader);
  await one.settled();
  t.same(await one.seqsOf('events'), [0, 3, 4]);
  t.same(await one.seqsOf('quarantine'), [1]);
  t.same(await ledgerOf(one.epoch), {
    ...{ stored: 3, quarantined: 1, filtered: 1, lost: 0, missing: 0 },
  });
  await loader.close(false);
});

for (const sabotage of [undefined, 'no_fence'] as const)
  t.test(`an owner that stalls and is replaced (${sabotage ?? 'honest'})`, async (t) => {
    const one = bench();
    one.send(0, ['event 0', 'event 1', 'event 2']);
    const stalled = stalling(fixture.store);
    const planted = sabotage === undefined ? {} : { sabotage };
    const first = one.loader({ store: stalled.store, ...planted });
    first.start();
    one.feed(first);
    await until('the first holds its rows', stalled.isHeld);
    const second = one.loader(planted);
    second.start();
    one.feed(second);
    await one.settled();
    stalled.letGo();
    await stalled.outcome();
    await serverFence(fixture.store)('weir-');
    const found = await one.seqsOf('events');
    if (sabotage === undefined) t.same(found, [0, 1, 2]);
    else t.same(found, [0, 0, 1, 1, 2, 2], 'without a fence the test finds rows twice');
    if (sabotage === undefined) {
      await until('the first knows', () => first.isFenced);
      t.match(one.log.join('\n'), /another loader has it/);
    }
    await Promise.all([first.close(true), second.close(false)]);
  });

t.test('an owner that dies behind its rows and before the ledger', async (t) => {
  const one = bench();
  one.send(0, ['event 0', 'bad 1', 'event 2']);
  let isDead = false;
  const dying: Store = {
    ...fixture.store,
    url: fixture.store.url,
    query: (sql, params) => fixture.store.query(sql, params),
    insertNative: (sql, blocks, options) => fixture.store.insertNative(sql, blocks, options),
    ping: () => fixture.store.ping(),
    command: (sql, params, settings, id) => {
      if (!sql.includes('ledger')) return fixture.store.command(sql, params, settings, id);
      isDead = true;
      return new Promise(() => undefined);
    },
  };
  const first = one.loader({ store: dying });
  first.start();
  one.feed(first);
  await until('rows are there, the ledger is not', () => isDead);
  const second = one.loader();
  second.start();
  one.feed(second);
  await one.settled();
  t.same(await one.seqsOf('events'), [0, 2]);
  t.same(await one.seqsOf('quarantine'), [1]);
  t.match(await ledgerOf(one.epoch), { stored: 2, quarantined: 1, missing: 0 });
  await Promise.all([first.close(true), second.close(false)]);
});

t.test('messages that come again, and offsets that are set back, add nothing', async (t) => {
  const one = bench();
  one.send(0, ['event 0', 'event 1']);
  one.send(2, ['event 2', 'event 3', 'bad 4']);
  // The producer was not told: the same again, and cut otherwise.
  one.send(0, ['event 0', 'event 1', 'event 2']);
  one.send(3, ['event 3', 'bad 4', 'event 5']);
  const first = one.loader();
  first.start();
  one.feed(first);
  await one.settled();
  await first.close(false);
  const all = { events: [0, 1, 2, 3, 5], quarantine: [4] };
  const tablesHave = async () => ({
    events: await one.seqsOf('events'),
    quarantine: await one.seqsOf('quarantine'),
  });
  t.same(await tablesHave(), all);
  for (const offset of [0, 1]) {
    // As kafka-consumer-groups --reset-offsets does: metadata is gone, too.
    one.partition.committed = { topic: 'events', partition: 0, offset };
    const again = one.loader();
    again.start();
    one.feed(again);
    await one.settled();
    await again.close(false);
    t.same(await tablesHave(), all);
  }
  t.match(await ledgerOf(one.epoch), { stored: 5, quarantined: 1, missing: 0 });
});

t.test('a message that nobody can read goes to the dead letter', async (t) => {
  const one = bench();
  one.send(0, ['event 0']);
  one.partition.append(Buffer.from('no batch at all'), [
    { 'weir-tenant': 'default' },
    { 'weir-stream': 'node/syslog/0' },
    { 'weir-epoch': String(one.epoch) },
    { 'weir-seq': '1-2' },
  ]);
  one.partition.append(Buffer.from('nothing known'));
  one.send(3, ['event 3']);
  const loader = one.loader();
  loader.start();
  one.feed(loader);
  await one.settled();
  await loader.close(false);
  t.same(await one.seqsOf('events'), [0, 3]);
  t.same(await ledgerOf(one.epoch), {
    ...{ stored: 2, quarantined: 0, filtered: 0, lost: 2, missing: 0 },
  });
  t.equal(one.partition.deadLetters.length, 2);
  const headers = Object.assign({}, ...(one.partition.deadLetters[0]?.headers ?? []));
  t.match(headers, { 'weir-topic': 'events', 'weir-partition': '0', 'weir-offset': '1' });
  t.match(headers['weir-reason'], /Confluent wire format/);
});

t.test('an intent that is longer than the metadata holds', async (t) => {
  const one = bench();
  for (let i = 0; i < 110; i++) {
    const stream = `${(i * 7919).toString(16).padStart(12, '0')}/udp/${i}`;
    one.send(i, [`event ${i}`], { stream });
  }
  const stalled = stalling(fixture.store);
  const first = one.loader({ store: stalled.store });
  first.start();
  one.feed(first);
  await until('the first holds its rows', stalled.isHeld);
  const second = one.loader();
  second.start();
  one.feed(second);
  await one.settled();
  stalled.letGo();
  await stalled.outcome();
  const found = await one.seqsOf('events');
  t.same(
    found,
    Array.from({ length: 110 }, (_, i) => i),
  );
  await Promise.all([first.close(true), second.close(false)]);
});

t.test('a message that is passed over is fetched again before those behind it', async (t) => {
  const one = bench();
  for (let i = 0; i < 4; i++) one.send(i, [`event ${i}`]);
  const loader = one.loader();
  loader.start();
  const [zero, first, second, third] = one.partition.messages;
  if (!zero || !first || !second || !third) return t.fail('four messages');
  loader.push(zero);
  await until('the first is settled', () => one.partition.committed.offset === 1);
  loader.push(second);
  loader.push(third);
  t.equal(loader.gapOffset, 1, 'fetching has to begin there');
  loader.noteGapSought();
  for (const message of [first, second, third]) loader.push(message);
  t.equal(loader.gapOffset, null);
  await one.settled();
  t.same(await one.seqsOf('events'), [0, 1, 2, 3]);
  await loader.close(false);
});

t.test('offsets that the topic lost do not hold up those behind them', async (t) => {
  const one = bench();
  for (let i = 0; i < 3; i++) one.send(i, [`event ${i}`]);
  const loader = one.loader();
  loader.start();
  const [zero, , second] = one.partition.messages;
  if (!zero || !second) return t.fail('three messages');
  loader.push(zero);
  await until('the first is settled', () => one.partition.committed.offset === 1);
  loader.push(second);
  t.equal(loader.gapOffset, 1);
  loader.noteGapSought();
  loader.push(second);
  await one.settled();
  t.same(await one.seqsOf('events'), [0, 2]);
  t.match(one.log.join('\n'), /offsets 1 to 1 are gone from the topic/);
  await loader.close(false);
});

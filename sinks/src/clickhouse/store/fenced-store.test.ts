// Scenario: two loaders hold tokens of one partition; the older one goes on sending.
// Guarantees: rows of the highest token land, those of a lower one are refused by the server and
// land nowhere; columns that a block leaves out get their defaults; a statement that runs is waited
// for by whoever takes over.
import t from 'tap';
import { insertBlocks } from '../loader/statements.js';
import { encodeBatch } from '../native/index.js';
import { storeFixture } from '../testing/fixture.js';
import { sampleBatch, sampleEvents } from '../testing/sample-batches.js';
import { fencedStore, readFence, tableNames, writeFence } from './index.js';
import { PROFILES, QUARANTINE_COLUMNS } from './profiles.js';

const fixture = await storeFixture();
t.teardown(() => fixture.end());
const tables = tableNames();
const partition = { group: "g'1", topic: 't', partition: 3 };

const seqsIn = async (table: string, epoch: bigint): Promise<number[]> =>
  (
    await fixture.store.query<{ seq: string }>(
      `SELECT seq FROM ${table} WHERE epoch = ${epoch} ORDER BY seq`,
    )
  ).map(({ seq }) => Number(seq));

t.test('the highest token inserts, a lower one is refused', async (t) => {
  t.equal(await readFence(fixture.store, tables, partition), 0n);
  await writeFence(fixture.store, tables, { ...partition, token: 1n, owner: 'first' });
  let fencedCount = 0;
  const first = fencedStore(
    fixture.store,
    tables,
    { ...partition, token: 1n, owner: 'first' },
    () => fencedCount++,
  );
  const batch = sampleBatch({ epoch: 77n, seqFirst: 0, texts: ['event 1', 'bad 2', 'event 3'] });
  const encoded = encodeBatch(sampleEvents(batch), batch, null, 'full');
  const events = encoded.events?.bytes ?? new Uint8Array(0);
  const quarantine = encoded.quarantine?.bytes ?? new Uint8Array(0);
  const { columns } = PROFILES.full;
  await insertBlocks(first, tables.events, columns, [events], 'q1');
  await insertBlocks(first, tables.quarantine, QUARANTINE_COLUMNS, [quarantine], 'q2');
  t.same(await seqsIn(tables.events, 77n), [0, 2]);
  t.same(await seqsIn(tables.quarantine, 77n), [1]);

  // The same rows by the usual way: every column must be alike.
  const other = { ...batch, epoch: 78n };
  const block = encodeBatch(sampleEvents(other), other, null, 'full').events?.bytes;
  await insertBlocks(fixture.store, tables.events, columns, [block ?? new Uint8Array(0)], 'q3');
  const rowsOf = (epoch: bigint) =>
    fixture.store.query(
      `SELECT * EXCEPT (epoch) FROM ${tables.events} WHERE epoch = ${epoch} ORDER BY seq`,
    );
  t.same(await rowsOf(77n), await rowsOf(78n));

  await writeFence(fixture.store, tables, { ...partition, token: 2n, owner: 'second' });
  t.equal(await readFence(fixture.store, tables, partition), 2n);
  const late = { ...batch, epoch: 79n };
  const lateBlock = encodeBatch(sampleEvents(late), late, null, 'full').events?.bytes;
  await t.rejects(
    insertBlocks(first, tables.events, columns, [lateBlock ?? new Uint8Array(0)], 'q4'),
    { code: 'WEIR_ABORTED', message: /another loader owns this partition/ },
  );
  t.equal(fencedCount, 1);
  t.same(await seqsIn(tables.events, 79n), []);

  const second = fencedStore(
    fixture.store,
    tables,
    { ...partition, token: 2n, owner: 'second' },
    () => fencedCount++,
  );
  await insertBlocks(second, tables.events, columns, [lateBlock ?? new Uint8Array(0)], 'q5');
  t.same(await seqsIn(tables.events, 79n), [0, 2]);
  t.equal(fencedCount, 1);
});

t.test('another partition has a fence of its own', async (t) => {
  const elsewhere = { ...partition, partition: 4, token: 1n, owner: 'x' };
  await writeFence(fixture.store, tables, elsewhere);
  const store = fencedStore(fixture.store, tables, elsewhere, () => t.fail('not fenced'));
  const batch = sampleBatch({ epoch: 80n, seqFirst: 0, texts: ['event 1'] });
  const block = encodeBatch(sampleEvents(batch), batch, null, 'full').events?.bytes;
  await insertBlocks(
    store,
    tables.events,
    PROFILES.full.columns,
    [block ?? new Uint8Array(0)],
    'q6',
  );
  t.same(await seqsIn(tables.events, 80n), [0]);
});

t.test('a kill waits for what runs', async (t) => {
  let isDone = false;
  const slow = fixture.store.command('SELECT sleep(1)', {}, {}, 'weir-a-1').then(() => {
    isDone = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await fixture.store.command("KILL QUERY WHERE startsWith(query_id, 'weir-b-') SYNC");
  t.notOk(isDone, 'another prefix waits for nothing');
  await fixture.store.command("KILL QUERY WHERE startsWith(query_id, 'weir-a-') SYNC");
  await slow;
  t.ok(isDone);
});

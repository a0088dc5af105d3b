// Scenario: ledger rows with holes, kinds that overlap, buckets that are missing altogether.
// Guarantees: the report names exactly what is missing, twice, or not accounted for.
import t from 'tap';
import { tableNames } from '../store/index.js';
import { type StoreFixture, storeFixture } from '../testing/fixture.js';
import { normalize, type SeqRange, subtract } from './ranges.js';
import { readLedger } from './read-ledger.js';
import { verifyLedger } from './verify-ledger.js';
import { verifyTables } from './verify-tables.js';

let fixture: StoreFixture;
const tables = tableNames();

t.before(async () => {
  fixture = await storeFixture();
});
t.teardown(() => fixture.end());

/** Notes [first, last] in the ledger, as the loader does. */
async function note(
  epoch: number,
  kind: string,
  first: number,
  last: number,
  stream = 's',
): Promise<void> {
  await fixture.store.command(
    `INSERT INTO dev.ledger SELECT 'default', '${stream}', ${epoch}, intDiv(number, 65536) AS bucket, ` +
      `'${kind}', groupBitmapState(number) FROM numbers(${first}, ${last - first + 1}) ` +
      'GROUP BY bucket',
  );
}

async function streamOf(epoch: number) {
  const found = (await readLedger(fixture.store, tables)).find(
    (entry) => entry.epoch === BigInt(epoch),
  );
  if (found === undefined) throw new Error(`epoch ${epoch} is not in the ledger`);
  return found;
}

t.test('kinds are disjoint by precedence, repeated notes change nothing', async (t) => {
  for (let repeat = 0; repeat < 2; repeat++) {
    await note(1, 'stored', 0, 99);
    await note(1, 'quarantined', 90, 109);
    await note(1, 'filtered', 100, 119);
    await note(1, 'lost', 0, 129);
  }
  t.match(await streamOf(1), {
    stored: 100,
    quarantined: 10,
    filtered: 10,
    lost: 10,
    seqMax: 129,
    missing: [],
  });
});

t.test('gaps: within a bucket, over an empty bucket, at the start', async (t) => {
  const bucket = 65_536;
  await note(2, 'stored', 5, 9);
  await note(2, 'stored', 12, bucket - 1);
  await note(2, 'stored', bucket * 3 + 7, bucket * 3 + 8);
  const found = await streamOf(2);
  t.same(found.missing, [
    [0, 4],
    [10, 11],
    [bucket, bucket * 3 + 6],
  ]);
});

t.test('the report: closes, in flight, missing, never issued', async (t) => {
  await note(3, 'stored', 0, 49);
  const ledger = [await streamOf(3)];
  const issued = { tenant: 'default', stream: 's', epoch: 3n };
  t.match(verifyLedger([{ ...issued, issuedSeqLast: 49 }], ledger), {
    closes: true,
    inFlight: 0,
    problems: [],
  });
  const pending = [{ ...issued, seqFirst: 50, seqLast: 59 }];
  t.match(verifyLedger([{ ...issued, issuedSeqLast: 59 }], ledger, pending), {
    closes: true,
    inFlight: 10,
  });
  t.match(verifyLedger([{ ...issued, issuedSeqLast: 60 }], ledger, pending), {
    closes: false,
    streams: [{ missing: [[60, 60]] }],
    problems: ['default s epoch 3: 1 numbers are missing: 60'],
  });
  t.match(verifyLedger([{ ...issued, issuedSeqLast: 40 }], ledger), { closes: false });
  t.match(verifyLedger([], ledger), { closes: false });
  t.match(verifyLedger([{ ...issued, epoch: 99n, issuedSeqLast: -1 }], []), { closes: true });
});

t.test('the deep report finds rows twice, absent and unaccounted', async (t) => {
  const row = (seq: number): string => `('default', 's', 4, ${seq}, now64(6), now64(6))`;
  // One insert a row: within one part ReplacingMergeTree would merge the two at once.
  await fixture.store.command('SYSTEM STOP MERGES dev.events');
  for (const seq of [0, 1, 1, 5])
    await fixture.store.command(
      'INSERT INTO dev.events (tenant_id, stream, epoch, seq, ingest_time, time) ' +
        `VALUES ${row(seq)}`,
    );
  await note(4, 'stored', 0, 3);
  const { streams, problems } = await verifyTables(fixture.store, tables);
  t.match(
    streams.find((entry) => entry.epoch === 4n && entry.table === 'events'),
    { rows: 4, duplicates: 1, absent: 2, unaccounted: 1 },
  );
  t.ok(problems.some((text) => text.includes('epoch 4: events has 1 rows twice')));
});

/** Rows [first, last] in events, as of so many days ago. */
const insertRows = (
  epoch: number,
  first: number,
  last: number,
  daysAgo = 0,
  stream = 's',
): Promise<void> =>
  fixture.store.command(
    'INSERT INTO dev.events (tenant_id, stream, epoch, seq, ingest_time, time) ' +
      `SELECT 'default', '${stream}', ${epoch}, number, now64(6) - INTERVAL ${daysAgo} DAY, now64(6) ` +
      `FROM numbers(${first}, ${last - first + 1})`,
  );

t.test('the deep report: other streams, rows in flight', async (t) => {
  await insertRows(5, 0, 9);
  await note(5, 'stored', 0, 7);
  const ofEpoch = async (options: Parameters<typeof verifyTables>[2]) =>
    (await verifyTables(fixture.store, tables, options)).streams.find(
      (entry) => entry.epoch === 5n && entry.table === 'events',
    );
  t.match(await ofEpoch({}), { absent: 0, unaccounted: 2 });
  t.match(await ofEpoch({ isRunning: true, streamPrefix: 's' }), { absent: 0, unaccounted: 0 });
  t.equal(await ofEpoch({ streamPrefix: 'node/' }), undefined);
  // A hole below the ledger's end is one, whether a loader runs or not.
  await note(5, 'stored', 12, 12);
  t.match(await ofEpoch({ isRunning: true }), { absent: 1, unaccounted: 2 });
});

t.test('the deep report: rows that have expired are not absent', async (t) => {
  await note(6, 'stored', 0, 99, 'aged');
  await insertRows(6, 40, 69, 1, 'aged');
  await insertRows(6, 80, 99, 0, 'aged');
  const absent = async () =>
    (await verifyTables(fixture.store, tables, { isRunning: true })).streams.find(
      (entry) => entry.epoch === 6n && entry.table === 'events',
    )?.absent;
  t.equal(await absent(), 50, 'the tables are new: nothing can have expired');
  await fixture.store.command(
    'INSERT INTO dev.weir_migrations (version, name, checksum, events_table, applied_at) ' +
      "VALUES (0, 'old', '', 'events', now64(3) - INTERVAL 91 DAY)",
  );
  t.equal(await absent(), 10, 'before the first row: expired; between rows: absent');
  await insertRows(5, 0, 0, 0, 'aged');
  t.equal(await absent(), 50, 'an earlier epoch still has rows: this one cannot have expired');
});

t.test('ranges', async (t) => {
  const ranges: SeqRange[] = [
    [5, 9],
    [0, 2],
    [3, 3],
    [20, 30],
  ];
  t.same(normalize(ranges), [
    [0, 3],
    [5, 9],
    [20, 30],
  ]);
  t.same(
    subtract(normalize(ranges), [
      [2, 5],
      [22, 22],
      [30, 40],
    ]),
    [
      [0, 1],
      [6, 9],
      [20, 21],
      [23, 29],
    ],
  );
});

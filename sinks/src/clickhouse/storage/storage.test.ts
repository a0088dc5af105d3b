// Scenario: a store with events, quarantine and dispositions is looked at, backed up while rows
// come in, lost in part and as a whole, and restored, on the embedded engine as a server.
// Guarantees: the figures are those of the tables; a ledger that was dropped is made again, twice
// the same; a backup that was taken beside a loader at work holds no number without its row; what
// is restored is what was there; a backup without its last part is none, and leaves what there is.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeTimers } from '@weir/pipeline/node';
import t from 'tap';
import { verifyTables } from '../ledger/verify-tables.js';
import { applyMigrations, tableNames } from '../store/index.js';
import { type StoreFixture, storeFixture } from '../testing/fixture.js';
import { backupTables, replaceTables } from './backup.js';
import { sampleColumnGroups } from './column-groups.js';
import { rebuildLedger } from './rebuild-ledger.js';
import { readStorageStatus } from './status.js';

const tables = tableNames();
const FULL = { profile: 'full' } as const;
let fixture: StoreFixture;

t.before(async () => {
  fixture = await storeFixture();
});
t.teardown(() => fixture.end());

const COLUMNS = 'tenant_id, stream, epoch, seq, source, ingest_time, retention_class, raw_data';

async function insert(table: string, first: number, count: number): Promise<void> {
  await fixture.store.command(
    `INSERT INTO dev.${table} (${COLUMNS}) SELECT 't', 's', 1, number, '192.0.2.1', now64(6), ` +
      `'default', concat('event ', toString(number)) FROM numbers(${first}, ${count})`,
  );
}

const note = (kind: string, first: number, count: number): Promise<void> =>
  fixture.store.command(
    `INSERT INTO dev.ledger SELECT 't', 's', 1, intDiv(number, 65536) AS bucket, '${kind}', ` +
      `groupBitmapState(number) FROM numbers(${first}, ${count}) GROUP BY bucket`,
  );

const all = (): Promise<unknown[]> =>
  fixture.store.query(
    'SELECT stored, quarantined, filtered, lost, seq_max, missing FROM dev.ledger_by_stream',
  );

const WHOLE = [
  {
    ...{ stored: '100000', quarantined: '1000', filtered: '90000', lost: '5' },
    ...{ seq_max: '191004', missing: '0' },
  },
];

t.test('a ledger that was lost is made again', async (t) => {
  await insert('events', 0, 100_000);
  await insert('quarantine', 100_000, 1_000);
  await fixture.store.command(
    "INSERT INTO dev.dispositions VALUES ('t', 's', 1, 'filtered', 'filter:x', 101000, " +
      "[(101000, 150999), (151000, 190999)], 90000, now64(6)), ('t', 's', 1, 'lost', 'rot', " +
      "191000, [(191000, 191004)], 5, now64(6)), ('t', 's', 1, 'refused', 'full', 0, [], 9, now64(6))",
  );
  await fixture.store.command('DROP TABLE dev.ledger SYNC');
  const first = await rebuildLedger(fixture.store, tables, FULL);
  t.match(first.before, { stored: 0, lost: 0 });
  const counts = { stored: 100_000, quarantined: 1_000, filtered: 90_000, lost: 5 };
  t.same(first.after, counts);
  t.same(await all(), WHOLE);
  t.same(await rebuildLedger(fixture.store, tables, FULL), { before: counts, after: counts });
  t.same(await all(), WHOLE, 'again');
  t.same((await verifyTables(fixture.store, tables)).problems, []);
});

t.test('the figures', async (t) => {
  const status = await readStorageStatus(fixture.store, tables);
  t.match(status, { eventsTable: 'dev.events', profile: 'full', columnGroups: [] });
  t.ok(status.schemaVersion >= 8);
  const of = (name: string) => status.tables.find((table) => table.name === name);
  t.match(of('events'), { rows: 100_000, retention: { days: 90, classes: {} } });
  t.match(of('quarantine'), { rows: 1_000 });
  t.match(of('ledger'), { retention: null, oldest: null });
  const events = of('events');
  t.ok(events !== undefined && events.bytes > events.compressedBytes);
  t.ok(events !== undefined && events.uncompressedBytes > 3 * events.compressedBytes);
  t.match(events?.oldest, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const groups = await sampleColumnGroups(fixture.store, tables, 'sample', 20_000);
  const raw = groups.find(({ group }) => group === 'raw_data');
  t.equal(raw?.rows, 20_000);
  t.ok(raw !== undefined && raw.uncompressedBytes > 20_000 * 'event 90000'.length);
  t.same(
    groups.map(({ group }) => group),
    ['raw_data', 'attributes and unmapped', 'identity', 'times', 'parser', 'fields', 'indexes'],
  );
  t.same(await fixture.store.query("SELECT 1 FROM system.tables WHERE name = 'sample'"), []);
  // The copy is compressed as the table is, not as the server does it.
  await fixture.store.command(
    `ALTER TABLE ${tables.events} MODIFY SETTING default_compression_codec = 'NONE'`,
  );
  const plain = await sampleColumnGroups(fixture.store, tables, 'sample', 20_000);
  const packed = (found: typeof groups) =>
    found.find(({ group }) => group === 'fields')?.compressedBytes ?? 0;
  t.ok(packed(plain) > 3 * packed(groups), `${packed(plain)} and ${packed(groups)} bytes`);
  await fixture.store.command(
    `ALTER TABLE ${tables.events} MODIFY SETTING default_compression_codec = 'ZSTD(1)'`,
  );
});

t.test('a backup beside a loader, and the store as it was then', async (t) => {
  const { store, directory } = fixture;
  const at = (name: string) => (part: string) => `File('${directory}/backups/${name}/${part}')`;
  const common = { store, tables, profile: 'full', timers: nodeTimers } as const;
  // As a loader does: rows, then ledger, again and again.
  let isDone = false;
  const writing = (async () => {
    for (let first = 200_000; !isDone; first += 100) {
      await insert('events', first, 100);
      await note('stored', first, 100);
    }
  })();
  const parts = await backupTables({ ...common, place: at('b1') });
  isDone = true;
  await writing;
  t.same(parts, ['ledger', 'dispositions', 'quarantine', 'events']);
  await t.rejects(backupTables({ ...common, place: at('b1') }), { message: /already exists/ });
  await store.command('TRUNCATE TABLE dev.quarantine');
  await store.command('ALTER TABLE dev.events DELETE WHERE seq < 5000', {}, { mutations_sync: 1 });
  await replaceTables({ ...common, place: at('b1') });
  const { problems } = await verifyTables(store, tables);
  t.notMatch(problems.join(), /lacks/, 'no number without its row');
  await rebuildLedger(store, tables, FULL);
  t.same((await verifyTables(store, tables)).problems, []);
  const [counts] = (await all()) as { stored: string }[];
  t.match(counts, { quarantined: '1000', filtered: '90000', lost: '5' });
  t.ok(Number(counts?.stored) >= 100_000);
  t.same(await applyMigrations(store, FULL), [], 'its migrations are noted');
  t.match(await store.query("SELECT count() AS found FROM dev.v_ecs WHERE message = ''"), [
    { found: counts?.stored },
  ]);
  t.same(await store.query("SELECT 1 FROM system.databases WHERE name = 'dev_restoring'"), []);
  await rm(join(directory, 'backups/b1/events'), { recursive: true });
  await t.rejects(replaceTables({ ...common, place: at('b1') }), { code: 'WEIR_STORE_REJECTED' });
  t.same((await verifyTables(store, tables)).problems, [], 'what is there stays');
});

t.test('a backup goes nowhere but where it may', async (t) => {
  const { store, directory } = fixture;
  const common = { store, tables, profile: 'full', timers: nodeTimers } as const;
  const place = (part: string): string => `File('${directory}/elsewhere/${part}')`;
  await t.rejects(backupTables({ ...common, place }), { code: 'WEIR_STORE_REJECTED' });
});

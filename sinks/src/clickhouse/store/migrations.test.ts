// Scenario: migrations are applied twice, to other names, and after a file was changed. Guarantees:
// each once and in order; a changed file is refused; retention follows the configuration.

import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { type StoreFixture, storeFixture } from '../testing/fixture.js';
import { applyMigrations, readMigrations } from './migrations.js';
import { tableNames } from './tables.js';

const SOURCE = fileURLToPath(new URL('../../../../database_migrations', import.meta.url));

let fixture: StoreFixture;
t.before(async () => {
  fixture = await storeFixture();
});
t.teardown(() => fixture.end());

t.test('a second run applies nothing', async (t) => {
  t.same(await applyMigrations(fixture.store), []);
  const rows = await fixture.store.query<{ version: number; name: string }>(
    'SELECT version, name FROM dev.weir_migrations ORDER BY version',
  );
  t.same(
    rows.map((row) => row.name),
    readMigrations(SOURCE).map((migration) => migration.name),
  );
});

t.test('EVENTS_TABLE chooses database and name', async (t) => {
  const applied = await applyMigrations(fixture.store, { eventsTable: 'siem.logs' });
  t.ok(applied.length > 0);
  const rows = await fixture.store.query<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = 'siem' ORDER BY name",
  );
  t.same(
    rows.map((row) => row.name),
    [
      'dispositions',
      'ledger',
      'ledger_by_stream',
      'ledger_gaps',
      'logs',
      'quarantine',
      'sources',
      'weir_migrations',
    ],
  );
  t.throws(() => tableNames('a.b.c'), { code: 'WEIR_CONFIG_INVALID' });
  t.throws(() => tableNames('dev.events; DROP'), { code: 'WEIR_CONFIG_INVALID' });
});

t.test('another events table in the same database', async (t) => {
  const applied = await applyMigrations(fixture.store, { eventsTable: 'dev.others' });
  t.ok(applied.length > 0);
  await fixture.store.query('SELECT count() FROM dev.others');
  t.same(await applyMigrations(fixture.store, { eventsTable: 'dev.others' }), []);
  t.same(await applyMigrations(fixture.store), []);
  // As an earlier version of this program noted them.
  await fixture.store.command(
    "ALTER TABLE dev.weir_migrations UPDATE events_table = '' WHERE events_table = 'events'",
    {},
    { mutations_sync: 1 },
  );
  t.same(await applyMigrations(fixture.store), []);
  // The view over both tables is the first one's again for what follows.
  await fixture.store.command('DROP TABLE dev.others');
});

t.test('retention follows the configuration', async (t) => {
  await applyMigrations(fixture.store, { retentionDays: 30 });
  const rows = await fixture.store.query<{ ddl: string }>(
    'SELECT create_table_query AS ddl FROM system.tables ' +
      "WHERE database = 'dev' AND name IN ('events', 'quarantine')",
  );
  t.equal(rows.length, 2);
  for (const { ddl } of rows) t.match(ddl, /toIntervalDay\(30\)/);
});

t.test('the text index follows the configuration', async (t) => {
  const indexes = () =>
    fixture.store.query(
      "SELECT type FROM system.data_skipping_indices WHERE database = 'dev' " +
        "AND table = 'events' AND name = 'raw_data_text'",
    );
  t.same(await indexes(), [{ type: 'text' }]);
  await applyMigrations(fixture.store, { textIndex: false });
  t.same(await indexes(), []);
  await applyMigrations(fixture.store, { textIndex: true });
  t.same(await indexes(), [{ type: 'text' }]);
});

t.test('a table keeps the profile it was made with', async (t) => {
  const { store } = fixture;
  const slim = { eventsTable: 'thin.events', profile: 'slim' } as const;
  t.ok((await applyMigrations(store, slim)).includes('0001_events.slim.sql'));
  t.same(await applyMigrations(store, slim), []);
  const ddl = async (): Promise<unknown> => [
    await store.query(
      "SELECT name, create_table_query FROM system.tables WHERE database IN ('dev', 'thin')",
    ),
    await store.query('SELECT * FROM thin.weir_migrations ORDER BY version'),
  ];
  const before = await ddl();
  for (const [eventsTable, profile, found] of [
    ['thin.events', 'full', 'slim'],
    ['dev.events', 'slim', 'full'],
  ] as const) {
    // Also a retention that differs: nothing of it is applied.
    await t.rejects(applyMigrations(store, { eventsTable, profile, retentionDays: 7 }), {
      code: 'WEIR_STORE_PROFILE',
      message:
        `${eventsTable} was made with store.profile = "${found}", not "${profile}"; ` +
        'set that profile, or name another store.events_table, in a database and with a data_dir ' +
        'of its own',
    });
  }
  t.same(await ddl(), before, 'untouched');
  await applyMigrations(store, { ...slim, retentionDays: 30 });
  const [table] = await store.query<{ ddl: string }>(
    "SELECT create_table_query AS ddl FROM system.tables WHERE database = 'thin' AND name = 'events'",
  );
  t.match(table?.ddl, /toIntervalDay\(30\)/);
  const indexes = await store.query(
    "SELECT name FROM system.data_skipping_indices WHERE database = 'thin'",
  );
  t.notOk(JSON.stringify(indexes).includes('raw_data_text'), 'no text index');
});

t.test('a changed file is refused, a new one is applied', async (t) => {
  const directory = join(fixture.directory, 'migrations');
  await mkdir(directory);
  await cp(SOURCE, directory, { recursive: true });
  await writeFile(
    join(directory, '9000_more.sql'),
    'CREATE TABLE IF NOT EXISTS {database}.more (a UInt8) ENGINE = MergeTree ORDER BY a;\n',
  );
  t.same(await applyMigrations(fixture.store, { directory }), ['9000_more.sql']);
  const path = join(directory, '0001_events.sql');
  await writeFile(path, `${await readFile(path, 'utf8')}-- changed\n`);
  await t.rejects(applyMigrations(fixture.store, { directory }), {
    code: 'WEIR_MIGRATION_CHANGED',
  });
});

t.test('apply-migrations.sh', async (t) => {
  for (const [profile, expected, code] of [
    ['', /applied 0001_events\.sql/, 0],
    ['', /nothing to apply/, 0],
    ['slim', /WEIR_STORE_PROFILE: script\.events was made with store\.profile = "full"/, 1],
    ['thin', /STORE_PROFILE must be one of full, slim/, 1],
  ] as const) {
    const child = spawn('sh', [join(SOURCE, 'apply-migrations.sh')], {
      env: {
        ...process.env,
        CLICKHOUSE_URL: fixture.supervised.url,
        EVENTS_TABLE: 'script.events',
        STORE_PROFILE: profile,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    t.equal(await new Promise((resolve) => child.once('close', resolve)), code, output);
    t.match(output, expected);
  }
});

// Scenario: migrations are applied twice, to other names, and after a file was changed. Guarantees:
// each once and in order; a changed file is refused; retention follows the configuration.

import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { type StoreFixture, storeFixture } from '../testing/fixture.js';
import { applyMigrations, readMigrations } from './migrations.js';
import { STORE_PROFILES } from './profiles.js';
import type { Store } from './store.js';
import { tableNames } from './tables.js';

const SOURCE = fileURLToPath(new URL('../../../../database_migrations', import.meta.url));
const FULL = { profile: 'full' } as const;

let fixture: StoreFixture;
t.before(async () => {
  fixture = await storeFixture();
});
t.teardown(() => fixture.end());

t.test('a second run applies nothing', async (t) => {
  t.same(await applyMigrations(fixture.store, FULL), []);
  const rows = await fixture.store.query<{ version: number; name: string }>(
    'SELECT version, name FROM dev.weir_migrations ORDER BY version',
  );
  t.same(
    rows.map((row) => row.name),
    readMigrations(SOURCE, 'full').map((migration) => migration.name),
  );
});

t.test('EVENTS_TABLE chooses database and name', async (t) => {
  const applied = await applyMigrations(fixture.store, { ...FULL, eventsTable: 'siem.logs' });
  t.ok(applied.length > 0);
  const rows = await fixture.store.query<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = 'siem' ORDER BY name",
  );
  t.same(
    rows.map((row) => row.name),
    [
      'auditd_events',
      'checkpoints',
      'dispositions',
      'fences',
      'ledger',
      'ledger_by_stream',
      'ledger_gaps',
      'logs',
      'quarantine',
      'sources',
      'v_ecs',
      'v_otel_logs',
      'weir_migrations',
    ],
  );
  t.throws(() => tableNames('a.b.c'), { code: 'WEIR_CONFIG_INVALID' });
  t.throws(() => tableNames('dev.events; DROP'), { code: 'WEIR_CONFIG_INVALID' });
});

t.test('auditd_events joins the records of an event', async (t) => {
  const columns =
    'tenant_id, seq, source, parser, device_hostname, time, metadata_event_code, status_id, ' +
    'attributes, unmapped, ingest_time';
  const row = (seq: number, type: string, status: number, attributes: string, unmapped = '') =>
    `('t', ${seq}, '192.0.2.1', 'linux_audit', 'web1', '2026-02-28 22:14:15', '${type}', ` +
    // A row of 1970 has expired, and goes when the engine next looks.
    `${status}, map('metadata.correlation_uid', '1.5:7'${attributes}), map(${unmapped}), now())`;
  await fixture.store.command(
    `INSERT INTO siem.logs (${columns}) VALUES ` +
      [
        row(1, 'SYSCALL', 1, ", 'process.pid', '9', 'process.name', 'id'", "'key', 'exec'"),
        row(2, 'EXECVE', 0, ", 'process.cmd_line', 'id -u'"),
        row(3, 'PATH', 0, ", 'file.path', '/usr/bin/id'"),
      ].join(', '),
  );
  const rows = await fixture.store.query(
    'SELECT host, audit_id, record_types, status_id, executed, process_name, pid, files, ' +
      'rule_key FROM siem.auditd_events',
  );
  t.match(rows, [
    {
      host: 'web1',
      audit_id: '1.5:7',
      record_types: ['EXECVE', 'PATH', 'SYSCALL'],
      status_id: 1,
      executed: 'id -u',
      process_name: 'id',
      pid: '9',
      files: ['/usr/bin/id'],
      rule_key: 'exec',
    },
  ]);
  t.equal(rows.length, 1);
});

t.test('another events table in the same database', async (t) => {
  const applied = await applyMigrations(fixture.store, { ...FULL, eventsTable: 'dev.others' });
  t.ok(applied.length > 0);
  await fixture.store.query('SELECT count() FROM dev.others');
  t.same(await applyMigrations(fixture.store, { ...FULL, eventsTable: 'dev.others' }), []);
  t.same(await applyMigrations(fixture.store, FULL), []);
  // As an earlier version of this program noted them.
  await fixture.store.command(
    "ALTER TABLE dev.weir_migrations UPDATE events_table = '' WHERE events_table = 'events'",
    {},
    { mutations_sync: 1 },
  );
  t.same(await applyMigrations(fixture.store, FULL), []);
  // The view over both tables is the first one's again for what follows.
  await fixture.store.command('DROP TABLE dev.others');
});

t.test('retention follows the configuration', async (t) => {
  await applyMigrations(fixture.store, { ...FULL, retentionDays: 30 });
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
  await applyMigrations(fixture.store, { ...FULL, textIndex: false });
  t.same(await indexes(), []);
  await applyMigrations(fixture.store, { ...FULL, textIndex: true });
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

/** Rows as an earlier version of this program noted them, which knew of one events table. */
async function forgetName(database: string): Promise<void> {
  await fixture.store.command(
    `ALTER TABLE ${database}.weir_migrations UPDATE events_table = '' WHERE true`,
    {},
    { mutations_sync: 1 },
  );
}

t.test('a table of the other profile beside one that was noted the old way', async (t) => {
  const { store } = fixture;
  await applyMigrations(store, { ...FULL, eventsTable: 'old.events' });
  await forgetName('old');
  const thin = { eventsTable: 'old.thin', profile: 'slim' } as const;
  const all = readMigrations(SOURCE, 'slim').map(({ name }) => name);
  t.same(await applyMigrations(store, thin), all);
  t.same(await applyMigrations(store, thin), [], 'the second start');
  t.same(await applyMigrations(store, { ...FULL, eventsTable: 'old.events' }), []);
  // A crash between each CREATE and its record.
  for (const kept of [0, 1]) {
    await store.command(
      `ALTER TABLE old.weir_migrations DELETE WHERE events_table = 'thin' AND version > ${kept}`,
      {},
      { mutations_sync: 1 },
    );
    t.same(await applyMigrations(store, thin), all.slice(kept), `${kept} noted`);
  }
});

t.test('an events table that was dropped keeps its profile', async (t) => {
  const { store } = fixture;
  await applyMigrations(store, { ...FULL, eventsTable: 'dropped.events' });
  await store.command('DROP TABLE dropped.events SYNC');
  await t.rejects(applyMigrations(store, { eventsTable: 'dropped.events', profile: 'slim' }), {
    code: 'WEIR_STORE_PROFILE',
    message:
      /^dropped\.events was made with store\.profile = "full", not "slim" \(and dropped since, /,
  });
});

t.test('two profiles on an empty server at once: the second one is refused', async (t) => {
  const { store } = fixture;
  for (const [at, statement] of [
    'CREATE DATABASE',
    'CREATE TABLE IF NOT EXISTS `race1`.`events`',
  ].entries()) {
    const eventsTable = `race${at}.events`;
    let isFirst = true;
    const late: Store = {
      ...store,
      query: (...given) => store.query(...given),
      command: async (sql, ...rest) => {
        if (isFirst && sql.startsWith(statement)) {
          isFirst = false;
          await applyMigrations(store, { ...FULL, eventsTable });
        }
        return store.command(sql, ...rest);
      },
    };
    await t.rejects(applyMigrations(late, { eventsTable, profile: 'slim' }), {
      code: 'WEIR_STORE_PROFILE',
      message: /was made with store\.profile = "full", not "slim";/,
    });
    t.notOk(isFirst, 'the other came first');
    const noted = await store.query<{ name: string }>(
      `SELECT name FROM race${at}.weir_migrations ORDER BY version`,
    );
    t.same(
      noted.map(({ name }) => name),
      readMigrations(SOURCE, 'full').map(({ name }) => name),
      'it noted nothing',
    );
    t.same(await applyMigrations(store, { ...FULL, eventsTable }), []);
  }
});

t.test('a table of somebody else is refused, and left as it is', async (t) => {
  const { store } = fixture;
  await store.command('CREATE DATABASE foreign_db');
  await store.command(
    'CREATE TABLE foreign_db.events (stream String, raw_data String) ENGINE = MergeTree ORDER BY stream',
  );
  for (const profile of STORE_PROFILES) {
    await t.rejects(applyMigrations(store, { eventsTable: 'foreign_db.events', profile }), {
      code: 'WEIR_STORE_PROFILE',
      message:
        'foreign_db.events is no events table of Weir: it has no tenant_id, epoch, seq, source, ' +
        'source_seq, ingest_time, retention_class, parser, parser_version; ' +
        'name another store.events_table',
    });
  }
  const tables = await store.query("SELECT name FROM system.tables WHERE database = 'foreign_db'");
  t.same(tables, [{ name: 'events' }]);
});

t.test('a slim table with columns that people added stays slim', async (t) => {
  const { store } = fixture;
  const slim = { eventsTable: 'wider.events', profile: 'slim' } as const;
  await applyMigrations(store, slim);
  await store.command(
    'ALTER TABLE wider.events ADD COLUMN marks Array(String), ADD COLUMN unmapped Map(String, String)',
  );
  t.same(await applyMigrations(store, slim), []);
  await t.rejects(applyMigrations(store, { ...slim, profile: 'full' }), {
    code: 'WEIR_STORE_PROFILE',
  });
});

t.test('a changed file is refused, a new one is applied', async (t) => {
  const directory = join(fixture.directory, 'migrations');
  await mkdir(directory);
  await cp(SOURCE, directory, { recursive: true });
  await writeFile(
    join(directory, '9000_more.sql'),
    'CREATE TABLE IF NOT EXISTS {database}.more (a UInt8) ENGINE = MergeTree ORDER BY a;\n',
  );
  t.same(await applyMigrations(fixture.store, { ...FULL, directory }), ['9000_more.sql']);
  const path = join(directory, '0001_events.sql');
  await writeFile(path, `${await readFile(path, 'utf8')}-- changed\n`);
  await t.rejects(applyMigrations(fixture.store, { ...FULL, directory }), {
    code: 'WEIR_MIGRATION_CHANGED',
  });
});

t.test(
  'a table from before ZSTD by default keeps its rows, which get it when they are merged',
  async (t) => {
    const directory = join(fixture.directory, 'before-0011');
    const newest = '0011_default_codec.sql';
    await cp(SOURCE, directory, { recursive: true, filter: (path) => !path.endsWith(newest) });
    const options = { ...FULL, eventsTable: 'older.events' };
    await applyMigrations(fixture.store, { ...options, directory });
    for (const first of [0, 1_000])
      await fixture.store.command(
        "INSERT INTO older.events (tenant_id, stream, seq, message, ingest_time) SELECT 't', 's', " +
          'number, toString(number), now() FROM numbers({first:UInt64}, 1000)',
        { first },
      );
    const stored = (): Promise<unknown[]> =>
      fixture.store.query(
        'SELECT count() AS rows, sum(toUInt64(message)) AS sum FROM older.events',
      );
    const before = await stored();
    t.same(before, [{ rows: '2000', sum: '1999000' }]);
    t.same(await applyMigrations(fixture.store, options), [newest]);
    t.same(await stored(), before);
    await fixture.store.command('OPTIMIZE TABLE older.events FINAL');
    t.same(await stored(), before);
    t.same(
      await fixture.store.query(
        'SELECT DISTINCT default_compression_codec AS codec FROM system.parts ' +
          "WHERE database = 'older' AND table = 'events' AND active",
      ),
      [{ codec: 'ZSTD(1)' }],
    );
  },
);

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

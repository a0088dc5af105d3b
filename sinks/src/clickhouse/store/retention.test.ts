// Scenario: rows of three retention classes, older and younger than their retention, are put into
// the tables by SQL; the retention is changed on tables that hold rows.
// Guarantees: what has expired vanishes without an operator, by its class, and nothing else does;
// parts that were there before a change follow it; what a table's TTL says is read back as it was
// set; a table that says the same already is not touched.
import t from 'tap';
import { type StoreFixture, storeFixture } from '../testing/fixture.js';
import { applyMigrations } from './migrations.js';
import {
  daysExpression,
  parseRetention,
  type Retention,
  readRetention,
  retentionChanges,
  setRetention,
  ttlExpression,
} from './retention.js';
import { tableNames } from './tables.js';

const tables = tableNames();
let fixture: StoreFixture;

t.before(async () => {
  fixture = await storeFixture();
});
t.teardown(() => fixture.end());

async function insertOld(table: 'events' | 'quarantine', ages: readonly number[]): Promise<void> {
  for (const days of ages)
    await fixture.store.command(
      `INSERT INTO dev.${table} (tenant_id, stream, epoch, seq, ingest_time, retention_class, ` +
        "raw_data) SELECT 't', 's', 1, number, now64(6) - toIntervalDay({days:UInt32}), " +
        "['default', 'short', 'lo''ng\\\\]'][number % 3 + 1], 'x' FROM numbers(300)",
      { days },
    );
}

async function classes(table: 'events' | 'quarantine'): Promise<Record<string, number>> {
  const rows = await fixture.store.query<{ at: string; found: string }>(
    "SELECT concat(retention_class, ' ', toString(dateDiff('day', ingest_time, now()))) AS at, " +
      `count() AS found FROM dev.${table} GROUP BY at ORDER BY at`,
  );
  return Object.fromEntries(rows.map(({ at, found }) => [at, Number(found)]));
}

/** The engine drops expired parts by itself; this only looks. */
async function untilThere(
  table: 'events' | 'quarantine',
  wanted: Readonly<Record<string, number>>,
): Promise<Record<string, number>> {
  for (let look = 0; look < 200; look++) {
    const found = await classes(table);
    if (JSON.stringify(found) === JSON.stringify(wanted)) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return classes(table);
}

t.test('a retention is written as TTL and read back', async (t) => {
  const samples: readonly Retention[] = [
    { days: 90, classes: {} },
    { days: 90, classes: { short: 7, long: 365 } },
    { days: 1, classes: { "it's ]": 2, 'a\\b': 3, 'x, y': 4 } },
  ];
  for (const retention of samples) {
    const [change] = await retentionChanges(fixture.store, tables, { events: retention });
    if (change !== undefined) await setRetention(fixture.store, tables, change);
    const found = await readRetention(fixture.store, tables, 'events');
    t.same(found, retention);
    t.same(await retentionChanges(fixture.store, tables, { events: retention }), []);
  }
  t.equal(daysExpression({ days: 5, classes: { same: 5 } }), '5');
  t.equal(
    parseRetention('CREATE TABLE a (b Int) ENGINE = MergeTree TTL b + toIntervalHour(1)'),
    null,
  );
  t.equal(
    ttlExpression({ days: 90, classes: { short: 7 } }),
    "toDateTime(ingest_time) + toIntervalDay(transform(retention_class, ['short'], [7], 90))",
  );
  const bad = { events: { days: 0, classes: {} } };
  await t.rejects(retentionChanges(fixture.store, tables, bad), { code: 'WEIR_USAGE' });
});

t.test('expired rows vanish by class, also after a change', async (t) => {
  const { store } = fixture;
  const long = "lo'ng\\]";
  const options = { profile: 'full', retentionDays: 30, quarantineDays: 20 } as const;
  await applyMigrations(store, { ...options, retentionClasses: { short: 7, [long]: 365 } });
  for (const table of ['events', 'quarantine'] as const) await insertOld(table, [2, 10, 25, 400]);
  const kept = { [`${long} 10`]: 100, [`${long} 2`]: 100, [`${long} 25`]: 100 };
  t.same(
    await untilThere('events', {
      'default 10': 100,
      'default 2': 100,
      'default 25': 100,
      ...kept,
      'short 2': 100,
    }),
    {
      'default 10': 100,
      'default 2': 100,
      'default 25': 100,
      ...kept,
      'short 2': 100,
    },
  );
  const quarantined = { 'default 10': 100, 'default 2': 100, ...kept, 'short 2': 100 };
  t.same(await untilThere('quarantine', quarantined), quarantined, 'days of its own');
  // Parts are there that were written with the longer time.
  const [change] = await retentionChanges(store, tables, {
    events: { days: 5, classes: { short: 1, [long]: 15 } },
  });
  t.ok(change);
  if (change === undefined) return;
  await setRetention(store, tables, change, { isAwaited: true });
  const left = { 'default 2': 100, [`${long} 10`]: 100, [`${long} 2`]: 100 };
  t.same(await untilThere('events', left), left);
});

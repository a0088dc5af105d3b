// Scenario: all statements of a start, for a cluster. None runs here, so this is about the text.
// Guarantees: every DDL statement is for all servers, every table is replicated and keeps what its
// engine is given, the engine's own parser takes each, and without a cluster nothing changes.
import t from 'tap';
import { type StoreFixture, storeFixture } from '../testing/fixture.js';
import { onCluster } from './cluster.js';
import { applyMigrations } from './migrations.js';
import { STORE_PROFILES } from './profiles.js';
import type { Store } from './store.js';

const CLUSTER = "it's";
const ON = "ON CLUSTER 'it\\'s'";

let fixture: StoreFixture;
t.before(async () => {
  fixture = await storeFixture();
});
t.teardown(() => fixture.end());

/** On an empty server that takes everything. */
async function statementsOf(profile: 'full' | 'slim', cluster: string): Promise<string[]> {
  const statements: string[] = [];
  const recorder: Store = {
    ...fixture.store,
    url: '',
    query: async () => [],
    command: async (sql) => void statements.push(sql),
  };
  const options = { profile, cluster, eventsTable: 'siem.logs', retentionDays: 7 };
  await applyMigrations(recorder, options);
  return statements;
}

for (const profile of STORE_PROFILES)
  t.test(`the statements of a cluster, profile ${profile}`, async (t) => {
    const statements = await statementsOf(profile, CLUSTER);
    const single = await statementsOf(profile, '');
    t.equal(statements.length, single.length);
    let tableCount = 0;
    for (const [at, sql] of statements.entries()) {
      // Views are longer than a URL may be.
      const text = sql.replace(/[\\']/g, '\\$&');
      const [{ formatted } = { formatted: '' }] = await fixture.store.query<{ formatted: string }>(
        `SELECT formatQuerySingleLine('${text}') AS formatted`,
      );
      t.not(formatted, '', sql);
      const before = single[at] ?? '';
      if (sql.startsWith('INSERT')) {
        t.equal(sql, before);
        continue;
      }
      t.equal(sql.split(ON).length, 2, sql);
      if (sql.startsWith('CREATE TABLE')) {
        tableCount++;
        t.match(formatted, /ENGINE = Replicated(?:Replacing|Aggregating)?MergeTree\b/);
      } else t.notMatch(sql, /Replicated/);
      const back = sql.replace(` ${ON}`, '').replace('= Replicated', '= ');
      t.equal(back, before, 'nothing else differs');
    }
    t.equal(tableCount, 6, 'events, quarantine, dispositions, ledger, checkpoints, migrations');
    t.ok(statements.some((sql) => sql.includes('= ReplicatedReplacingMergeTree(superseded)')));
    t.ok(statements.some((sql) => sql.includes('= ReplicatedAggregatingMergeTree')));
  });

t.test('what is no DDL stays as it is', (t) => {
  for (const sql of ['SELECT 1', 'INSERT INTO a.b SELECT 1', 'KILL QUERY WHERE 1'])
    t.equal(onCluster(sql, CLUSTER), sql);
  t.equal(onCluster('ALTER TABLE a ADD COLUMN b Int8', ''), 'ALTER TABLE a ADD COLUMN b Int8');
  t.equal(
    onCluster('ALTER TABLE `a`.`b` DELETE WHERE 1', 'c'),
    "ALTER TABLE `a`.`b` ON CLUSTER 'c' DELETE WHERE 1",
  );
  t.end();
});

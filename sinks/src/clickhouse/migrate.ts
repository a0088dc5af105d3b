// Runner of database_migrations/apply-migrations.sh.
import { WeirError } from '@weir/pipeline';
import { applyMigrations, createStore, STORE_PROFILES } from './store/index.js';

const url = process.env.CLICKHOUSE_URL ?? 'http://localhost:8123';
const eventsTable = process.env.EVENTS_TABLE;
const profile = STORE_PROFILES.find((name) => name === (process.env.STORE_PROFILE || 'full'));
const store = createStore({ url });
try {
  if (profile === undefined)
    throw new WeirError('WEIR_USAGE', `STORE_PROFILE must be one of ${STORE_PROFILES.join(', ')}`);
  const table = eventsTable === undefined ? {} : { eventsTable };
  const cluster = process.env.STORE_CLUSTER ?? '';
  const applied = await applyMigrations(store, { ...table, profile, cluster });
  for (const name of applied) console.log(`applied ${name}`);
  if (applied.length === 0) console.log('nothing to apply');
} catch (error) {
  if (!(error instanceof WeirError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await store.close();
}

// Runner of database_migrations/apply-migrations.sh.
import { WeirError } from '@weir/pipeline';
import { applyMigrations, createStore } from './store/index.js';

const url = process.env.CLICKHOUSE_URL ?? 'http://localhost:8123';
const eventsTable = process.env.EVENTS_TABLE;
const store = createStore({ url });
try {
  const applied = await applyMigrations(store, eventsTable === undefined ? {} : { eventsTable });
  for (const name of applied) console.log(`applied ${name}`);
  if (applied.length === 0) console.log('nothing to apply');
} catch (error) {
  if (!(error instanceof WeirError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await store.close();
}

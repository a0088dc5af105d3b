// Which profile an events table was made with, and the refusal of another one. Only reads.
import { type StoreProfile, WeirError } from '@weir/pipeline';
import { missingIdentityColumns, profileOfColumns } from './profiles.js';
import type { Store } from './store.js';
import { type TableNames, tableNames } from './tables.js';

/** The migration that makes the events table: its name says the profile. */
const EVENTS_VERSION = 1;
/** NNNN_name.sql, or NNNN_name.PROFILE.sql. */
export const MIGRATION_FILE = /^(\d{4})_(\w+)(?:\.(\w+))?\.sql$/;

/**
 * Throws WEIR_STORE_PROFILE for an events table that was made with another profile, also if it was
 * dropped since, and for a table of this name that is no events table.
 */
export async function checkProfile(
  store: Store,
  profile: StoreProfile,
  eventsTable?: string,
): Promise<void> {
  const tables = tableNames(eventsTable);
  const name = `${tables.database}.${tables.eventsName}`;
  const columns = await columnsOf(store, tables.database, tables.eventsName);
  const isThere = columns.length > 0;
  const missing = isThere ? missingIdentityColumns(columns) : [];
  if (missing.length > 0) {
    throw new WeirError(
      'WEIR_STORE_PROFILE',
      `${name} is no events table of Weir: it has no ${missing.join(', ')}; ` +
        'name another store.events_table',
      { missing: missing.length, profile },
    );
  }
  // People may add columns of their own, so the columns decide only where nothing was noted.
  const found =
    (await recordedProfile(store, tables)) ?? (isThere ? profileOfColumns(columns) : null);
  if (found === null || found === profile) return;
  const since = isThere ? '' : ' (and dropped since, which changes nothing about that)';
  throw new WeirError(
    'WEIR_STORE_PROFILE',
    `${name} was made with store.profile = "${found}", not "${profile}"${since}; ` +
      'set that profile, or name another store.events_table, in a database and with a data_dir ' +
      'of its own',
    { found, profile },
  );
}

/** Null without a record under the table's own name, and where records contradict each other. */
async function recordedProfile(store: Store, tables: TableNames): Promise<string | null> {
  const columns = await columnsOf(store, tables.database, 'weir_migrations');
  if (!columns.includes('events_table')) return null;
  const rows = await store.query<{ name: string }>(
    `SELECT DISTINCT name FROM ${tables.migrations} ` +
      'WHERE version = {version:UInt32} AND events_table = {events:String}',
    { version: EVENTS_VERSION, events: tables.eventsName },
  );
  const profiles = new Set(rows.map(({ name }) => MIGRATION_FILE.exec(name)?.[3] ?? 'full'));
  const [only = null] = profiles;
  return profiles.size === 1 ? only : null;
}

/** Empty for a table that is not there. */
export async function columnsOf(store: Store, database: string, table: string): Promise<string[]> {
  const rows = await store.query<{ name: string }>(
    'SELECT name FROM system.columns ' +
      'WHERE database = {database:String} AND table = {table:String}',
    { database, table },
  );
  return rows.map(({ name }) => name);
}

// Applies database_migrations/NNNN_name.sql in order, once each, and notes them with their
// checksum.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StoreProfile, WeirError } from '@weir/pipeline';
import { PROFILES, profileOfColumns } from './profiles.js';
import type { Store } from './store.js';
import { type TableNames, tableNames } from './tables.js';

export interface MigrationOptions {
  /** Default `dev.events`. */
  readonly eventsTable?: string;
  /** Columns of the events table; a table keeps the profile it was made with. Default `full`. */
  readonly profile?: StoreProfile;
  /** Days that events and quarantine are kept; applied to tables that exist, too. Default 90. */
  readonly retentionDays?: number;
  /**
   * Whether raw_data has its text index; applied to a table that exists, too. It makes a rare token
   * thirty times faster to find, and costs as much processor time as all the rest of an INSERT.
   * Default: as the profile has it.
   */
  readonly textIndex?: boolean;
  /** Default: database_migrations of the package, or of this repository. */
  readonly directory?: string;
}

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

const IN_SOURCE_TREE = fileURLToPath(new URL('../../../../database_migrations', import.meta.url));
const IN_PACKAGE = fileURLToPath(new URL('../../../database_migrations', import.meta.url));
const DIRECTORY_DEFAULT = existsSync(IN_SOURCE_TREE) ? IN_SOURCE_TREE : IN_PACKAGE;
export const RETENTION_DAYS_DEFAULT = 90;
const TEXT_INDEX = 'raw_data_text';
/** NNNN_name.sql, or NNNN_name.PROFILE.sql. */
const FILE_NAME = /^(\d{4})_(\w+)(?:\.(\w+))?\.sql$/;

/**
 * Returns the names of those that were applied now. Throws WEIR_MIGRATION_CHANGED, and
 * WEIR_STORE_PROFILE before anything is touched.
 */
export async function applyMigrations(
  store: Store,
  options: MigrationOptions = {},
): Promise<string[]> {
  const tables = tableNames(options.eventsTable);
  const retentionDays = options.retentionDays ?? RETENTION_DAYS_DEFAULT;
  const profile = options.profile ?? 'full';
  const migrations = readMigrations(options.directory ?? DIRECTORY_DEFAULT, profile);
  await checkProfile(store, profile, options.eventsTable);
  await store.command(`CREATE DATABASE IF NOT EXISTS \`${tables.database}\``);
  await store.command(
    `CREATE TABLE IF NOT EXISTS ${tables.migrations} (version UInt32, name String, ` +
      "checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)) " +
      'ENGINE = MergeTree ORDER BY version ' +
      'SETTINGS fsync_after_insert = 1, fsync_part_directory = 1',
  );
  await store.command(
    `ALTER TABLE ${tables.migrations} ADD COLUMN IF NOT EXISTS events_table String DEFAULT ''`,
  );
  const done = await appliedChecksums(store, tables);
  const applied: string[] = [];
  for (const migration of migrations) {
    const before = done.get(migration.version);
    if (before !== undefined) {
      if (before !== migration.checksum) throw changedError(migration, before);
      continue;
    }
    for (const statement of statementsOf(migration.sql, tables, retentionDays))
      await store.command(statement);
    // Statements can run twice (IF NOT EXISTS), so a crash before this line only repeats them.
    await store.command(
      `INSERT INTO ${tables.migrations} (version, name, checksum, events_table) ` +
        'SELECT {version:UInt32}, {name:String}, {checksum:String}, {events:String}',
      {
        version: migration.version,
        name: migration.name,
        checksum: migration.checksum,
        events: tables.eventsName,
      },
    );
    applied.push(migration.name);
  }
  await setRetention(store, tables, retentionDays);
  await setTextIndex(store, tables, options.textIndex ?? PROFILES[profile].hasTextIndex);
  return applied;
}

/** Throws WEIR_STORE_PROFILE for an events table that was made with another profile; only reads. */
export async function checkProfile(
  store: Store,
  profile: StoreProfile,
  eventsTable?: string,
): Promise<void> {
  const { database, eventsName } = tableNames(eventsTable);
  const columns = await store.query<{ name: string }>(
    'SELECT name FROM system.columns ' +
      'WHERE database = {database:String} AND table = {events:String}',
    { database, events: eventsName },
  );
  if (columns.length === 0) return;
  const found = profileOfColumns(columns.map(({ name }) => name));
  if (found === profile) return;
  throw new WeirError(
    'WEIR_STORE_PROFILE',
    `${database}.${eventsName} was made with store.profile = "${found}", not "${profile}"; ` +
      'set that profile, or name another store.events_table, in a database and with a data_dir ' +
      'of its own',
    { found, profile },
  );
}

/** `NNNN_name.slim.sql` takes the place of `NNNN_name.sql` in a store of the slim profile. */
export function readMigrations(directory: string, profile: StoreProfile = 'full'): Migration[] {
  const migrations: Migration[] = [];
  const names = readdirSync(directory).sort();
  for (const name of names) {
    const [, version, stem, only] = FILE_NAME.exec(name) ?? [];
    if (version === undefined || (only !== undefined && only !== profile)) continue;
    if (only === undefined && names.includes(`${version}_${stem}.${profile}.sql`)) continue;
    const sql = readFileSync(join(directory, name), 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    migrations.push({ version: Number(version), name, sql, checksum });
  }
  return migrations;
}

/**
 * Of this events table: another name in the same database gets tables of its own. Rows from before
 * the column was there name none; they are about the events table that exists.
 */
async function appliedChecksums(store: Store, tables: TableNames): Promise<Map<number, string>> {
  const rows = await store.query<{ version: number; checksum: string }>(
    `SELECT version, any(checksum) AS checksum FROM ${tables.migrations} ` +
      "WHERE events_table = {events:String} OR events_table = '' AND (SELECT count() " +
      'FROM system.tables WHERE database = {database:String} AND name = {events:String}) > 0 ' +
      'GROUP BY version',
    { events: tables.eventsName, database: tables.database },
  );
  return new Map(rows.map((row) => [row.version, row.checksum]));
}

function statementsOf(sql: string, tables: TableNames, retentionDays: number): string[] {
  const values: Readonly<Record<string, string>> = {
    database: `\`${tables.database}\``,
    events: tables.events,
    retention_days: String(retentionDays),
  };
  return sql
    .replace(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((text) =>
      text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole).trim(),
    )
    .filter((text) => text !== '');
}

/** A migration fixes the retention of its day; this follows the configuration afterwards. */
async function setRetention(store: Store, tables: TableNames, days: number): Promise<void> {
  const rows = await store.query<{ name: string; ddl: string }>(
    'SELECT name, create_table_query AS ddl FROM system.tables ' +
      'WHERE database = {database:String} AND name IN ({events:String}, {quarantine:String})',
    { database: tables.database, events: tables.eventsName, quarantine: 'quarantine' },
  );
  for (const { name, ddl } of rows) {
    if (ddl.includes(`toIntervalDay(${days})`)) continue;
    await store.command(
      `ALTER TABLE \`${tables.database}\`.\`${name}\` ` +
        `MODIFY TTL toDateTime(ingest_time) + INTERVAL ${days} DAY`,
      {},
      { materialize_ttl_after_modify: 0 },
    );
  }
}

/** Rows that are there already get the index as their parts are merged. */
async function setTextIndex(store: Store, tables: TableNames, isWanted: boolean): Promise<void> {
  const rows = await store.query(
    'SELECT name FROM system.data_skipping_indices ' +
      'WHERE database = {database:String} AND table = {events:String} AND name = {name:String}',
    { database: tables.database, events: tables.eventsName, name: TEXT_INDEX },
  );
  if (rows.length > 0 === isWanted) return;
  const change = isWanted
    ? `ADD INDEX ${TEXT_INDEX} lower(raw_data) TYPE text(tokenizer = splitByNonAlpha)`
    : `DROP INDEX ${TEXT_INDEX}`;
  await store.command(`ALTER TABLE ${tables.events} ${change}`);
}

function changedError(migration: Migration, before: string): WeirError {
  return new WeirError(
    'WEIR_MIGRATION_CHANGED',
    `${migration.name} was applied with another text (sha256 ${before.slice(0, 12)}, ` +
      `now ${migration.checksum.slice(0, 12)}); restore the file, ` +
      'and put the change into a new one',
    { name: migration.name },
  );
}

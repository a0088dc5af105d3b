// Applies database_migrations/NNNN_name.sql in order, once each, and notes them with their
// checksum.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StoreProfile, WeirError } from '@weir/pipeline';
import { viewStatements } from '../views/index.js';
import { checkProfile, columnsOf, MIGRATION_FILE } from './check-profile.js';
import { onCluster } from './cluster.js';
import { PROFILES } from './profiles.js';
import {
  RETENTION_DAYS_DEFAULT,
  type Retention,
  type RetentionChange,
  readRetention,
  retentionChanges,
  setRetention,
} from './retention.js';
import type { Store } from './store.js';
import { type TableNames, tableNames } from './tables.js';

export interface MigrationOptions {
  /** Default `dev.events`. */
  readonly eventsTable?: string;
  /** Columns of the events table; a table keeps the profile it was made with. */
  readonly profile: StoreProfile;
  /**
   * Days that events and quarantine are kept; applied to tables that exist, too. Without it they
   * stay as they are, and new ones get 90.
   */
  readonly retentionDays?: number;
  /** Of classes that differ, in both tables. */
  readonly retentionClasses?: Readonly<Record<string, number>>;
  /** Of rows in quarantine whose class has no days of its own; default as `retentionDays`. */
  readonly quarantineDays?: number;
  /**
   * Whether raw_data has its text index; applied to a table that exists, too. It makes a rare token
   * thirty times faster to find, and costs as much processor time as all the rest of an INSERT.
   * Default: as the profile has it.
   */
  readonly textIndex?: boolean;
  /** Name of the cluster that the tables are made on; empty or absent for none. */
  readonly cluster?: string;
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
const TEXT_INDEX = 'raw_data_text';

/**
 * Returns the names of those that were applied now. Throws WEIR_MIGRATION_CHANGED, and
 * WEIR_STORE_PROFILE before anything is touched; of two that begin on an empty server at once with
 * different profiles, the one whose table was not made gets it, and notes no migration.
 */
export async function applyMigrations(store: Store, options: MigrationOptions): Promise<string[]> {
  const tables = tableNames(options.eventsTable);
  const { profile, cluster = '' } = options;
  const command = (sql: string): Promise<void> => store.command(onCluster(sql, cluster));
  await checkProfile(store, profile, options.eventsTable);
  await command(`CREATE DATABASE IF NOT EXISTS \`${tables.database}\``);
  await command(
    `CREATE TABLE IF NOT EXISTS ${tables.migrations} (version UInt32, name String, ` +
      "checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)) " +
      'ENGINE = MergeTree ORDER BY version ' +
      'SETTINGS fsync_after_insert = 1, fsync_part_directory = 1',
  );
  await command(
    `ALTER TABLE ${tables.migrations} ADD COLUMN IF NOT EXISTS events_table String DEFAULT ''`,
  );
  const applied: string[] = [];
  for (const migration of await pendingMigrations(store, options)) {
    for (const statement of migration.statements) await command(statement);
    // CREATE IF NOT EXISTS says nothing when another collector was first, with another profile.
    await checkProfile(store, profile, options.eventsTable);
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
  for (const change of await retentionChanges(store, tables, wantedRetention(options)))
    await setRetention(store, tables, change, { onCluster: (sql) => onCluster(sql, cluster) });
  const textIndex = options.textIndex ?? PROFILES[profile].hasTextIndex;
  const change = await textIndexChange(store, tables, textIndex);
  if (change !== null) await command(change);
  if (PROFILES[profile].hasLists) for (const view of viewStatements(tables)) await command(view);
  return applied;
}

/** What `applyMigrations` would do. Only reads; throws as it does. */
export async function planMigrations(
  store: Store,
  options: MigrationOptions,
): Promise<MigrationPlan> {
  const tables = tableNames(options.eventsTable);
  await checkProfile(store, options.profile, options.eventsTable);
  const pending = await pendingMigrations(store, options);
  const isThere = (await readRetention(store, tables, 'events')) !== null;
  return {
    pending: pending.map(({ name, statements }) => ({
      name,
      statements: statements.map((sql) => onCluster(sql, options.cluster ?? '')),
    })),
    // New tables are made with what is wanted.
    retention: isThere ? await retentionChanges(store, tables, wantedRetention(options)) : [],
  };
}

export interface MigrationPlan {
  readonly pending: readonly { readonly name: string; readonly statements: readonly string[] }[];
  readonly retention: readonly RetentionChange[];
}

/** Both tables, as far as somebody said something about it. */
export function wantedRetention(
  options: Pick<MigrationOptions, 'retentionDays' | 'retentionClasses' | 'quarantineDays'>,
): Partial<Record<'events' | 'quarantine', Retention>> {
  const { retentionDays: days, retentionClasses: classes = {}, quarantineDays } = options;
  if (days === undefined) return {};
  return { events: { days, classes }, quarantine: { days: quarantineDays ?? days, classes } };
}

interface PendingMigration extends Migration {
  readonly statements: readonly string[];
}

/** In order. Throws WEIR_MIGRATION_CHANGED. */
async function pendingMigrations(
  store: Store,
  options: MigrationOptions,
): Promise<PendingMigration[]> {
  const tables = tableNames(options.eventsTable);
  const { profile, retentionDays = RETENTION_DAYS_DEFAULT } = options;
  const migrations = readMigrations(options.directory ?? null, profile);
  const done = await appliedMigrations(store, tables, migrations);
  const pending: PendingMigration[] = [];
  for (const migration of migrations) {
    const before = done.get(migration.version) ?? [];
    if (before.some(({ checksum }) => checksum === migration.checksum)) continue;
    const [other] = before;
    if (other !== undefined) {
      // Somebody may have made the tables since the first look: then it is the profile's name.
      await checkProfile(store, profile, options.eventsTable);
      throw changedError(migration, other.checksum);
    }
    const statements = statementsOf(migration.sql, tables, retentionDays);
    pending.push({ ...migration, statements });
  }
  return pending;
}

/**
 * `NNNN_name.slim.sql` takes the place of `NNNN_name.sql` in a store of the slim profile.
 * `directory`: null for that of the package.
 */
export function readMigrations(directory: string | null, profile: StoreProfile): Migration[] {
  const migrations: Migration[] = [];
  const folder = directory ?? DIRECTORY_DEFAULT;
  const names = readdirSync(folder).sort();
  for (const name of names) {
    const [, version, stem, only] = MIGRATION_FILE.exec(name) ?? [];
    if (version === undefined || (only !== undefined && only !== profile)) continue;
    if (only === undefined && names.includes(`${version}_${stem}.${profile}.sql`)) continue;
    const sql = readFileSync(join(folder, name), 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    migrations.push({ version: Number(version), name, sql, checksum });
  }
  return migrations;
}

interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

/**
 * Of this events table, by version: another name in the same database gets tables of its own. Rows
 * from before the column was there name none. They are about an events table that exists, was made
 * by files of these names, and of which no row with its own name says otherwise.
 */
async function appliedMigrations(
  store: Store,
  tables: TableNames,
  migrations: readonly Migration[],
): Promise<Map<number, AppliedMigration[]>> {
  const columns = await columnsOf(store, tables.database, 'weir_migrations');
  if (columns.length === 0) return new Map();
  // Before there was the column, there was one events table.
  const named = columns.includes('events_table') ? '' : "WITH '' AS events_table ";
  const rows = await store.query<AppliedMigration & { events_table: string }>(
    `${named}SELECT DISTINCT version, name, checksum, events_table FROM ${tables.migrations} ` +
      "WHERE events_table = {events:String} OR events_table = '' AND (SELECT count() " +
      'FROM system.tables WHERE database = {database:String} AND name = {events:String}) > 0',
    { events: tables.eventsName, database: tables.database },
  );
  const own = rows.filter((row) => row.events_table !== '');
  const unnamed = rows.filter((row) => row.events_table === '');
  const isOurs = unnamed.every(({ version, name }) => {
    const migration = migrations.find((one) => one.version === version);
    const isNamed = own.some((row) => row.version === version);
    return !isNamed && (migration === undefined || migration.name === name);
  });
  const done = new Map<number, AppliedMigration[]>();
  for (const row of isOurs ? [...own, ...unnamed] : own) {
    done.set(row.version, [...(done.get(row.version) ?? []), row]);
  }
  return done;
}

/** Statements of a file, with the names filled in. */
export function statementsOf(sql: string, tables: TableNames, retentionDays: number): string[] {
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

/** Rows that are there already get the index as their parts are merged. */
async function textIndexChange(
  store: Store,
  tables: TableNames,
  isWanted: boolean,
): Promise<string | null> {
  const rows = await store.query(
    'SELECT name FROM system.data_skipping_indices ' +
      'WHERE database = {database:String} AND table = {events:String} AND name = {name:String}',
    { database: tables.database, events: tables.eventsName, name: TEXT_INDEX },
  );
  if (rows.length > 0 === isWanted) return null;
  const change = isWanted
    ? `ADD INDEX ${TEXT_INDEX} lower(raw_data) TYPE text(tokenizer = splitByNonAlpha)`
    : `DROP INDEX ${TEXT_INDEX}`;
  return `ALTER TABLE ${tables.events} ${change}`;
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

// Backups by the engine's own BACKUP and RESTORE, one statement a part, in an order: the loader
// writes rows, then dispositions, then the ledger, and a requeue marks its row in quarantine behind
// the event. What is written last is taken first, so that a backup of a store at work holds no
// number whose row it lacks. The part with the events is the last: where it is, all are.
import { type StoreProfile, type Timers, WeirError } from '@weir/pipeline';
import { onCluster } from '../store/cluster.js';
import type { Store, TableNames } from '../store/index.js';
import { schemaNames } from './schema-names.js';

/** Where a part of a backup is, as ClickHouse names it: `File('/x/ledger')`. */
export type BackupPlace = (part: string) => string;

export interface BackupOptions {
  readonly store: Store;
  readonly tables: TableNames;
  readonly profile: StoreProfile;
  readonly place: BackupPlace;
  readonly timers: Timers;
  readonly cluster?: string;
}

/** Parts with the tables in them; views and whatever else there is go with the last. */
const FIRST_PARTS = ['ledger', 'dispositions', 'quarantine'] as const;
const LAST_PART = 'events';
const POLL_MS = 50;
const POLL_MS_MAX = 1_000;

/** Names of the parts in the order in which they are taken. Rejects as the statements do. */
export async function backupTables(options: BackupOptions): Promise<readonly string[]> {
  const { store, tables, profile } = options;
  const names = schemaNames(tables, profile);
  const there = await existing(store, tables.database);
  const rest = [...names.tables, ...names.views].filter(
    (name) => there.has(name) && !FIRST_PARTS.some((part) => part === name),
  );
  if (!rest.includes(tables.eventsName))
    throw new WeirError(
      'WEIR_STORE_REJECTED',
      `there is no table ${tables.database}.${tables.eventsName}: nothing to back up`,
    );
  const parts: string[] = [];
  for (const part of FIRST_PARTS) {
    if (!there.has(part)) continue;
    await run(options, 'BACKUP', tablesOf(tables.database, [part]), part);
    parts.push(part);
  }
  await run(options, 'BACKUP', tablesOf(tables.database, rest), LAST_PART);
  return [...parts, LAST_PART];
}

/**
 * Into a database without tables of these names. The last part is restored first: where it is
 * missing, the backup is none.
 */
export async function restoreTables(options: BackupOptions): Promise<void> {
  const { tables } = options;
  await restoreInto(options, tables.database);
}

/**
 * Beside the tables that are there, and then in their place: a backup that is not whole leaves them
 * as they are.
 */
export async function replaceTables(options: BackupOptions): Promise<void> {
  const { store, tables, profile, cluster = '' } = options;
  const command = (sql: string): Promise<void> => store.command(onCluster(sql, cluster));
  const aside = `${tables.database}_restoring`;
  await store.command(`DROP DATABASE IF EXISTS ${quote(aside)}${spread(options)} SYNC`);
  await restoreInto(options, aside);
  const found = await existing(store, aside);
  const names = schemaNames(tables, profile);
  await command(`CREATE DATABASE IF NOT EXISTS ${quote(tables.database)}`);
  for (const name of [...names.views, ...names.tables])
    await store.command(
      `${onCluster(`DROP TABLE IF EXISTS ${quote(tables.database)}.${quote(name)}`, cluster)} SYNC`,
    );
  for (const name of names.tables)
    if (found.has(name))
      await store.command(
        `RENAME TABLE ${quote(aside)}.${quote(name)} TO ` +
          `${quote(tables.database)}.${quote(name)}${spread(options)}`,
      );
  // A view that was restored aside reads the tables there.
  const views = names.views.filter((name) => found.has(name));
  if (views.length > 0) await run(options, 'RESTORE', tablesOf(tables.database, views), LAST_PART);
  await store.command(`DROP DATABASE IF EXISTS ${quote(aside)}${spread(options)} SYNC`);
}

async function restoreInto(options: BackupOptions, database: string): Promise<void> {
  const { store, tables } = options;
  const as = database === tables.database ? '' : ` AS ${quote(database)}`;
  const what = `DATABASE ${quote(tables.database)}${as}`;
  await store.command(`CREATE DATABASE IF NOT EXISTS ${quote(database)}${spread(options)}`);
  for (const part of [LAST_PART, ...FIRST_PARTS]) await run(options, 'RESTORE', what, part);
}

const quote = (name: string): string => `\`${name}\``;

const tablesOf = (database: string, names: readonly string[]): string =>
  names.map((name) => `TABLE ${quote(database)}.${quote(name)}`).join(', ');

async function existing(store: Store, database: string): Promise<Set<string>> {
  const rows = await store.query<{ name: string }>(
    'SELECT name FROM system.tables WHERE database = {database:String}',
    { database },
  );
  return new Set(rows.map(({ name }) => name));
}

const spread = ({ cluster = '' }: BackupOptions): string =>
  cluster === '' ? '' : ` ON CLUSTER '${cluster.replace(/[\\']/g, '\\$&')}'`;

/** Asynchronous, and asked after: a request would time out long before a large one is done. */
async function run(
  options: BackupOptions,
  verb: 'BACKUP' | 'RESTORE',
  what: string,
  part: string,
): Promise<void> {
  const { store, place, timers } = options;
  const way = verb === 'BACKUP' ? 'TO' : 'FROM';
  const [begun] = await store.query<{ id: string }>(
    `${verb} ${what}${spread(options)} ${way} ${place(part)} ASYNC`,
  );
  for (let pollMs = POLL_MS; ; pollMs = Math.min(pollMs * 2, POLL_MS_MAX)) {
    const rows = await store.query<{ status: string; error: string }>(
      'SELECT status, error FROM system.backups WHERE id = {id:String}',
      { id: begun?.id ?? '' },
    );
    const status = rows[0]?.status ?? 'forgotten by the server, which was restarted';
    if (status === 'BACKUP_CREATED' || status === 'RESTORED') return;
    if (status !== 'CREATING_BACKUP' && status !== 'RESTORING')
      throw new WeirError(
        'WEIR_STORE_REJECTED',
        `${verb} of ${part}: ${firstLine(rows[0]?.error ?? '') || status}`,
        { part },
      );
    await timers.sleep(pollMs);
  }
}

/** Without the addresses of the engine's stack. */
const firstLine = (error: string): string =>
  error.split(', Stack trace', 1)[0]?.split('\n', 1)[0]?.trim() ?? '';

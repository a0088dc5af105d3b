// Tables of variants: made from the events table, filled, merged, looked into.
import { applyMigrations, insertBlocks, type Store, type TableNames } from '@weir/sinks/clickhouse';
import type { DayOfEvents } from './events.js';
import type { TableColumn, Variant } from './variants.js';

/** The day of the events is long past: nothing must expire. */
const RETENTION_DAYS = 10_000;
const SETTLE_WAIT_MS = 600_000;

export async function makeEventsTable(store: Store, tables: TableNames): Promise<void> {
  const eventsTable = `${tables.database}.${tables.eventsName}`;
  await applyMigrations(store, { eventsTable, profile: 'full', retentionDays: RETENTION_DAYS });
}

export function columnsOfTable(store: Store, tables: TableNames): Promise<TableColumn[]> {
  return store.query<TableColumn>(
    'SELECT name, type, compression_codec AS codec FROM system.columns ' +
      'WHERE database = {database:String} AND table = {name:String} ORDER BY position',
    { database: tables.database, name: tables.eventsName },
  );
}

/** An empty table; `orderBy` and the columns are those of the variant, all else of the events'. */
export async function makeVariant(
  store: Store,
  tables: TableNames,
  table: string,
  variant: Variant,
): Promise<void> {
  const [row] = await store.query<{ engine: string; sorting_key: string }>(
    'SELECT engine_full AS engine, sorting_key FROM system.tables ' +
      'WHERE database = {database:String} AND name = {name:String}',
    { database: tables.database, name: tables.eventsName },
  );
  if (row === undefined) throw new Error('there is no events table');
  const { engine, sorting_key: key } = row;
  const orderBy = variant.orderBy ?? `(${key})`;
  const wanted = engine.replace(`ORDER BY (${key})`, `ORDER BY ${orderBy}`);
  await store.command(`DROP TABLE IF EXISTS ${table} SYNC`);
  await store.command(`CREATE TABLE ${table} AS ${tables.events} ENGINE = ${wanted}`);
  const changes = variant.changes(await columnsOfTable(store, tables));
  if (changes.length > 0) await store.command(`ALTER TABLE ${table} ${changes.join(', ')}`);
}

export async function fill(
  store: Store,
  table: string,
  columns: readonly TableColumn[],
  events: DayOfEvents,
): Promise<void> {
  const names = columns.map(({ name }) => name);
  for (let insert = 0; insert < events.insertCount; insert++)
    await insertBlocks(store, table, names, [events.blocksOf(insert)], `${table}-${insert}`);
}

/**
 * One part a partition, with a file a column, so that sizes do not depend on which merges came
 * first.
 */
export async function mergeAll(store: Store, table: string): Promise<void> {
  await store.command(
    `ALTER TABLE ${table} MODIFY SETTING min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0`,
  );
  const wait = { optimize_throw_if_noop: 1, max_execution_time: SETTLE_WAIT_MS / 1000 };
  await store.command(`OPTIMIZE TABLE ${table} FINAL`, {}, wait);
}

export interface TableSize {
  readonly parts: number;
  /** On disk, with indexes and marks. */
  readonly bytes: number;
  readonly indexBytes: number;
}

export async function sizeOf(store: Store, database: string, name: string): Promise<TableSize> {
  const [row] = await store.query<Record<keyof TableSize, string>>(
    'SELECT count() AS parts, sum(bytes_on_disk) AS bytes, ' +
      'sum(secondary_indices_compressed_bytes) AS indexBytes FROM system.parts ' +
      'WHERE database = {database:String} AND table = {name:String} AND active',
    { database, name },
  );
  return {
    parts: Number(row?.parts),
    bytes: Number(row?.bytes),
    indexBytes: Number(row?.indexBytes),
  };
}

/** Compressed bytes of the largest columns of wide parts. */
export function largestColumns(
  store: Store,
  database: string,
  name: string,
): Promise<{ column: string; bytes: string }[]> {
  return store.query(
    'SELECT column, sum(column_data_compressed_bytes) AS bytes FROM system.parts_columns ' +
      'WHERE database = {database:String} AND table = {name:String} AND active ' +
      'GROUP BY column ORDER BY bytes DESC LIMIT 12',
    { database, name },
  );
}

/** Rows, different numbers, and a hash of numbers and bytes: equal where the same events stand. */
export async function contentOf(store: Store, table: string): Promise<string> {
  const [row] = await store.query<{ content: string }>(
    "SELECT concat(toString(count()), ' rows, ', toString(uniqExact(tenant_id, stream, epoch, seq))," +
      " ' numbers, ', hex(groupBitXor(sipHash64(tenant_id, stream, epoch, seq, raw_data)))) " +
      `AS content FROM ${table}`,
  );
  return row?.content ?? '';
}

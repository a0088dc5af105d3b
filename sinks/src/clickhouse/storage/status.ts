// What the tables of a store hold, and what that takes. Reads system tables, and no row.
import type { Store, TableNames } from '../store/index.js';
import { type ExpiringTable, type Retention, readRetention } from '../store/retention.js';
import { type ColumnGroup, groupsOfWideParts } from './column-groups.js';

export interface TableStatus {
  readonly name: string;
  readonly rows: number;
  /** On disk, with indexes and marks. */
  readonly bytes: number;
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  /** Of secondary indexes; part of `bytes`. */
  readonly indexBytes: number;
  /** Active ones. */
  readonly parts: number;
  /** Of ingest_time, ISO 8601; null for none, and for tables that are not partitioned by it. */
  readonly oldest: string | null;
  readonly newest: string | null;
  /** Null for a table whose rows do not expire. */
  readonly retention: Retention | null;
}

export interface StorageStatus {
  /** Of the engine. */
  readonly version: string;
  readonly eventsTable: string;
  /** Highest migration that was applied; 0 for none. */
  readonly schemaVersion: number;
  readonly profile: 'full' | 'slim' | null;
  readonly tables: readonly TableStatus[];
  /**
   * Of the events table, as far as its parts have a file a column (wide parts); compact parts keep
   * all columns in one file.
   */
  readonly columnGroups: readonly ColumnGroup[];
}

type Answer = Record<
  | 'name'
  | 'row_count'
  | 'disk_bytes'
  | 'compressed'
  | 'uncompressed'
  | 'index_bytes'
  | 'part_count',
  string
> &
  Record<'oldest' | 'newest', string | null>;

const DATE_NONE = "toDateTime('1970-01-01 00:00:00', 'UTC')";

export async function readStorageStatus(store: Store, tables: TableNames): Promise<StorageStatus> {
  const [engine] = await store.query<{ version: string }>('SELECT version() AS version');
  const rows = await store.query<Answer>(
    'SELECT name, sum(rows) AS row_count, sum(bytes_on_disk) AS disk_bytes, ' +
      'sum(data_compressed_bytes) AS compressed, sum(data_uncompressed_bytes) AS uncompressed, ' +
      'sum(secondary_indices_compressed_bytes) AS index_bytes, countIf(active) AS part_count, ' +
      `formatDateTime(minIf(min_time, min_time > ${DATE_NONE}), '%FT%TZ', 'UTC') AS oldest, ` +
      `formatDateTime(max(max_time), '%FT%TZ', 'UTC') AS newest ` +
      'FROM (SELECT name FROM system.tables WHERE database = {database:String} ' +
      "AND engine LIKE '%MergeTree') AS t LEFT JOIN (SELECT * FROM system.parts " +
      'WHERE database = {database:String} AND active AND rows > 0) AS p ON t.name = p.table ' +
      'GROUP BY name ORDER BY name',
    { database: tables.database },
  );
  const found: TableStatus[] = [];
  for (const row of rows) found.push(await tableOf(store, tables, row));
  return {
    version: engine?.version ?? '',
    eventsTable: `${tables.database}.${tables.eventsName}`,
    ...(await schemaOf(store, tables, found)),
    tables: found,
    columnGroups: await groupsOfWideParts(store, tables),
  };
}

async function tableOf(store: Store, tables: TableNames, row: Answer): Promise<TableStatus> {
  const expiring: ExpiringTable | null =
    row.name === tables.eventsName ? 'events' : row.name === 'quarantine' ? 'quarantine' : null;
  const isDated = expiring !== null && Number(row.row_count) > 0;
  return {
    name: row.name,
    rows: Number(row.row_count),
    bytes: Number(row.disk_bytes),
    compressedBytes: Number(row.compressed),
    uncompressedBytes: Number(row.uncompressed),
    indexBytes: Number(row.index_bytes),
    parts: Number(row.part_count),
    oldest: isDated ? row.oldest : null,
    newest: isDated ? row.newest : null,
    retention: expiring === null ? null : await readRetention(store, tables, expiring),
  };
}

async function schemaOf(
  store: Store,
  tables: TableNames,
  found: readonly TableStatus[],
): Promise<Pick<StorageStatus, 'schemaVersion' | 'profile'>> {
  if (!found.some(({ name }) => name === 'weir_migrations'))
    return { schemaVersion: 0, profile: null };
  const rows = await store.query<{ schema_version: number; slim: number; first: number }>(
    `SELECT max(version) AS schema_version, countIf(version = 1 AND name LIKE '%.slim.sql') AS slim, ` +
      `countIf(version = 1) AS first FROM ${tables.migrations} ` +
      "WHERE events_table IN ({events:String}, '')",
    { events: tables.eventsName },
  );
  const row = rows[0];
  if (row === undefined || Number(row.first) === 0) return { schemaVersion: 0, profile: null };
  return {
    schemaVersion: Number(row.schema_version),
    profile: Number(row.slim) > 0 ? 'slim' : 'full',
  };
}

// Compression by groups of columns of the events table. Only wide parts have a file a column; for
// the others rows are copied into a table of its own, measured there, and thrown away.
import type { Store, TableNames } from '../store/index.js';

export interface ColumnGroup {
  readonly group: string;
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  /** Rows of the parts that were looked at. */
  readonly rows: number;
}

/** In the order in which they are shown; what is named in none is a field of the event. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  raw_data: ['raw_data'],
  'attributes and unmapped': ['attributes', 'unmapped'],
  identity: ['tenant_id', 'stream', 'epoch', 'seq', 'source', 'source_seq', 'retention_class'],
  times: ['time', 'ingest_time'],
  parser: ['parser', 'parser_version', 'status', 'marks'],
};
const FIELDS = 'fields';
const INDEXES = 'indexes';

const groupOf = (column: string): string =>
  Object.entries(GROUPS).find(([, columns]) => columns.includes(column))?.[0] ?? FIELDS;

export function groupsOfWideParts(store: Store, tables: TableNames): Promise<ColumnGroup[]> {
  return read(store, tables.database, tables.eventsName);
}

/**
 * Copies the newest rows, `rowsMax` at most, into a table beside the events table for as long as it
 * takes. `name` must be free.
 */
export async function sampleColumnGroups(
  store: Store,
  tables: TableNames,
  name: string,
  rowsMax: number,
): Promise<ColumnGroup[]> {
  const table = `\`${tables.database}\`.\`${name}\``;
  const [row] = await store.query<{ codec: string }>(
    "SELECT extract(engine_full, 'default_compression_codec = \\'([^\\']*)\\'') AS codec " +
      'FROM system.tables WHERE database = {database:String} AND name = {events:String}',
    { database: tables.database, events: tables.eventsName },
  );
  await store.command(
    `CREATE TABLE ${table} AS ${tables.events} ENGINE = MergeTree ` +
      'ORDER BY (tenant_id, toStartOfHour(ingest_time), stream, epoch, seq) ' +
      'SETTINGS min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0, ' +
      `default_compression_codec = '${row?.codec ?? ''}'`,
  );
  try {
    await store.command(
      `INSERT INTO ${table} SELECT * FROM ${tables.events} WHERE ingest_time >= (SELECT ` +
        `min(ingest_time) FROM (SELECT ingest_time FROM ${tables.events} ` +
        'ORDER BY ingest_time DESC LIMIT {rowsMax:UInt64})) LIMIT {rowsMax:UInt64}',
      { rowsMax },
      { max_insert_threads: 1, min_insert_block_size_rows: 1_048_576 },
    );
    return await read(store, tables.database, name);
  } finally {
    await store.command(`DROP TABLE IF EXISTS ${table} SYNC`);
  }
}

async function read(store: Store, database: string, table: string): Promise<ColumnGroup[]> {
  const where =
    'WHERE database = {database:String} AND table = {table:String} AND active ' +
    "AND part_type = 'Wide' AND rows > 0";
  const columns = await store.query<Record<'column' | 'compressed' | 'uncompressed', string>>(
    'SELECT column, sum(column_data_compressed_bytes) AS compressed, ' +
      `sum(column_data_uncompressed_bytes) AS uncompressed FROM system.parts_columns ${where} ` +
      'GROUP BY column',
    { database, table },
  );
  const parts = await store.query<Record<'compressed' | 'uncompressed' | 'row_count', string>>(
    'SELECT sum(secondary_indices_compressed_bytes) AS compressed, ' +
      'sum(secondary_indices_uncompressed_bytes) AS uncompressed, sum(rows) AS row_count ' +
      `FROM system.parts ${where}`,
    { database, table },
  );
  const rows = Number(parts[0]?.row_count ?? 0);
  if (rows === 0) return [];
  const sums = new Map<string, { compressedBytes: number; uncompressedBytes: number }>();
  for (const group of [...Object.keys(GROUPS), FIELDS, INDEXES])
    sums.set(group, { compressedBytes: 0, uncompressedBytes: 0 });
  const add = (group: string, compressed: string, uncompressed: string): void => {
    const sum = sums.get(group);
    if (sum === undefined) return;
    sum.compressedBytes += Number(compressed);
    sum.uncompressedBytes += Number(uncompressed);
  };
  for (const { column, compressed, uncompressed } of columns)
    add(groupOf(column), compressed, uncompressed);
  for (const { compressed, uncompressed } of parts) add(INDEXES, compressed, uncompressed);
  return [...sums.entries()]
    .filter(([, { uncompressedBytes }]) => uncompressedBytes > 0)
    .map(([group, sum]) => ({ group, ...sum, rows }));
}

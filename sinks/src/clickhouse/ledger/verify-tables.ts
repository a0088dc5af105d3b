// The deep check: does each table hold exactly the numbers that the ledger says, each once?
import type { Store, TableNames } from '../store/index.js';
import { nameOf } from './verify-ledger.js';

export interface TableStream {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly table: 'events' | 'quarantine';
  readonly rows: number;
  /** Rows beyond the first of their number, before any merge has removed them. */
  readonly duplicates: number;
  /** In the ledger and not in the table. */
  readonly absent: number;
  /** In the table and not in the ledger: in flight, if the loader runs. */
  readonly unaccounted: number;
}

export interface DeepReport {
  readonly streams: readonly TableStream[];
  readonly problems: readonly string[];
}

/** Rows that the tables' TTL has removed count as absent. */
export async function verifyTables(store: Store, tables: TableNames): Promise<DeepReport> {
  const streams = [
    ...(await compare(store, tables, 'events', 'stored')),
    ...(await compare(store, tables, 'quarantine', 'quarantined')),
  ];
  const problems: string[] = [];
  for (const entry of streams) {
    const name = `${nameOf(entry)}: ${entry.table}`;
    if (entry.duplicates > 0) problems.push(`${name} has ${entry.duplicates} rows twice`);
    if (entry.absent > 0)
      problems.push(`${name} lacks ${entry.absent} rows that the ledger says are there`);
    if (entry.unaccounted > 0)
      problems.push(`${name} has ${entry.unaccounted} rows that the ledger does not know`);
  }
  return { streams, problems };
}

async function compare(
  store: Store,
  tables: TableNames,
  table: 'events' | 'quarantine',
  kind: string,
): Promise<TableStream[]> {
  const rows = await store.query<{
    tenant_id: string;
    stream: string;
    epoch: string;
    total: string;
    duplicates: string;
    absent: string;
    unaccounted: string;
  }>(
    'SELECT tenant_id, stream, epoch, max(row_count) AS total, ' +
      'total - bitmapCardinality(groupBitmapMergeStateIf(seqs, source = 1) AS here) ' +
      'AS duplicates, ' +
      'bitmapAndnotCardinality(groupBitmapMergeStateIf(seqs, source = 2) AS noted, here) ' +
      'AS absent, bitmapAndnotCardinality(here, noted) AS unaccounted FROM (' +
      'SELECT tenant_id, stream, epoch, groupBitmapState(seq) AS seqs, count() AS row_count, ' +
      `1 AS source FROM ${tables[table]} GROUP BY tenant_id, stream, epoch ` +
      'UNION ALL SELECT tenant_id, stream, epoch, groupBitmapMergeState(seqs) AS seqs, ' +
      `toUInt64(0) AS row_count, 2 AS source FROM ${tables.ledger} ` +
      `WHERE kind = {kind:String} GROUP BY tenant_id, stream, epoch` +
      `) GROUP BY tenant_id, stream, epoch ORDER BY tenant_id, stream, epoch`,
    { kind },
  );
  return rows.map((row) => ({
    tenant: row.tenant_id,
    stream: row.stream,
    epoch: BigInt(row.epoch),
    table,
    rows: Number(row.total),
    duplicates: Number(row.duplicates),
    absent: Number(row.absent),
    unaccounted: Number(row.unaccounted),
  }));
}

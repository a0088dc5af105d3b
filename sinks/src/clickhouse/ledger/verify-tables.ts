// The deep check: does each table hold exactly the numbers that the ledger says, each once?
import type { Store, TableNames } from '../store/index.js';
import { daysExpression, daysMin, type Retention, readRetention } from '../store/retention.js';
import { streamKey } from './read-ledger.js';
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
  /** Of quarantine: rows whose events were requeued and are in the events table. */
  readonly superseded?: number;
}

export interface DeepReport {
  readonly streams: readonly TableStream[];
  readonly problems: readonly string[];
}

export interface DeepOptions {
  /** Only streams whose name starts so: a server may hold those of others. null: all. */
  readonly streamPrefix?: string | null;
  /** And these: streams of other nodes. */
  readonly alsoStreams?: readonly string[];
  /** A loader runs: rows above the ledger's highest number are in flight. */
  readonly isRunning?: boolean;
  /**
   * A requeue was begun and is not complete: rows of events that the ledger has as quarantined are
   * on their way.
   */
  readonly isRequeueOpen?: boolean;
}

/**
 * Rows that the TTL has removed do not count as absent. A stream's rows are inserted in the order
 * of (epoch, seq) and expire in that order; a row younger than the retention cannot have been
 * removed. So numbers count as absent from the first such row of their stream on, and all of them
 * while the tables themselves are younger than the retention. What is missing before that row, in
 * tables that are older, cannot be told from what has expired.
 */
export async function verifyTables(
  store: Store,
  tables: TableNames,
  options: DeepOptions = {},
): Promise<DeepReport> {
  // Before the tables are read: what comes meanwhile stands above it.
  const ledgerMax = options.isRunning ? await readLedgerMax(store, tables) : null;
  const mayBeRequeued = options.isRunning === true || options.isRequeueOpen === true;
  const streams: TableStream[] = [];
  for (const [table, kind] of [
    ['events', 'stored'],
    ['quarantine', 'quarantined'],
  ] as const) {
    const retention = await passedRetention(store, tables, table);
    const kinds = table === 'events' && mayBeRequeued ? ['stored', 'quarantined'] : [kind];
    for (const found of await compare(store, tables, table, kind, options)) {
      const mayBeRunning = ledgerMax !== null && (found.absent > 0 || found.unaccounted > 0);
      const mayBeExpired = retention !== null && found.absent > 0;
      const mayBeOnItsWay = kinds.length > 1 && found.unaccounted > 0;
      if (!mayBeRunning && !mayBeExpired && !mayBeOnItsWay) {
        streams.push(found);
        continue;
      }
      const key = streamKey(found.tenant, found.stream, found.epoch);
      const seqMax = ledgerMax === null ? Number.MAX_SAFE_INTEGER - 1 : (ledgerMax.get(key) ?? -1);
      const seqMin = mayBeExpired ? await firstKept(store, tables, found, retention) : 0;
      streams.push(await compareRange(store, tables, found, [kind, kinds], seqMin, seqMax));
    }
  }
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

const WANTED_STREAMS =
  '(startsWith(stream, {streamPrefix:String}) OR has({alsoStreams:Array(String)}, stream))';

/**
 * A row of quarantine that was parsed again comes as another version of it, told apart by these.
 * Not before they are merged is there one row a number, and that is no duplicate.
 */
const VERSION = {
  events: { keys: '', done: 'toUInt64(0)' },
  quarantine: { keys: ', superseded, attempt', done: 'groupBitmapIf(seq, superseded = 1)' },
} as const;

async function compare(
  store: Store,
  tables: TableNames,
  table: 'events' | 'quarantine',
  kind: string,
  options: DeepOptions,
): Promise<TableStream[]> {
  const streamPrefix = options.streamPrefix ?? '';
  const alsoStreams = [...(options.alsoStreams ?? [])];
  const version = VERSION[table];
  const rows = await store.query<{
    tenant_id: string;
    stream: string;
    epoch: string;
    total: string;
    duplicates: string;
    absent: string;
    unaccounted: string;
    superseded: string;
  }>(
    'SELECT tenant_id, stream, epoch, sum(row_count) AS total, ' +
      'sum(twice) AS duplicates, sum(done_count) AS superseded, ' +
      'bitmapAndnotCardinality(groupBitmapMergeStateIf(seqs, source = 2) AS noted, ' +
      'groupBitmapMergeStateIf(seqs, source = 1) AS here) AS absent, ' +
      'bitmapAndnotCardinality(here, noted) AS unaccounted FROM (' +
      'SELECT tenant_id, stream, epoch, groupBitmapState(seq) AS seqs, count() AS row_count, ' +
      `1 AS source, toInt64(row_count - groupBitmap(seq)) AS twice, ${version.done} AS done_count ` +
      `FROM ${tables[table]} WHERE ${WANTED_STREAMS} ` +
      `GROUP BY tenant_id, stream, epoch${version.keys} ` +
      'UNION ALL SELECT tenant_id, stream, epoch, groupBitmapMergeState(seqs) AS seqs, ' +
      'toUInt64(0) AS row_count, 2 AS source, toInt64(0) AS twice, toUInt64(0) AS done_count ' +
      `FROM ${tables.ledger} WHERE kind = {kind:String} AND ${WANTED_STREAMS} ` +
      'GROUP BY tenant_id, stream, epoch' +
      `) GROUP BY tenant_id, stream, epoch ORDER BY tenant_id, stream, epoch`,
    { kind, streamPrefix, alsoStreams },
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
    ...(Number(row.superseded) > 0 ? { superseded: Number(row.superseded) } : {}),
  }));
}

/** One stream and epoch again: absent only within the range, unaccounted only up to its end. */
async function compareRange(
  store: Store,
  tables: TableNames,
  found: TableStream,
  [kind, kindsKnown]: readonly [string, readonly string[]],
  seqMin: number,
  seqMax: number,
): Promise<TableStream> {
  const { tenant, stream, table } = found;
  const where =
    'WHERE tenant_id = {tenant:String} AND stream = {stream:String} AND epoch = {epoch:UInt64}';
  const rows = await store.query<{ absent: string; unaccounted: string }>(
    `WITH (SELECT groupBitmapState(seq) FROM ${tables[table]} ${where}) AS all_here, ` +
      `(SELECT groupBitmapMergeState(seqs) FROM ${tables.ledger} ${where} ` +
      'AND kind = {kind:String}) AS all_noted, ' +
      'bitmapSubsetInRange(all_here, toUInt64(0), {end:UInt64}) AS here, ' +
      `(SELECT groupBitmapMergeState(seqs) FROM ${tables.ledger} ${where} ` +
      'AND has({kindsKnown:Array(String)}, kind)) AS all_known, ' +
      'bitmapSubsetInRange(all_noted, {seqMin:UInt64}, {end:UInt64}) AS noted ' +
      'SELECT bitmapAndnotCardinality(noted, here) AS absent, ' +
      'bitmapAndnotCardinality(here, all_known) AS unaccounted',
    {
      ...{ tenant, stream, epoch: String(found.epoch), kind, kindsKnown, seqMin },
      end: seqMax + 1,
    },
  );
  const row = rows[0];
  return { ...found, absent: Number(row?.absent), unaccounted: Number(row?.unaccounted) };
}

async function readLedgerMax(store: Store, tables: TableNames): Promise<Map<string, number>> {
  const rows = await store.query<Record<'tenant_id' | 'stream' | 'epoch' | 'seq_max', string>>(
    `SELECT tenant_id, stream, epoch, seq_max FROM ${tables.ledgerByStream}`,
  );
  return new Map(
    rows.map((row) => [streamKey(row.tenant_id, row.stream, row.epoch), Number(row.seq_max)]),
  );
}

/** The table's retention, if the first migration is older than the shortest of it; else null. */
async function passedRetention(
  store: Store,
  tables: TableNames,
  table: 'events' | 'quarantine',
): Promise<Retention | null> {
  const retention = await readRetention(store, tables, table);
  if (retention === null) return null;
  const rows = await store.query<{ age_days: number }>(
    `SELECT dateDiff('day', min(applied_at), now()) AS age_days FROM ${tables.migrations}`,
  );
  return Number(rows[0]?.age_days) >= daysMin(retention) ? retention : null;
}

/**
 * First number of the stream's epoch that the TTL must have left; beyond all when there is none.
 */
async function firstKept(
  store: Store,
  tables: TableNames,
  { tenant, stream, epoch, table }: TableStream,
  retention: Retention,
): Promise<number> {
  const rows = await store.query<{ epoch: string; seq: string }>(
    `SELECT epoch, min(seq) AS seq FROM ${tables[table]} ` +
      'WHERE tenant_id = {tenant:String} AND stream = {stream:String} ' +
      `AND ingest_time + toIntervalDay(${daysExpression(retention)}) > now() ` +
      'GROUP BY epoch ORDER BY epoch LIMIT 1',
    { tenant, stream },
  );
  const first = rows[0];
  if (first === undefined || BigInt(first.epoch) > epoch) return Number.MAX_SAFE_INTEGER - 1;
  return BigInt(first.epoch) < epoch ? 0 : Number(first.seq);
}

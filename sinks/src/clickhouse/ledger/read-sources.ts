// What the tables hold of each source: its rows, its highest number, and its numbers that are in
// neither table.
import type { Store, TableNames } from '../store/index.js';
import type { SeqRange } from './ranges.js';

export interface SourceReport {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly source: string;
  readonly stored: number;
  readonly quarantined: number;
  /** Highest number of the source that is in a table. */
  readonly sourceSeqMax: number;
  /** Numbers below it in no table: filtered, lost, in flight, expired, or missing. */
  readonly absent: number;
  /** Which these are; the first ones only, of the sources that lack most. */
  readonly absentRanges: readonly SeqRange[];
}

export interface SourcesWanted {
  readonly streamPrefix: string | null;
  readonly alsoStreams: readonly string[];
}

/** Sources whose absent numbers are listed, and ranges of each. */
const LISTED_MAX = 50;
const RANGES_MAX = 100;

type Row = Record<
  'tenant_id' | 'stream' | 'epoch' | 'source' | 'stored' | 'quarantined' | 'seq_max' | 'received',
  string
>;

/** Those that lack most first. */
export async function readSources(
  store: Store,
  tables: TableNames,
  wanted: SourcesWanted,
): Promise<SourceReport[]> {
  const streamPrefix = wanted.streamPrefix ?? '';
  const alsoStreams = [...wanted.alsoStreams];
  const rows = await store.query<Row>(
    'SELECT tenant_id, stream, epoch, source, groupBitmapIf(source_seq, place = 1) AS stored, ' +
      // What was requeued is in both tables, and counts as stored.
      'bitmapAndnotCardinality(groupBitmapStateIf(source_seq, place = 2), ' +
      'groupBitmapStateIf(source_seq, place = 1)) AS quarantined, max(source_seq) AS seq_max, ' +
      `groupBitmap(source_seq) AS received FROM (${bothTables(tables)}) ` +
      'WHERE startsWith(stream, {streamPrefix:String}) OR has({alsoStreams:Array(String)}, stream) ' +
      'GROUP BY tenant_id, stream, epoch, source ' +
      'ORDER BY seq_max + 1 - received DESC, tenant_id, stream, epoch, source',
    { streamPrefix, alsoStreams },
  );
  const reports: SourceReport[] = [];
  for (const row of rows) {
    const absent = Number(row.seq_max) + 1 - Number(row.received);
    const isListed = absent > 0 && reports.length < LISTED_MAX;
    reports.push({
      tenant: row.tenant_id,
      stream: row.stream,
      epoch: BigInt(row.epoch),
      source: row.source,
      stored: Number(row.stored),
      quarantined: Number(row.quarantined),
      sourceSeqMax: Number(row.seq_max),
      absent,
      absentRanges: isListed ? await absentOf(store, tables, row) : [],
    });
  }
  return reports;
}

const bothTables = (tables: TableNames): string =>
  `SELECT tenant_id, stream, epoch, source, source_seq, 1 AS place FROM ${tables.events} ` +
  'UNION ALL ' +
  `SELECT tenant_id, stream, epoch, source, source_seq, 2 AS place FROM ${tables.quarantine}`;

async function absentOf(store: Store, tables: TableNames, row: Row): Promise<SeqRange[]> {
  const { tenant_id: tenant, stream, epoch, source } = row;
  const found = await store.query<{ first: string; last: string }>(
    // The number before each one that is there: a step of more than one is a hole.
    'SELECT before + 1 AS first, seq - 1 AS last FROM (SELECT arrayJoin(arrayZip(seqs, ' +
      'arrayPopBack(arrayPushFront(seqs, toInt64(-1))))) AS pair, pair.1 AS seq, ' +
      'pair.2 AS before FROM (SELECT arraySort(groupUniqArray(toInt64(source_seq))) AS seqs ' +
      `FROM (${bothTables(tables)}) WHERE tenant_id = {tenant:String} ` +
      'AND stream = {stream:String} AND epoch = {epoch:UInt64} AND source = {source:String})) ' +
      `WHERE seq > before + 1 ORDER BY first LIMIT ${RANGES_MAX}`,
    { tenant, stream, epoch, source },
  );
  return found.map(({ first, last }) => [Number(first), Number(last)]);
}

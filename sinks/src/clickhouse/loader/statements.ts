// The statements of the loader. Every one can be repeated without changing what the tables mean.
import { type Disposition, isPlanted, WeirError } from '@weir/pipeline';
import type { BatchHead } from '../../delivery/batch-head.js';
import type { Store, TableNames } from '../store/index.js';
import type { GroupEntry } from './group.js';
import { dispositionsOf, type Outcome, type OutcomeRanges } from './outcome.js';

/**
 * One part for one INSERT: no asynchronous insert, no split below a group's largest size. Blocks
 * are not deduplicated by the server: a killed server can keep a token without its rows, and
 * identical blocks without a token would vanish silently.
 */
export const INSERT_SETTINGS = {
  async_insert: 0,
  insert_deduplicate: 0,
  // A group has each number once: merging its rows with each other would copy them for nothing, a
  // fifth of the engine's work on an INSERT.
  optimize_on_insert: 0,
  // The first merge builds the text index; until then a search reads the new parts whole. Building
  // it at each INSERT, too, cost 40 instead of 25 CPU-seconds per million FortiGate rows.
  exclude_materialize_skip_indexes_on_insert: 'raw_data_text',
  max_insert_threads: 1,
  min_insert_block_size_rows: 1_048_576,
  min_insert_block_size_bytes: 268_435_456,
  input_format_native_allow_types_conversion: 1,
} as const;

export async function insertBlocks(
  store: Store,
  table: string,
  columns: readonly string[],
  blocks: readonly Uint8Array[],
  queryId: string,
  intentId = 0,
): Promise<void> {
  if (blocks.length === 0) return;
  // Planted: what the server remembers of a token stands for the rows.
  const settings = isPlanted('token_only_deduplication')
    ? { ...INSERT_SETTINGS, insert_deduplicate: 1, insert_deduplication_token: `${intentId}` }
    : INSERT_SETTINGS;
  const sql = `INSERT INTO ${table} (${columns.join(', ')}) FORMAT Native`;
  try {
    await store.insertNative(sql, blocks, { queryId, settings });
  } catch (error) {
    const isRefused = error instanceof WeirError && error.details.code === MEMORY_LIMIT_EXCEEDED;
    if (!isRefused || !isPlanted('ledger_without_rows')) throw error;
  }
}

const MEMORY_LIMIT_EXCEEDED = 241;

/** Rows have keys that derive from the numbers, so the same row again replaces itself. */
export async function insertDispositions(
  store: Store,
  tables: TableNames,
  entries: readonly GroupEntry[],
  queryId: string,
): Promise<void> {
  const rows: string[] = [];
  for (const entry of entries)
    for (const disposition of dispositionsOf(entry))
      rows.push(dispositionRow(entry.head, disposition));
  if (rows.length === 0) return;
  await store.command(
    `INSERT INTO ${tables.dispositions} (tenant_id, stream, epoch, kind, cause, seq_first, ` +
      `seq_ranges, event_count, ingest_time) VALUES ${rows.join(', ')}`,
    {},
    { ...STATEMENT_SETTINGS },
    queryId,
  );
}

function dispositionRow(head: BatchHead, disposition: Disposition): string {
  const ranges = disposition.seqRanges.map(([first, last]) => `(${first}, ${last})`);
  const values = [
    quote(head.tenant),
    quote(head.stream),
    String(head.epoch),
    quote(disposition.kind),
    quote(disposition.cause),
    String(disposition.seqRanges[0]?.[0] ?? 0),
    `[${ranges.join(', ')}]`,
    String(disposition.eventCount),
    `fromUnixTimestamp64Micro(${head.ingestUs})`,
  ];
  return `(${values.join(', ')})`;
}

/** Of statements with long lists. */
export const STATEMENT_SETTINGS = { async_insert: 0, max_query_size: 1 << 28 } as const;

/**
 * Notes the numbers in the ledger. Its sets swallow a number that they have already, so a repeated
 * intent changes nothing. The ranges travel as text, `first-last,...`: a literal of any length
 * costs the parser nothing, and the server makes the sets.
 */
export async function insertLedger(
  store: Store,
  tables: TableNames,
  outcome: Pick<Outcome, 'ranges'>,
  queryId: string,
): Promise<void> {
  const parts: string[] = [];
  for (const ranges of outcome.ranges) if (ranges.seqs.length > 0) parts.push(ledgerTuple(ranges));
  if (parts.length === 0) return;
  await store.command(
    `INSERT INTO ${tables.ledger} ` +
      'SELECT tenant_id, stream, epoch, intDiv(seq, 65536) AS bucket, kind, ' +
      'groupBitmapState(seq) ' +
      'FROM (SELECT entry.1 AS tenant_id, entry.2 AS stream, toUInt64(entry.3) AS epoch, ' +
      "entry.4 AS kind, splitByChar('-', arrayJoin(splitByChar(',', entry.5))) AS pair, " +
      'arrayJoin(range(toUInt64(pair[1]), toUInt64(pair[2]) + 1)) AS seq ' +
      `FROM (SELECT arrayJoin([${parts.join(', ')}]) AS entry)) ` +
      'GROUP BY tenant_id, stream, epoch, bucket, kind',
    {},
    { ...STATEMENT_SETTINGS, function_range_max_elements_in_block: 2_000_000_000 },
    queryId,
  );
}

function ledgerTuple(ranges: OutcomeRanges): string {
  const pairs: string[] = [];
  for (let i = 0; i < ranges.seqs.length; i += 2)
    pairs.push(`${ranges.seqs[i]}-${ranges.seqs[i + 1]}`);
  const { tenant, stream, epoch, kind } = ranges;
  return `(${quote(tenant)}, ${quote(stream)}, '${epoch}', '${kind}', '${pairs.join(',')}')`;
}

export const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

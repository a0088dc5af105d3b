// Rows of the quarantine table: which of them are asked for, and how they are read.
import type { InputFormat } from '@weir/pipeline';
import type { QueryParams, Store, TableNames } from '../store/index.js';

/** Absent: any. */
export interface QuarantineFilter {
  readonly reason?: string;
  readonly parser?: string;
  readonly source?: string;
  /** Bounds of ingest_time, inclusive, microseconds since 1970. */
  readonly sinceUs?: number;
  readonly untilUs?: number;
  /** One event. */
  readonly event?: EventKey;
}

export interface EventKey {
  readonly tenant: string;
  readonly stream: string;
  /** Decimal. */
  readonly epoch: string;
  readonly seq: number;
}

export interface QuarantineRow extends EventKey {
  readonly source: string;
  readonly sourceSeq: number;
  readonly ingestUs: number;
  readonly retentionClass: string;
  readonly reason: string;
  readonly marks: readonly string[];
  readonly failedOffset: number;
  /** Larger than the row's bytes if the event was cut. */
  readonly originalBytes: number;
  readonly parser: string;
  readonly parserVersion: string;
  /** Empty in rows of versions that did not note it. */
  readonly format: InputFormat | '';
  readonly context: string;
  readonly attempt: number;
  readonly isSuperseded: boolean;
  readonly raw: Buffer;
}

/** Where the next page starts: the sorting key of the last row of the one before. */
export interface PageEnd extends EventKey {
  readonly ingestUs: number;
}

/** Condition on `quarantine FINAL`, and its parameters. Superseded rows are left out. */
export function conditionOf(
  filter: QuarantineFilter,
  isSupersededToo = false,
): { readonly sql: string; readonly params: QueryParams } {
  const parts = isSupersededToo ? [] : ['superseded = 0'];
  const params: Record<string, unknown> = {};
  for (const name of ['reason', 'parser', 'source'] as const) {
    if (filter[name] === undefined) continue;
    parts.push(`${name} = {${name}:String}`);
    params[name] = filter[name];
  }
  if (filter.sinceUs !== undefined) {
    parts.push('ingest_time >= fromUnixTimestamp64Micro({sinceUs:Int64})');
    params.sinceUs = filter.sinceUs;
  }
  if (filter.untilUs !== undefined) {
    parts.push('ingest_time <= fromUnixTimestamp64Micro({untilUs:Int64})');
    params.untilUs = filter.untilUs;
  }
  if (filter.event !== undefined) {
    parts.push(
      'tenant_id = {tenant:String} AND stream = {stream:String} ' +
        'AND epoch = {epoch:UInt64} AND seq = {seq:UInt64}',
    );
    Object.assign(params, filter.event);
  }
  return { sql: parts.length === 0 ? '1' : parts.join(' AND '), params };
}

/** All versions of a row are in one partition. */
export const FINAL_SETTINGS = 'do_not_merge_across_partitions_select_final = 1';

type Answer = Readonly<Record<string, string | number | readonly string[]>>;

/** Oldest first, at most `limit` behind `after`. */
export async function readQuarantine(
  store: Store,
  tables: TableNames,
  filter: QuarantineFilter,
  page: {
    readonly limit: number;
    readonly after?: PageEnd | null;
    readonly isSupersededToo?: boolean;
    readonly isNewestFirst?: boolean;
  },
): Promise<QuarantineRow[]> {
  const { sql, params } = conditionOf(filter, page.isSupersededToo);
  const { after = null, limit } = page;
  const behind =
    after === null
      ? ''
      : 'AND (tenant_id, toStartOfHour(ingest_time), stream, epoch, seq) > ({afterTenant:String}, ' +
        'toStartOfHour(fromUnixTimestamp64Micro({afterUs:Int64})), {afterStream:String}, ' +
        '{afterEpoch:UInt64}, {afterSeq:UInt64}) ';
  const order = page.isNewestFirst
    ? 'ingest_time DESC, tenant_id, stream, epoch DESC, seq DESC'
    : 'tenant_id, toStartOfHour(ingest_time), stream, epoch, seq';
  const answers = await store.query<Answer>(
    'SELECT tenant_id, stream, epoch, seq, source, source_seq, ' +
      'toUnixTimestamp64Micro(ingest_time) AS ingest_us, retention_class, reason, marks, ' +
      'failed_offset, original_bytes, parser, parser_version, format, context, attempt, ' +
      `superseded, hex(raw_data) AS raw FROM ${tables.quarantine} FINAL WHERE ${sql} ${behind}` +
      `ORDER BY ${order} LIMIT {limit:UInt64} SETTINGS ${FINAL_SETTINGS}`,
    {
      ...params,
      limit,
      ...(after === null
        ? {}
        : {
            afterTenant: after.tenant,
            afterUs: after.ingestUs,
            afterStream: after.stream,
            afterEpoch: after.epoch,
            afterSeq: after.seq,
          }),
    },
  );
  return answers.map(rowOf);
}

function rowOf(answer: Answer): QuarantineRow {
  const text = (name: string): string => String(answer[name]);
  return {
    tenant: text('tenant_id'),
    stream: text('stream'),
    epoch: text('epoch'),
    seq: Number(answer.seq),
    source: text('source'),
    sourceSeq: Number(answer.source_seq),
    ingestUs: Number(answer.ingest_us),
    retentionClass: text('retention_class'),
    reason: text('reason'),
    marks: answer.marks as readonly string[],
    failedOffset: Number(answer.failed_offset),
    originalBytes: Number(answer.original_bytes),
    parser: text('parser'),
    parserVersion: text('parser_version'),
    format: text('format') as InputFormat | '',
    context: text('context'),
    attempt: Number(answer.attempt),
    isSuperseded: Number(answer.superseded) === 1,
    raw: Buffer.from(text('raw'), 'hex'),
  };
}

export interface QuarantineCount {
  readonly reason: string;
  readonly parser: string;
  readonly source: string;
  readonly events: number;
  /** ingest_time, ISO 8601 in UTC. */
  readonly oldest: string;
  readonly newest: string;
}

export interface QuarantineCounts {
  /** Most first. */
  readonly groups: readonly QuarantineCount[];
  readonly events: number;
  /** Rows that the filter takes and whose events are in the events table by now. */
  readonly superseded: number;
}

export async function countQuarantine(
  store: Store,
  tables: TableNames,
  filter: QuarantineFilter,
): Promise<QuarantineCounts> {
  const { sql, params } = conditionOf(filter, true);
  const rows = await store.query<Record<string, string>>(
    'SELECT reason, parser, source, countIf(superseded = 0) AS events, ' +
      "formatDateTime(minIf(ingest_time, superseded = 0), '%FT%TZ', 'UTC') AS oldest, " +
      "formatDateTime(maxIf(ingest_time, superseded = 0), '%FT%TZ', 'UTC') AS newest, " +
      `countIf(superseded = 1) AS done FROM ${tables.quarantine} FINAL WHERE ${sql} ` +
      'GROUP BY reason, parser, source ORDER BY events DESC, reason, parser, source ' +
      `SETTINGS ${FINAL_SETTINGS}`,
    params,
  );
  const groups = rows
    .filter(({ events }) => events !== '0')
    .map(({ reason = '', parser = '', source = '', events, oldest = '', newest = '' }) => ({
      ...{ reason, parser, source, oldest, newest },
      events: Number(events),
    }));
  const sumOf = (name: string): number => rows.reduce((sum, row) => sum + Number(row[name]), 0);
  return { groups, events: sumOf('events'), superseded: sumOf('done') };
}

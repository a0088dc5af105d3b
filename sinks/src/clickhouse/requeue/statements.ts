// The statements of a requeue. Each can be repeated without changing what the tables mean.
import { quote, STATEMENT_SETTINGS } from '../loader/statements.js';
import type { Store, TableNames } from '../store/index.js';
import { QUARANTINE_COLUMNS } from '../store/profiles.js';
import type { SeqsOfStream } from './intent.js';
import { FINAL_SETTINGS } from './rows.js';

/** Numbers by stream, with the bounds of their ingest_time. */
export interface WantedRows {
  readonly streams: readonly SeqsOfStream[];
  readonly ingestUsFirst: number;
  readonly ingestUsLast: number;
}

/** A number of a stream and epoch as one text. */
export const rowKey = (tenant: string, stream: string, epoch: string, seq: number): string =>
  JSON.stringify([tenant, stream, epoch, seq]);

const ofStream = ({ tenant, stream, epoch, seqs }: SeqsOfStream): string =>
  `(tenant_id = ${quote(tenant)} AND stream = ${quote(stream)} AND epoch = ${epoch} ` +
  `AND seq IN (${seqs.join(', ')}))`;

/** The numbers stand in the text: parameters travel in the URL, which is not made for thousands. */
function conditionOf({ streams, ingestUsFirst, ingestUsLast }: WantedRows): string {
  return (
    `ingest_time BETWEEN fromUnixTimestamp64Micro(${ingestUsFirst}) ` +
    `AND fromUnixTimestamp64Micro(${ingestUsLast}) AND (${streams.map(ofStream).join(' OR ')})`
  );
}

type Found = Record<'tenant_id' | 'stream' | 'epoch' | 'seq', string>;

const keysOf = (rows: readonly Found[]): Set<string> =>
  new Set(rows.map((row) => rowKey(row.tenant_id, row.stream, row.epoch, Number(row.seq))));

/** Which of these are in the events table. */
export async function readBackEvents(
  store: Store,
  tables: TableNames,
  wanted: WantedRows,
): Promise<Set<string>> {
  if (wanted.streams.length === 0) return new Set();
  return keysOf(
    await store.query<Found>(
      `SELECT DISTINCT tenant_id, stream, epoch, seq FROM ${tables.events} ` +
        `WHERE ${conditionOf(wanted)} SETTINGS select_sequential_consistency = 1`,
    ),
  );
}

/** Which of these the ledger has as quarantined: the loader is done with them. */
export async function readNotedAsQuarantined(
  store: Store,
  tables: TableNames,
  { streams }: WantedRows,
): Promise<Set<string>> {
  const found = new Set<string>();
  for (const { tenant, stream, epoch, seqs } of streams) {
    const rows = await store.query<{ noted: string[] }>(
      'SELECT bitmapToArray(bitmapAnd(groupBitmapMergeState(seqs), ' +
        `bitmapBuild([${seqs.map((seq) => `toUInt64(${seq})`).join(', ')}]))) AS noted ` +
        `FROM ${tables.ledger} WHERE kind = 'quarantined' AND tenant_id = {tenant:String} ` +
        'AND stream = {stream:String} AND epoch = {epoch:UInt64} ' +
        'SETTINGS select_sequential_consistency = 1',
      { tenant, stream, epoch },
    );
    for (const seq of rows[0]?.noted ?? []) found.add(rowKey(tenant, stream, epoch, Number(seq)));
  }
  return found;
}

/** Marks rows of quarantine as superseded; those that are marked already are left alone. */
export async function supersede(
  store: Store,
  tables: TableNames,
  wanted: WantedRows,
  queryId: string,
): Promise<void> {
  const columns = QUARANTINE_COLUMNS.join(', ');
  await store.command(
    `INSERT INTO ${tables.quarantine} (${columns}, superseded) SELECT ${columns}, 1 ` +
      `FROM ${tables.quarantine} FINAL WHERE superseded = 0 AND ${conditionOf(wanted)} ` +
      `SETTINGS ${FINAL_SETTINGS}`,
    {},
    { ...STATEMENT_SETTINGS },
    queryId,
  );
}

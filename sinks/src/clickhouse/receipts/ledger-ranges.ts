// What the ledger tables say of each number, in pieces of bounded size: for receipts that are made
// good later.
import type { ForeignStream, ReceiptKind, ReceiptOutcome } from '@weir/spool';
import { RangeSet } from '@weir/spool';
import type { Store, TableNames } from '../store/index.js';

/** Buckets of 65,536 numbers that are read at once. */
const WINDOW_BUCKETS = 16;

interface StreamRow {
  readonly tenant_id: string;
  readonly stream: string;
  readonly epoch: string;
  readonly seq_max: string;
}
interface RunRow {
  readonly kind: ReceiptKind;
  readonly seq_first: string;
  readonly seq_last: string;
}

export interface LedgerScope {
  /** What the names of own streams begin with. */
  readonly ownPrefix: string;
  /**
   * Of other nodes' streams, the numbers that came here; a shared store holds more, which other
   * collectors account for.
   */
  readonly foreign: readonly ForeignStream[];
}

/** One list a window of a stream, in order. */
export async function* ledgerOutcomes(
  store: Store,
  tables: TableNames,
  scope: LedgerScope,
): AsyncGenerator<ReceiptOutcome[]> {
  const streams = await store.query<StreamRow>(
    `SELECT tenant_id, stream, epoch, seq_max FROM ${tables.ledgerByStream} ` +
      'ORDER BY tenant_id, stream, epoch',
  );
  for (const row of streams) {
    const isOwn = row.stream.startsWith(scope.ownPrefix);
    const came = scope.foreign.find(
      ({ tenant, stream, epoch }) =>
        tenant === row.tenant_id && stream === row.stream && String(epoch) === row.epoch,
    );
    if (!isOwn && came === undefined) continue;
    const only = isOwn || came === undefined ? null : new RangeSet(came.received);
    const bucketLast = Math.floor(Number(row.seq_max) / 65_536);
    for (let bucket = 0; bucket <= bucketLast; bucket += WINDOW_BUCKETS)
      yield await windowOf(store, tables, { row, bucket, only });
  }
}

interface Window {
  readonly row: StreamRow;
  readonly bucket: number;
  readonly only: RangeSet | null;
}

async function windowOf(
  store: Store,
  tables: TableNames,
  { row, bucket, only }: Window,
): Promise<ReceiptOutcome[]> {
  const { tenant_id: tenant, stream, epoch } = row;
  const runs = await store.query<RunRow>(
    'SELECT kind, run[1] AS seq_first, run[-1] AS seq_last FROM (SELECT kind, arrayJoin(' +
      'arraySplit((seq, starts) -> starts, found, arrayMap((seq, before) -> seq != before + 1, ' +
      'found, arrayPopBack(arrayPushFront(found, toUInt64(0)))))) AS run FROM (' +
      'SELECT kind, arraySort(bitmapToArray(groupBitmapMergeState(seqs))) AS found ' +
      `FROM ${tables.ledger} WHERE tenant_id = {tenant:String} AND stream = {stream:String} ` +
      'AND epoch = {epoch:UInt64} AND bucket >= {first:UInt64} AND bucket < {end:UInt64} ' +
      'GROUP BY kind)) ORDER BY kind, seq_first',
    { tenant, stream, epoch, first: bucket, end: bucket + WINDOW_BUCKETS },
  );
  const byKind = new Map<ReceiptKind, number[]>();
  for (const { kind, seq_first: seqFirst, seq_last: seqLast } of runs) {
    const seqs = byKind.get(kind) ?? [];
    byKind.set(kind, seqs);
    const [first, last] = [Number(seqFirst), Number(seqLast)];
    if (only === null) seqs.push(first, last);
    else seqs.push(...only.pairsWithin(first, last));
  }
  const id = { tenant, stream, epoch: BigInt(epoch) };
  return [...byKind].map(([kind, seqs]) => ({ ...id, kind, seqs }));
}

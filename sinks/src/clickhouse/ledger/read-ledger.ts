// The ledger as the store has it.
import type { Store, TableNames } from '../store/index.js';
import { normalize, type SeqRange } from './ranges.js';

export interface LedgerStream {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly stored: number;
  readonly quarantined: number;
  readonly filtered: number;
  readonly lost: number;
  /** Of stored: in quarantine first. Absent for none. */
  readonly requeued?: number;
  /** Events that never got a number, by cause. */
  readonly refused: Readonly<Record<string, number>>;
  /** Highest number that is in any kind; -1 for none. */
  readonly seqMax: number;
  /** Numbers below seqMax that are in no kind. */
  readonly missing: readonly SeqRange[];
}

interface StreamRow {
  readonly tenant_id: string;
  readonly stream: string;
  readonly epoch: string;
}

export const streamKey = (tenant: string, stream: string, epoch: bigint | string): string =>
  JSON.stringify([tenant, stream, String(epoch)]);

const keyOfRow = (row: StreamRow): string => streamKey(row.tenant_id, row.stream, row.epoch);

/** One entry a (tenant, stream, epoch), ordered by these. */
export async function readLedger(store: Store, tables: TableNames): Promise<LedgerStream[]> {
  const refused = await readRefused(store, tables);
  const missing = await readMissing(store, tables);
  const rows = await store.query<
    StreamRow &
      Record<'stored' | 'quarantined' | 'filtered' | 'lost' | 'seq_max' | 'requeued', string>
  >(`SELECT * FROM ${tables.ledgerByStream}`);
  const streams = new Map<string, LedgerStream>();
  for (const row of rows)
    streams.set(keyOfRow(row), {
      tenant: row.tenant_id,
      stream: row.stream,
      epoch: BigInt(row.epoch),
      stored: Number(row.stored),
      quarantined: Number(row.quarantined),
      filtered: Number(row.filtered),
      lost: Number(row.lost),
      ...requeuedOf(Number(row.requeued)),
      refused: refused.get(keyOfRow(row)) ?? {},
      seqMax: Number(row.seq_max),
      missing: normalize(missing.get(keyOfRow(row)) ?? []),
    });
  // A stream all of whose events were refused has no numbers at all.
  for (const [key, causes] of refused)
    if (!streams.has(key)) streams.set(key, onlyRefused(key, causes));
  return [...streams.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stream]) => stream);
}

const requeuedOf = (requeued: number): { readonly requeued?: number } =>
  requeued > 0 ? { requeued } : {};

async function readRefused(
  store: Store,
  tables: TableNames,
): Promise<Map<string, Record<string, number>>> {
  const rows = await store.query<StreamRow & { cause: string; events: string }>(
    'SELECT tenant_id, stream, epoch, cause, max(event_count) AS events ' +
      `FROM ${tables.dispositions} WHERE kind = 'refused' ` +
      'GROUP BY tenant_id, stream, epoch, cause',
  );
  const byStream = new Map<string, Record<string, number>>();
  for (const row of rows) {
    const causes = byStream.get(keyOfRow(row)) ?? {};
    causes[row.cause] = Number(row.events);
    byStream.set(keyOfRow(row), causes);
  }
  return byStream;
}

async function readMissing(store: Store, tables: TableNames): Promise<Map<string, SeqRange[]>> {
  const rows = await store.query<StreamRow & { seq_first: string; seq_last: string }>(
    `SELECT * FROM ${tables.ledgerGaps}`,
  );
  const byStream = new Map<string, SeqRange[]>();
  for (const row of rows) {
    const ranges = byStream.get(keyOfRow(row)) ?? [];
    ranges.push([Number(row.seq_first), Number(row.seq_last)]);
    byStream.set(keyOfRow(row), ranges);
  }
  return byStream;
}

function onlyRefused(key: string, refused: Record<string, number>): LedgerStream {
  const [tenant, stream, epoch] = JSON.parse(key) as [string, string, string];
  const none = { stored: 0, quarantined: 0, filtered: 0, lost: 0, seqMax: -1, missing: [] };
  return { tenant, stream, epoch: BigInt(epoch), refused, ...none };
}

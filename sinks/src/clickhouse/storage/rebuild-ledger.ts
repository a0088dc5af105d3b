// Makes the rows of the ledger again from the tables that it is about. Its sets swallow a number
// that they have, so this may run at any time, also beside a loader, and as often as one likes: the
// ledger says afterwards at least what the tables hold. It can not know rows that have expired.
import type { StoreProfile } from '@weir/pipeline';
import { onCluster } from '../store/cluster.js';
import type { Store, TableNames } from '../store/index.js';
import { readMigrations, statementsOf } from '../store/migrations.js';

export type LedgerCounts = Readonly<Record<'stored' | 'quarantined' | 'filtered' | 'lost', number>>;

export interface RebuiltLedger {
  readonly before: LedgerCounts;
  readonly after: LedgerCounts;
}

const SETTINGS = {
  async_insert: 0,
  function_range_max_elements_in_block: 2_000_000_000,
  // Merging bitmaps of many streams at once needs no more than one of each in memory.
  max_insert_threads: 1,
} as const;

const COLUMNS = 'tenant_id, stream, epoch, intDiv(seq, 65536) AS bucket';
const GROUP = 'GROUP BY tenant_id, stream, epoch, bucket';

/** The ledger's table is made if it is gone. */
export async function rebuildLedger(
  store: Store,
  tables: TableNames,
  options: { readonly profile: StoreProfile; readonly cluster?: string },
): Promise<RebuiltLedger> {
  for (const { sql } of readMigrations(null, options.profile))
    for (const statement of statementsOf(sql, tables, 1))
      if (statement.startsWith(`CREATE TABLE IF NOT EXISTS \`${tables.database}\`.ledger `))
        await store.command(onCluster(statement, options.cluster ?? ''));
  const before = await countLedger(store, tables);
  for (const [table, kind] of [
    [tables.events, 'stored'],
    [tables.quarantine, 'quarantined'],
  ] as const)
    await store.command(
      `INSERT INTO ${tables.ledger} SELECT ${COLUMNS}, '${kind}', groupBitmapState(seq) ` +
        `FROM ${table} ${GROUP}`,
      {},
      SETTINGS,
    );
  await store.command(
    `INSERT INTO ${tables.ledger} SELECT ${COLUMNS}, kind, groupBitmapState(seq) FROM (` +
      'SELECT tenant_id, stream, epoch, kind, arrayJoin(range(span.1, span.2 + 1)) AS seq FROM (' +
      'SELECT tenant_id, stream, epoch, kind, arrayJoin(seq_ranges) AS span ' +
      `FROM ${tables.dispositions} WHERE kind IN ('filtered', 'lost'))) ${GROUP}, kind`,
    {},
    SETTINGS,
  );
  return { before, after: await countLedger(store, tables) };
}

/** Numbers by kind; one that is in several counts in each. */
async function countLedger(store: Store, tables: TableNames): Promise<LedgerCounts> {
  const rows = await store.query<{ kind: keyof LedgerCounts; found: string }>(
    'SELECT kind, sum(found) AS found FROM (SELECT kind, groupBitmapMerge(seqs) AS found ' +
      `FROM ${tables.ledger} GROUP BY tenant_id, stream, epoch, bucket, kind) GROUP BY kind`,
  );
  const counts = { stored: 0, quarantined: 0, filtered: 0, lost: 0 };
  for (const { kind, found } of rows) counts[kind] = Number(found);
  return counts;
}

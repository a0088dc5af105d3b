// Whether a key keeps a row's identity: the same event stored again must replace itself, also when
// another version of its parser reads it otherwise. A loader that retries relies on it.
import type { Store, TableNames } from '@weir/sinks/clickhouse';
import { makeVariant } from './tables.js';
import type { Variant } from './variants.js';

const ROWS = 1_000;

export interface Identity {
  readonly retryReplaces: boolean;
  /** With another class and time, as of a new parser. */
  readonly newParserReplaces: boolean;
}

export async function probeIdentity(
  store: Store,
  tables: TableNames,
  variant: Variant,
): Promise<Identity> {
  const table = `\`${tables.database}\`.identity_probe`;
  await makeVariant(store, tables, table, variant);
  try {
    const from = `FROM ${tables.events} ORDER BY stream, epoch, seq LIMIT ${ROWS}`;
    const count = async (): Promise<number> => {
      const rows = await store.query<{ n: string }>(`SELECT count() AS n FROM ${table} FINAL`);
      return Number(rows[0]?.n);
    };
    const insert = (columns: string): Promise<void> =>
      store.command(
        `INSERT INTO ${table} SELECT ${columns} ${from}`,
        {},
        { insert_deduplicate: 0 },
      );
    await insert('*');
    const first = await count();
    await insert('*');
    const again = await count();
    await insert('* REPLACE (time + 1 AS time, class_uid + 1 AS class_uid)');
    const parsedAnew = await count();
    return { retryReplaces: again === first, newParserReplaces: parsedAnew === first };
  } finally {
    await store.command(`DROP TABLE ${table} SYNC`);
  }
}

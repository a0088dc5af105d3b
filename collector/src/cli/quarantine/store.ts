// The tables of an instance, for the commands that only read quarantine.
import { WeirError } from '@weir/pipeline';
import { type Store, type TableNames, tableNames } from '@weir/sinks/clickhouse';
import { type InstanceFlags, withInstance } from '../instance.js';
import { withStore } from '../open-store.js';

/** A store that is just coming back is waited for so long. */
const STORE_WAIT_MS = 10_000;
/** UNKNOWN_IDENTIFIER of ClickHouse. */
const UNKNOWN_COLUMN = 47;

export function withTables<T>(
  flags: InstanceFlags,
  use: (store: Store, tables: TableNames) => Promise<T>,
): Promise<T> {
  return withInstance(flags, STORE_WAIT_MS, (instance) =>
    withStore(instance, async (store) => {
      try {
        return await use(store, tableNames(instance.eventsTable));
      } catch (error) {
        const isOld = error instanceof WeirError && error.details.code === UNKNOWN_COLUMN;
        if (!isOld) throw error;
        throw new WeirError(
          'WEIR_USAGE',
          'the tables were made by an older version; weir run brings them up to date at its start',
          {},
          error,
        );
      }
    }),
  );
}

// The store of an instance, for commands.
import { createStore, type Store } from '@weir/sinks/clickhouse';
import { debugSqlOnStderr } from '../run/debug-sql.js';
import { type Instance, withStoreUrl } from './instance.js';

/** The embedded one is started if nothing runs. */
export function withStore<T>(instance: Instance, use: (store: Store) => Promise<T>): Promise<T> {
  return withStoreUrl(instance, async (url) => {
    const store = createStore({ url, ...debugSqlOnStderr() });
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  });
}

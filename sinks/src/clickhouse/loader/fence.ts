// Fences: after one resolves, no statement that the loader sent before can still take effect.
import type { SupervisedStore } from '../embedded/index.js';
import type { Store } from '../store/index.js';

/** `queryIdPrefix` is that of all statements of this loader. */
export type Fence = (queryIdPrefix: string) => Promise<void>;

/** The embedded engine is ended and started again: nothing outlives a process. */
export function embeddedFence(supervised: Pick<SupervisedStore, 'fence'>): Fence {
  return () => supervised.fence();
}

/**
 * Ends running inserts of this loader on a server. What still waits in a socket that was cut cannot
 * be seen from outside: such a row would be a second copy of the same identity, which the table's
 * ReplacingMergeTree merges away and `verify --deep` shows.
 */
export function serverFence(store: Store): Fence {
  return async (queryIdPrefix) => {
    const prefix = queryIdPrefix.replace(/[^\w-]/g, '');
    await store.command(`KILL QUERY WHERE startsWith(query_id, '${prefix}') SYNC`);
  };
}

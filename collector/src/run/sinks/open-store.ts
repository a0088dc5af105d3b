// The store of the ClickHouse sink: a server that was named, or the embedded engine.
import { join } from 'node:path';
import {
  createStore,
  embeddedFence,
  type Fence,
  type Store,
  serverFence,
  superviseStore,
} from '@weir/sinks/clickhouse';
import type { Logger } from 'pino';
import type { Config } from '../../config/schema.js';
import { debugSqlOptions } from '../debug-sql.js';

export interface OpenStore {
  readonly store: Store;
  readonly fence: Fence;
  /** Of the embedded store: ends it and starts it again. */
  readonly revive?: () => Promise<void>;
  readonly url: string;
  /** URL without secrets, or the directory of the embedded store. */
  readonly target: string;
  /** For people. */
  readonly description: string;
  /** Process id of the embedded store, null for a server. */
  readonly storePid: number | null;
  stop(): Promise<void>;
}

/** `onChange` is called after the embedded store was restarted (its process id differs). */
export async function openStore(
  config: Config,
  log: Logger,
  onChange: () => void,
): Promise<OpenStore> {
  const debugSql = debugSqlOptions((fields, text) =>
    log.info({ component: 'store', ...fields }, text),
  );
  if (config.store.url !== '') {
    const url = config.store.url;
    const isReplicated = config.store.cluster !== '';
    const store = createStore({ url, compress: true, isReplicated, ...debugSql });
    const shown = new URL(url);
    shown.password = shown.password === '' ? '' : '***';
    return {
      store,
      fence: serverFence(store),
      url,
      target: String(shown),
      description: `ClickHouse at ${shown}`,
      storePid: null,
      stop: () => store.close(),
    };
  }
  const directory = join(config.data_dir, 'store');
  const supervised = await superviseStore({
    directory,
    log: (line) => log.info({ component: 'store' }, line),
    onState: (state, detail) => {
      if (state === 'restarting') log.warn({ component: 'store', state }, detail);
      else log.debug({ component: 'store', state }, detail);
      onChange();
    },
  });
  const store = createStore({ url: supervised.url, ...debugSql });
  return {
    store,
    fence: embeddedFence(supervised),
    revive: () => supervised.fence(),
    url: supervised.url,
    target: directory,
    description: `embedded ClickHouse in ${directory}`,
    get storePid() {
      return supervised.pid;
    },
    stop: async () => {
      await store.close();
      await supervised.stop();
    },
  };
}

// Where the tables are: the server of CLICKHOUSE_URL, else an embedded store of the bench's own.
import { join } from 'node:path';
import { cpuSecondsOf } from '@weir/harness';
import { createStore, type Store, startEmbeddedStore } from '@weir/sinks/clickhouse';

export interface Target {
  readonly store: Store;
  readonly engine: string;
  /** Of the engine since its start, all threads; of a server whoever else uses it, too. */
  cpuSeconds(): Promise<number>;
  end(): Promise<void>;
}

export async function openTarget(directory: string, url: string | undefined): Promise<Target> {
  const embedded =
    url === undefined || url === ''
      ? await startEmbeddedStore({ directory: join(directory, 'store'), log: () => undefined })
      : null;
  const store = createStore({ url: embedded?.url ?? (url as string) });
  const [row] = await store.query<{ version: string }>('SELECT version() AS version');
  return {
    store,
    engine: `${embedded === null ? 'server' : 'embedded'} ${row?.version ?? ''}`,
    cpuSeconds: async () =>
      embedded === null ? await serverCpuSeconds(store) : cpuSecondsOf(embedded.pid),
    async end() {
      await store.close();
      await embedded?.stop();
    },
  };
}

async function serverCpuSeconds(store: Store): Promise<number> {
  const [row] = await store.query<{ seconds: number }>(
    'SELECT sum(value) / 1e6 AS seconds FROM system.events ' +
      "WHERE event IN ('UserTimeMicroseconds', 'SystemTimeMicroseconds')",
  );
  return row?.seconds ?? 0;
}

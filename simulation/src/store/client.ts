// A client of the model, with the interface that loader and ledger use. It ends with its process:
// then no reply reaches anybody.
import type { Store } from '@weir/sinks/clickhouse';
import type { ModelEngine } from './engine.js';

export interface ClientLife {
  /** Never settles once the process of the client is gone. */
  alive<T>(reply: Promise<T>): Promise<T>;
}

const NO_PROCESS: ClientLife = { alive: (reply) => reply };

export function modelStore(engine: ModelEngine, life: ClientLife = NO_PROCESS): Store {
  let statementCount = 0;
  const ownId = (): string => `client-${statementCount++}`;
  return {
    url: 'model',
    query: (sql, params = {}) => life.alive(engine.query(sql, params)),
    stream: () => Promise.reject(new RangeError('the model has no streams')),
    command: (sql, _params, _settings, queryId) =>
      life.alive(engine.command(sql, queryId ?? ownId())),
    insertNative: (sql, blocks, { queryId, settings }) =>
      life.alive(engine.insert(sql, blocks, queryId, settings ?? {})),
    ping: async () => engine.isUp,
    close: async () => undefined,
  };
}

// The statements that run, by query id. The engine inside this process cannot end a statement of
// another connection, so `KILL QUERY ... SYNC` waits until it has ended: that is what those who
// send it rely on.

export class RunningQueries {
  readonly #running = new Map<string, Set<Promise<unknown>>>();

  async track(queryId: string, run: () => Promise<void>): Promise<void> {
    const promise = run();
    const settled = promise.catch(() => undefined);
    const same = this.#running.get(queryId) ?? new Set();
    this.#running.set(queryId, same.add(settled));
    try {
      await promise;
    } finally {
      same.delete(settled);
      if (same.size === 0) this.#running.delete(queryId);
    }
  }

  /** Resolves when all that run now, and whose id begins so, have ended. */
  async ended(prefix: string): Promise<void> {
    const found = [...this.#running].filter(([queryId]) => queryId.startsWith(prefix));
    await Promise.all(found.flatMap(([, promises]) => [...promises]));
  }
}

const KILL = /^\s*KILL\s+QUERY\s+WHERE\s+startsWith\(query_id,\s*'([\w-]*)'\)\s+SYNC\s*;?\s*$/i;

/** What the ids of the statements to be ended begin with; null for any other statement. */
export const killPrefix = (sql: string): string | null => KILL.exec(sql)?.[1] ?? null;

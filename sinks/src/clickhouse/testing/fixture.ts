// An embedded store in a directory of its own, gone when the test ends.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SupervisedStore, superviseStore } from '../embedded/index.js';
import { applyMigrations, createStore, type Store } from '../store/index.js';

export interface StoreFixture {
  readonly directory: string;
  readonly supervised: SupervisedStore;
  readonly store: Store;
  readonly log: string[];
  end(): Promise<void>;
}

export async function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'weir-store-'));
}

/** With all tables, as `dev.events`. */
export async function storeFixture(): Promise<StoreFixture> {
  const directory = await temporaryDirectory();
  const log: string[] = [];
  const supervised = await superviseStore({
    directory: join(directory, 'store'),
    log: (line) => log.push(line),
    restartDelayMsMax: 100,
  });
  const store = createStore({ url: supervised.url });
  await applyMigrations(store, { profile: 'full' });
  return {
    directory,
    supervised,
    store,
    log,
    async end() {
      await store.close();
      await supervised.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

// Deletes segments that every consumer is done with: intent, unlink, fsync of the directory.
import type { SegmentInfo } from './catalog.js';
import { endName } from './layout.js';
import { removeIfThere } from './small-files.js';
import type { Store } from './store.js';

export interface JanitorHooks {
  isDone(info: SegmentInfo): boolean;
  spaceFreed(): void;
}

export class Janitor {
  readonly #store: Store;
  readonly #hooks: JanitorHooks;
  #running: Promise<void> | null = null;
  #isAskedAgain = false;
  #isClosed = false;
  deletedSegmentCount = 0;
  /** Reason of the last attempt that failed; tried again at the next settle. */
  lastError: unknown = null;

  constructor(store: Store, hooks: JanitorHooks) {
    this.#store = store;
    this.#hooks = hooks;
  }

  /** Deletes what can be deleted, soon. */
  request(): void {
    this.#isAskedAgain = true;
    if (this.#running !== null || this.#isClosed) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isAskedAgain && !this.#isClosed) {
      this.#isAskedAgain = false;
      try {
        await this.#sweep();
        this.lastError = null;
      } catch (error) {
        this.lastError = error;
      }
      // Also without a deletion: the active segment may have become one that can be ended.
      this.#hooks.spaceFreed();
    }
  }

  async #sweep(): Promise<void> {
    const { catalog, keys, state, settings } = this.#store;
    const done: SegmentInfo[] = [];
    for (const info of catalog.segments) {
      if (!info.isEnded || info.undeclaredCount > 0 || !this.#hooks.isDone(info)) break;
      await this.#store.record(info);
      done.push(info);
    }
    if (done.length === 0) return;
    await state.intendDelete(done);
    for (const info of done) {
      await removeIfThere(settings.files, info.path);
      await removeIfThere(settings.files, this.#store.pathOf(endName(info.id)));
    }
    await settings.files.syncDir(settings.directory);
    for (let i = 0; i < done.length; i++) catalog.removeFirst();
    this.deletedSegmentCount += done.length;
    await keys.removeExpired(settings.clock.nowNs());
  }
}

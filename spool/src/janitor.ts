// Deletes segments that every consumer is done with: intent, unlink, fsync of the directory.
import { isNoSpace, isPlanted, type Timer } from '@weir/pipeline';
import type { SegmentInfo } from './catalog.js';
import { endName } from './layout.js';
import { removeIfThere } from './small-files.js';
import type { Store } from './store.js';

/**
 * A full spool in which all is settled has no event of its own that would start another attempt.
 */
const RETRY_MS = 1_000;

export interface JanitorHooks {
  isDone(info: SegmentInfo): boolean;
  /** Segments may have been deleted, or become ones that can be ended. */
  spaceFreed(deletedSegmentCount: number): void;
}

export class Janitor {
  readonly #store: Store;
  readonly #hooks: JanitorHooks;
  #running: Promise<void> | null = null;
  #isAskedAgain = false;
  #isClosed = false;
  deletedSegmentCount = 0;
  #retry: Timer | null = null;
  /** Reason of the last attempt that failed; it is tried again after a while. */
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
    this.#retry?.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isAskedAgain && !this.#isClosed) {
      this.#isAskedAgain = false;
      const countBefore = this.deletedSegmentCount;
      try {
        await this.#sweep();
        this.lastError = null;
      } catch (error) {
        this.lastError = error;
        this.#retryLater();
      }
      // Also without a deletion: the active segment may have become one that can be ended.
      this.#hooks.spaceFreed(this.deletedSegmentCount - countBefore);
    }
  }

  #retryLater(): void {
    this.#retry?.cancel();
    if (this.#isClosed) return;
    this.#retry = this.#store.settings.timers.after(RETRY_MS, () => this.request());
  }

  /** False without space for it, where the deletion of others will give some. */
  async #record(info: SegmentInfo, hasOthers: boolean): Promise<boolean> {
    try {
      await this.#store.record(info);
      return true;
    } catch (error) {
      if (!hasOthers || !isNoSpace(error)) throw error;
      return false;
    }
  }

  async #sweep(): Promise<void> {
    const { catalog, keys, state, settings } = this.#store;
    const done: SegmentInfo[] = [];
    let isHeldUp = false;
    for (const info of catalog.segments) {
      if (!info.isEnded || info.undeclaredCount > 0 || !this.#hooks.isDone(info)) break;
      isHeldUp = !(await this.#record(info, done.length > 0));
      if (isHeldUp) break;
      done.push(info);
    }
    if (done.length === 0) return;
    const isUnlinkFirst = isPlanted('unlink_before_intent');
    if (!isUnlinkFirst) await state.intendDelete(done);
    for (const info of done) {
      await removeIfThere(settings.files, info.path);
      await removeIfThere(settings.files, this.#store.pathOf(endName(info.id)));
    }
    await settings.files.syncDir(settings.directory);
    if (isUnlinkFirst) await state.intendDelete(done);
    for (let i = 0; i < done.length; i++) catalog.removeFirst();
    this.deletedSegmentCount += done.length;
    // Only behind a deletion that came off: without one nothing is different now.
    if (isHeldUp) this.#isAskedAgain = true;
    await keys.removeExpired();
  }
}

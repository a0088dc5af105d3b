// Reads ended segments again, slowly, so that damage is found and declared while nobody reads them
// yet. The oldest first, each about once a day.
import type { SegmentInfo } from './catalog.js';
import type { DamageDesk } from './damage.js';
import type { Readable } from './reader.js';
import { SegmentReader } from './reader.js';
import { openSalvage } from './salvage.js';
import type { SegmentScan } from './scan.js';
import { lostNumbers, scanSegment } from './scan.js';
import type { Store } from './store.js';

const minuteMs = 60_000;
/** A segment that was just written would be read from the cache; most are deleted before this. */
const restMs = 10 * minuteMs;
const periodMs = 24 * 60 * minuteMs;
/** How often it is looked what is due. */
const lookMs = minuteMs;

export class Scrubber {
  readonly #store: Store;
  readonly #desk: DamageDesk;
  readonly #isDone: (info: SegmentInfo) => boolean;
  readonly #stop = new AbortController();
  /** When a segment is due, by its id. */
  #due = new Map<number, number>();
  readonly #loop: Promise<void>;
  /** Bytes read since the spool was opened. */
  scrubbedBytes = 0;
  /** Segments that were read to their end. */
  scrubbedSegmentCount = 0;

  /** `isDone`: nobody reads the segment any more, so nothing of it is declared. */
  constructor(store: Store, desk: DamageDesk, isDone: (info: SegmentInfo) => boolean) {
    this.#store = store;
    this.#desk = desk;
    this.#isDone = isDone;
    this.#loop = store.settings.scrubBytesPerSecond > 0 ? this.#run() : Promise.resolve();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#sleep(lookMs);
      for (let info = this.#nextDue(); info !== null; info = this.#nextDue()) {
        this.#due.set(info.id, this.#store.settings.clock.monotonicMs() + periodMs);
        // What cannot be read now is tried again a day later; a consumer's errors say it sooner.
        await this.#scrub(info).catch(() => undefined);
      }
    }
  }

  /** The oldest segment that is due. */
  #nextDue(): SegmentInfo | null {
    if (this.#stop.signal.aborted) return null;
    const nowMs = this.#store.settings.clock.monotonicMs();
    const due = new Map<number, number>();
    let next: SegmentInfo | null = null;
    for (const info of this.#store.catalog.segments) {
      if (!info.isEnded) continue;
      const dueMs = this.#due.get(info.id) ?? nowMs + restMs;
      due.set(info.id, dueMs);
      if (next === null && dueMs <= nowMs) next = info;
    }
    this.#due = due;
    return next;
  }

  async #scrub(info: SegmentInfo): Promise<void> {
    const { catalog, epochs } = this.#store;
    let scan = await this.#scan(info);
    if (scan !== null && scan.damage.length > 0) {
      // A disk that fails for a moment is no damage.
      await this.#sleep(lookMs);
      scan = await this.#scan(info);
    }
    if (scan === null || this.#stop.signal.aborted) return;
    this.scrubbedSegmentCount++;
    if (scan.damage.length === 0 || catalog.get(info.id) !== info || this.#isDone(info)) return;
    this.#desk.declare(info, scan.damage, lostNumbers(scan, info.streams, epochs, true));
  }

  /** Null if the file is gone. */
  async #scan(info: SegmentInfo): Promise<SegmentScan | null> {
    const handle = await openSalvage(this.#store.settings.files, info.path);
    if (handle === null) return null;
    try {
      const reader = new SegmentReader(this.#slowly(handle), info.id, info.seed);
      const bounds = { limit: info.endOffset, frameCountMax: info.frameCount, isSealed: true };
      return await scanSegment(reader, bounds);
    } finally {
      await handle.close();
    }
  }

  /** Pauses behind each read for as long as its bytes take at the rate. */
  #slowly(handle: Readable): Readable {
    return {
      read: async (target, position) => {
        if (this.#stop.signal.aborted) throw new Error('scrubbing was stopped');
        const byteCount = await handle.read(target, position);
        this.scrubbedBytes += byteCount;
        await this.#sleep((byteCount / this.#store.settings.scrubBytesPerSecond) * 1000);
        return byteCount;
      },
    };
  }

  /** Does not keep the process alive. */
  #sleep(delayMs: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.#store.settings.timers.after(delayMs, end);
      signal.addEventListener('abort', end, { once: true });
    });
  }
}

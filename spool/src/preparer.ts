// The next segment file, filled with zeros ahead of need. A full disk shows here and not at the
// fdatasync that an ack waits for, and that fdatasync needs no change of metadata. See FORMAT.md
// "Preallocation".
import type { FileHandle } from '@weir/pipeline';
import { systemCodeOf } from '@weir/pipeline';
import { segmentName, TEMPORARY_SUFFIX } from './layout.js';
import type { SpoolSettings } from './options.js';
import { removeIfThere } from './small-files.js';

/** A file that has its space and its id, but not yet its name and its header. */
export interface PreparedSegment {
  readonly id: number;
  /** With TEMPORARY_SUFFIX: a start deletes it. */
  readonly path: string;
  readonly handle: FileHandle;
  bytes: number;
}

const zeros = new Uint8Array(1024 * 1024);
/** Synced in pieces, so that an ack's fdatasync beside it waits for no more than one of them. */
const syncBytes = 4 * 1024 * 1024;
/** After a failure in the background. */
const retryDelayMs = 1_000;
const firstBytesMax = 4 * 1024 * 1024;
const firstBytesMin = 256 * 1024;

/**
 * Writes zeros in [from, to) and makes them and the new size durable. Rejects with ENOSPC before it
 * writes any if there is no room for all of them: what is left belongs to those who settle frames
 * (intents, receipts, checkpoints, `epochs`), without whom no space would ever come back.
 */
export async function fillWithZeros(
  { settings: { files, directory } }: Pick<PreparedStore, 'settings'>,
  handle: FileHandle,
  from: number,
  to: number,
): Promise<void> {
  const freeBytes = await files.freeBytes(directory).catch(() => Number.POSITIVE_INFINITY);
  if (freeBytes < to - from)
    throw Object.assign(new Error(`ENOSPC: ${freeBytes} of ${to - from} bytes are free`), {
      code: 'ENOSPC',
    });
  let unsynced = 0;
  for (let at = from; at < to; ) {
    const byteCount = Math.min(zeros.length, to - at);
    await handle.write([zeros.subarray(0, byteCount)], at);
    at += byteCount;
    unsynced += byteCount;
    if (unsynced < syncBytes || at === to) continue;
    await handle.datasync();
    unsynced = 0;
  }
  await handle.sync();
}

/** What it needs of the store that it prepares for. */
export interface PreparedStore {
  readonly settings: SpoolSettings;
  readonly state: { reserveSegment(): Promise<number> };
  /** Of all segments, prepared ones included. */
  readonly usedBytes: number;
  pathOf(name: string): string;
}

export class SegmentPreparer {
  readonly #store: PreparedStore;
  /** The first segment of a process, and one that is made while an append waits. */
  readonly firstBytes: number;
  /** Doubles from the first to the full size: a process that writes little fills little. */
  #nextBytes: number;
  #ready: PreparedSegment | null = null;
  #running: Promise<void> | null = null;
  #runningBytes = 0;
  #retryAtMs = 0;
  #isClosed = false;
  /** The system's code of the last attempt in the background; empty while they succeed. */
  failureCode = '';

  constructor(store: PreparedStore) {
    this.#store = store;
    const { bytesMax, segmentBytes } = store.settings;
    const share = Math.min(firstBytesMax, Math.floor(bytesMax / 64));
    this.firstBytes = Math.min(segmentBytes, Math.max(firstBytesMin, share));
    this.#nextBytes = this.firstBytes;
  }

  /** Space that is taken for a segment which is not in use yet. */
  get bytes(): number {
    return (this.#ready?.bytes ?? 0) + this.#runningBytes;
  }
  /** True if a segment is there, or will be soon. */
  get hasNext(): boolean {
    return this.#ready !== null || this.#running !== null;
  }

  /** Prepares the next segment in the background unless there is one, or no room for one. */
  request(): void {
    const { bytesMax, clock } = this.#store.settings;
    if (this.hasNext || this.#isClosed || clock.monotonicMs() < this.#retryAtMs) return;
    const bytes = Math.min(this.#nextBytes, bytesMax - this.#store.usedBytes);
    if (bytes < this.firstBytes) return;
    this.#runningBytes = bytes;
    this.#running = this.#prepare(bytes).finally(() => {
      this.#runningBytes = 0;
      this.#running = null;
    });
  }

  /**
   * The prepared segment, else one of `bytes` that is made now; at least `bytesMin` large. Rejects
   * with the system's error.
   */
  async take(bytesMin: number, bytes: number): Promise<PreparedSegment> {
    await this.#running;
    let segment = this.#ready;
    this.#ready = null;
    try {
      if (segment === null) segment = await this.#make(bytes);
      else if (segment.bytes < bytesMin) {
        await fillWithZeros(this.#store, segment.handle, segment.bytes, bytesMin);
        segment.bytes = bytesMin;
      }
    } catch (error) {
      if (segment !== null) await this.#drop(segment);
      throw error;
    }
    const { segmentBytes } = this.#store.settings;
    this.#nextBytes = Math.min(segmentBytes, Math.max(segment.bytes, this.#nextBytes) * 2);
    return segment;
  }

  /** A segment that was never used goes; its id is not given again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    const segment = this.#ready;
    this.#ready = null;
    if (segment !== null) await this.#drop(segment);
  }

  /** Never rejects: the segment in use goes on until it is full. */
  async #prepare(bytesWanted: number): Promise<void> {
    const { files, directory, clock } = this.#store.settings;
    let bytes = bytesWanted;
    try {
      // Others live on this disk, too: its last bytes are not taken just to find that out.
      if (bytes > (await files.freeBytes(directory))) bytes = this.firstBytes;
      this.#runningBytes = bytes;
      const segment = await this.#make(bytes);
      if (this.#isClosed) await this.#drop(segment);
      else this.#ready = segment;
    } catch (error) {
      if (systemCodeOf(error) === '') throw error;
      this.failureCode = systemCodeOf(error);
      this.#retryAtMs = clock.monotonicMs() + retryDelayMs;
    }
  }

  async #make(bytes: number): Promise<PreparedSegment> {
    const { files, directory } = this.#store.settings;
    const id = await this.#store.state.reserveSegment();
    const path = this.#store.pathOf(segmentName(id)) + TEMPORARY_SUFFIX;
    const handle = await files.open(path, 'create');
    const segment = { id, path, handle, bytes };
    try {
      await fillWithZeros(this.#store, handle, 0, bytes);
      await files.syncDir(directory);
      this.failureCode = '';
    } catch (error) {
      await this.#drop(segment);
      throw error;
    }
    return segment;
  }

  async #drop({ handle, path }: PreparedSegment): Promise<void> {
    await handle.close();
    await removeIfThere(this.#store.settings.files, path).catch(() => false);
  }
}

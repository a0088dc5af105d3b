// Rows that a sink will never take, or that no parser could read: NDJSON files in a directory of
// the sink. Durable before the ledger says so; capped, and when the cap is reached nothing is
// dropped: the sink waits until someone makes room.
import type { FileHandle, Files } from '@weir/pipeline';
import { messageOf, systemCodeOf, WeirError } from '@weir/pipeline';
import { makeDurableDirectory } from './directories.js';

export interface DeadLetterOptions {
  readonly files: Files;
  /** Made when it is not there. */
  readonly directory: string;
  /** Of all files together; default 1 GiB. */
  readonly bytesMax?: number;
  /** A file that is larger is followed by another; default 64 MiB. */
  readonly fileBytesMax?: number;
}

/** Where the rows that the ledger knows end. */
export interface DeadLetterMark {
  readonly fileNo: number;
  readonly bytes: number;
}

const MiB = 1024 * 1024;
const namePattern = /^quarantine-(\d{6,})\.ndjson$/;
const nameOf = (fileNo: number): string => `quarantine-${String(fileNo).padStart(6, '0')}.ndjson`;

interface Found {
  readonly fileNo: number;
  readonly path: string;
  readonly bytes: number;
}

interface OpenFile {
  readonly fileNo: number;
  readonly handle: FileHandle;
  bytes: number;
}

export class DeadLetter {
  readonly #options: DeadLetterOptions;
  readonly #bytesMax: number;
  readonly #fileBytesMax: number;
  #open: OpenFile | null = null;
  #restoreTo: DeadLetterMark | null = null;
  /** Highest number that was used, also of a file that is gone. */
  #fileNo = 0;

  constructor(options: DeadLetterOptions) {
    this.#options = options;
    this.#bytesMax = options.bytesMax ?? 1024 * MiB;
    this.#fileBytesMax = options.fileBytesMax ?? 64 * MiB;
  }

  /**
   * Before the first append: rows behind the mark were never recorded and will come again, so they
   * are cut off. Without a mark everything stays.
   */
  restore(mark: DeadLetterMark | null): void {
    this.#restoreTo = mark;
    this.#fileNo = mark?.fileNo ?? 0;
  }

  /** Where the rows end now. Rejects with WEIR_SINK_IO. */
  async begin(): Promise<DeadLetterMark> {
    return this.#watched(async () => {
      if (this.#open === null) await this.#resume();
      return this.mark;
    });
  }

  get mark(): DeadLetterMark {
    return { fileNo: this.#fileNo, bytes: this.#open?.bytes ?? 0 };
  }

  /**
   * Durable when it resolves to true; false when the files have reached their cap. Each part is
   * whole lines. Rejects with WEIR_SINK_IO; then it can be tried again.
   */
  async append(parts: readonly Uint8Array[]): Promise<boolean> {
    const byteCount = parts.reduce((sum, part) => sum + part.length, 0);
    if (byteCount === 0) return true;
    return this.#watched(() => this.#append(parts, byteCount));
  }

  async #watched<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      await this.close();
      if (error instanceof WeirError || systemCodeOf(error) === '') throw error;
      throw new WeirError(
        'WEIR_SINK_IO',
        `writing the quarantine in ${this.#options.directory} failed: ${messageOf(error)}`,
        { systemCode: systemCodeOf(error) },
        error,
      );
    }
  }

  /** It can be appended to again. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    this.#restoreTo = { fileNo: open.fileNo, bytes: open.bytes };
    await open.handle.close().catch(() => undefined);
  }

  async #append(parts: readonly Uint8Array[], byteCount: number): Promise<boolean> {
    const { files, directory } = this.#options;
    let open = this.#open ?? (await this.#resume());
    const found = await this.#find();
    const used = found.reduce((sum, { bytes }) => sum + bytes, 0);
    // One append that is larger than the whole cap must not wait for ever.
    if (used > 0 && used + byteCount > this.#bytesMax) return false;
    // Someone may have taken the newest file away to make room.
    const isThere = found.some(({ fileNo }) => fileNo === open?.fileNo);
    if (open === null || !isThere || open.bytes >= this.#fileBytesMax) {
      await open?.handle.close();
      this.#open = null;
      this.#restoreTo = null;
      this.#fileNo = Math.max(this.#fileNo, ...found.map((file) => file.fileNo)) + 1;
      const handle = await files.open(`${directory}/${nameOf(this.#fileNo)}`, 'create');
      open = { fileNo: this.#fileNo, handle, bytes: 0 };
      this.#open = open;
      await files.syncDir(directory);
    }
    await open.handle.write(parts, open.bytes);
    await open.handle.datasync();
    open.bytes += byteCount;
    return true;
  }

  /** The newest file, cut to where its rows are recorded; null if there is none. */
  async #resume(): Promise<OpenFile | null> {
    const { files, directory } = this.#options;
    await makeDurableDirectory(files, directory);
    const mark = this.#restoreTo;
    let found = await this.#find();
    if (mark !== null) {
      for (const { fileNo, path } of found) if (fileNo > mark.fileNo) await files.unlink(path);
      found = found.filter(({ fileNo }) => fileNo <= mark.fileNo);
    }
    const newest = found.at(-1);
    if (newest === undefined) return null;
    const handle = await files.open(newest.path, 'write');
    const isMarked = mark !== null && mark.fileNo === newest.fileNo && mark.bytes <= newest.bytes;
    const bytes = isMarked ? mark.bytes : await lastLineEnd(handle, newest.bytes);
    if (bytes < newest.bytes) await handle.truncate(bytes);
    this.#open = { fileNo: newest.fileNo, handle, bytes };
    this.#fileNo = newest.fileNo;
    return this.#open;
  }

  /** Ascending. */
  async #find(): Promise<Found[]> {
    const { files, directory } = this.#options;
    const found: Found[] = [];
    for (const name of await files.readDir(directory)) {
      const match = namePattern.exec(name);
      if (match === null) continue;
      const path = `${directory}/${name}`;
      const bytes = await files.sizeBytes(path);
      if (bytes !== null) found.push({ fileNo: Number(match[1]), path, bytes });
    }
    return found.sort((a, b) => a.fileNo - b.fileNo);
  }
}

/** Behind the last line feed: a line that a crash cut short goes. */
async function lastLineEnd(handle: FileHandle, sizeBytes: number): Promise<number> {
  const block = new Uint8Array(64 * 1024);
  for (let end = sizeBytes; end > 0; ) {
    const from = Math.max(0, end - block.length);
    const count = await handle.read(block.subarray(0, end - from), from);
    const at = block.subarray(0, count).lastIndexOf(0x0a);
    if (at >= 0) return from + at + 1;
    end = from;
  }
  return 0;
}

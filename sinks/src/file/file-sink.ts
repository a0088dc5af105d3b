// Rows as lines in a file, each exactly once. A write is durable when it is delivered; how long the
// file was then stands in the ledger, and a start cuts off what was written and never recorded.
//
// Rotation renames the file to `<path>.<number>`. Until the ledger knows that the rotation happened
// the old file stays as it is, so that it can be taken back: only then it may be compressed or
// removed.
import type { FileHandle, SinkOutcome, SinkPayload } from '@weir/pipeline';
import { messageOf, systemCodeOf, WeirError } from '@weir/pipeline';
import { makeDurableDirectory } from '../delivery/directories.js';
import type { StatefulSink } from '../delivery/options.js';
import type { FileSinkOptions, FileSinkPorts } from './options.js';
import {
  compressFile,
  DRAFT_SUFFIX,
  findRotated,
  removeFile,
  rotatedPath,
  splitPath,
} from './rotated-files.js';

const GiB = 1024 ** 3;
const LINE_FEED = 0x0a;

/**
 * Files of a higher number than the ledger knows: no more than so many can be of writes that it
 * never heard of. What else has such a name, for instance with a date, is somebody else's.
 */
const UNRECORDED_FILES_MAX = 100;

/** What the ledger keeps. */
export interface FileSinkState {
  /** That it is of; a sink that writes somewhere else now takes nothing back there. */
  readonly path: string;
  /** Number that the file gets when it is rotated. */
  readonly fileNo: number;
  /** Its length. */
  readonly bytes: number;
}

export function createFileSink(options: FileSinkOptions, ports: FileSinkPorts): StatefulSink {
  return new FileSink(options, ports);
}

class FileSink implements StatefulSink {
  readonly #options: FileSinkOptions;
  readonly #ports: FileSinkPorts;
  readonly #maxFileBytes: number;
  readonly #stop = new AbortController();
  /** Set until the first open has taken the file back to it. */
  #restoreTo: FileSinkState | null = null;
  #isRestored = false;
  #handle: FileHandle | null = null;
  #fileNo = 1;
  /** Where the durable rows end. */
  #bytes = 0;
  /** Bytes of a write that failed may stand behind them. */
  #isTorn = false;
  #tidying: Promise<void> = Promise.resolve();

  constructor(options: FileSinkOptions, ports: FileSinkPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#maxFileBytes = options.maxFileBytes ?? GiB;
  }

  restore(state: unknown): boolean {
    const isOfThis = isState(state) && state.path === this.#options.path;
    this.#restoreTo = isOfThis ? state : null;
    return isOfThis;
  }

  state(): FileSinkState {
    return { path: this.#options.path, fileNo: this.#fileNo, bytes: this.#bytes };
  }

  recorded(state: unknown): void {
    if (isState(state)) this.#tidy(state.fileNo);
  }

  async open(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      await this.#leave();
      const failed = `cannot open ${this.#options.path}: ${messageOf(error)}`;
      throw new WeirError('WEIR_SINK_UNREACHABLE', failed, {}, error);
    }
  }

  async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    if (signal.aborted) return retry('WEIR_ABORTED', 'stopped before it began');
    try {
      await this.#open();
      if (this.#isTorn) await this.#cut();
      await this.#rotateFor(payload.byteCount);
      this.#isTorn = true;
      await this.#handle?.write(payload.blocks, this.#bytes);
      await this.#handle?.datasync();
      this.#isTorn = false;
      this.#bytes += payload.byteCount;
      return { kind: 'delivered' };
    } catch (error) {
      // After a failed sync the descriptor tells nothing any more.
      await this.#leave();
      return retry('WEIR_SINK_IO', `writing ${this.#options.path} failed: ${messageOf(error)}`);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#leave();
    await this.#tidying;
  }

  async #open(): Promise<void> {
    const { files, log = () => undefined } = this.#ports;
    const { path } = this.#options;
    if (!this.#isRestored) await this.#restore();
    const sizeBytes = await files.sizeBytes(path);
    // Someone may move the file away or empty it; then it begins anew.
    if (this.#handle !== null && sizeBytes !== null && sizeBytes >= this.#bytes) return;
    await this.#leave();
    if (sizeBytes === null) {
      this.#handle = await files.open(path, 'create');
      await files.syncDir(splitPath(path).directory);
    } else this.#handle = await files.open(path, 'write');
    if ((sizeBytes ?? 0) < this.#bytes) {
      log(`${path} is shorter than it was left: writing goes on at its end`);
      this.#bytes = sizeBytes ?? 0;
    }
    await this.#cut();
  }

  async #cut(): Promise<void> {
    await this.#handle?.truncate(this.#bytes);
    this.#isTorn = false;
  }

  async #rotateFor(byteCount: number): Promise<void> {
    const isFull = this.#bytes > 0 && this.#bytes + byteCount > this.#maxFileBytes;
    if (this.#maxFileBytes === 0 || !isFull) return;
    const { files } = this.#ports;
    const { path } = this.#options;
    await this.#leave();
    await files.rename(path, rotatedPath(path, this.#fileNo));
    this.#fileNo++;
    this.#bytes = 0;
    this.#handle = await files.open(path, 'create');
    await files.syncDir(splitPath(path).directory);
  }

  /**
   * Takes back what was written and never recorded; without a record goes on behind what is there.
   */
  async #restore(): Promise<void> {
    const { files } = this.#ports;
    const { path } = this.#options;
    const { directory } = splitPath(path);
    await makeDurableDirectory(files, directory);
    const rotated = await findRotated(files, path);
    const recorded = this.#restoreTo;
    if (recorded === null) {
      this.#fileNo = Math.max(0, ...rotated.map(({ fileNo }) => fileNo)) + 1;
      this.#bytes = await this.#endOfLines();
    } else {
      this.#fileNo = recorded.fileNo;
      this.#bytes = recorded.bytes;
      // Renamed first: a crash in between finds the later ones still to be removed.
      if (rotated.some(({ fileNo }) => fileNo === recorded.fileNo))
        await files.rename(rotatedPath(path, recorded.fileNo), path);
      for (const { fileNo, path: later } of rotated)
        if (fileNo > recorded.fileNo && fileNo <= recorded.fileNo + UNRECORDED_FILES_MAX)
          await removeFile(files, later);
      await files.syncDir(directory);
      this.#tidy(recorded.fileNo);
    }
    this.#isRestored = true;
  }

  /** Of a file that nothing is known of: behind its last whole line. */
  async #endOfLines(): Promise<number> {
    const { files } = this.#ports;
    const sizeBytes = await files.sizeBytes(this.#options.path);
    if (sizeBytes === null || sizeBytes === 0) return 0;
    const handle = await files.open(this.#options.path, 'read');
    try {
      const block = new Uint8Array(64 * 1024);
      for (let end = sizeBytes; end > 0; ) {
        const from = Math.max(0, end - block.length);
        const count = await handle.read(block.subarray(0, end - from), from);
        const at = block.subarray(0, count).lastIndexOf(LINE_FEED);
        if (at >= 0) return from + at + 1;
        end = from;
      }
      return 0;
    } finally {
      await handle.close();
    }
  }

  async #leave(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close().catch(() => undefined);
  }

  /** Compresses and removes files below the number, one after the other, in the background. */
  #tidy(fileNo: number): void {
    const { maxFiles = 0, compression = 'none' } = this.#options;
    if (maxFiles === 0 && compression === 'none') return;
    if (fileNo === this.#tidiedTo) return;
    this.#tidiedTo = fileNo;
    this.#tidying = this.#tidying.then(() => this.#tidyBelow(fileNo));
  }
  #tidiedTo = 0;

  async #tidyBelow(fileNo: number): Promise<void> {
    const { files, log = () => undefined } = this.#ports;
    const { path, maxFiles = 0, compression = 'none' } = this.#options;
    try {
      const rotated = (await findRotated(files, path)).filter((file) => file.fileNo < fileNo);
      const numbers = [...new Set(rotated.map((file) => file.fileNo))];
      const kept = new Set(maxFiles === 0 ? numbers : numbers.slice(-maxFiles));
      for (const file of rotated) {
        if (this.#stop.signal.aborted) return;
        if (!kept.has(file.fileNo)) await removeFile(files, file.path);
        else if (compression === 'zstd' && !file.isCompressed)
          await compressFile(files, file.path, this.#stop.signal);
      }
    } catch (error) {
      if (systemCodeOf(error) === '') throw error;
      log(`tidying the rotated files of ${path} failed: ${messageOf(error)}`);
      await removeFile(files, `${rotatedPath(path, fileNo)}.zst${DRAFT_SUFFIX}`).catch(() => {});
    }
  }
}

function isState(state: unknown): state is FileSinkState {
  if (typeof state !== 'object' || state === null) return false;
  const { path, fileNo, bytes } = state as Record<string, unknown>;
  if (typeof path !== 'string') return false;
  return Number.isSafeInteger(fileNo) && Number.isSafeInteger(bytes);
}

const retry = (code: 'WEIR_ABORTED' | 'WEIR_SINK_IO', message: string): SinkOutcome => ({
  kind: 'retry',
  afterMs: null,
  failure: { code, message, details: {} },
});

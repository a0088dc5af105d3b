// Writes the tree's files: a checkpoint is durable when it resolves, and a file whose frames are
// all deleted becomes a line of the history. EVIDENCE.md "Files of the tree".
import { assert, type FileHandle, type Files, type Random } from '@weir/pipeline';
import {
  encodeRecord,
  encodeRecordFileHeader,
  RECORD_FILE_HEADER_BYTES,
  RECORD_FILE_ID_BYTES,
} from '../record-file.js';
import { strictFiles } from '../salvage.js';
import { removeIfThere } from '../small-files.js';
import { writeAgain } from '../write-again.js';
import { type Hash, type Peaks, SpanNodes } from './merkle.js';
import type { TreeChain } from './tree-chain.js';
import {
  encodeBegin,
  encodeCheckpoint,
  encodeHistory,
  HISTORY_FILE_NO,
  HISTORY_NAME,
  type NewCheckpoint,
  readTreeBegin,
  TREE_MAGIC,
  type TreeHistory,
  treeLogName,
  walkHistory,
  walkTreeFile,
} from './tree-files.js';
import { hashesOf } from './tree-leaves.js';

const FILE_BYTES_MAX = 8 * 1024 * 1024;

export interface TreeWriterOptions {
  readonly files: Files;
  readonly random: Random;
  /** `spool/tree`; its parent exists. */
  readonly directory: string;
  /** Makes it durable outside of the directory that this file is in use. */
  readonly noteFile: (treeNumber: number, fileNo: number) => Promise<void>;
  /** For tests. */
  readonly fileBytesMax?: number;
}

interface KnownFile {
  readonly fileNo: number;
  readonly treeNumber: number;
  /** The newest segment that a leaf of it is in. */
  segmentIdMax: number;
}

export class TreeWriter {
  readonly #options: TreeWriterOptions;
  #open: { handle: FileHandle; fileId: Uint8Array; at: number; recordNo: number } | null = null;
  #wholeBytes = 0;
  #fileNoMax = 0;
  /** Of the last checkpoint; 0 for none. */
  #treeNumber = 0;
  /** It was at the start: the tree needs nothing of it. */
  #isHistoryDamaged = false;
  /** Oldest first; the newest is never folded. */
  #known: KnownFile[] = [];
  /** The last attempt to append to the history failed. */
  #isHistoryInDoubt = false;
  /** Why the last folding failed; tried again with the next. */
  foldError: unknown = null;

  constructor(options: TreeWriterOptions) {
    this.#options = options;
  }

  /** Takes up what is there. No file of before is appended to. */
  take(chain: TreeChain, fileNoMax: number): void {
    assert(this.#open === null, 'no file is being written when others are taken up');
    this.#fileNoMax = Math.max(fileNoMax, ...chain.unreadable);
    this.#isHistoryDamaged = chain.isHistoryDamaged;
    this.#known = chain.readable.map(({ fileNo, treeNumber, segmentIdMax }) => {
      this.#fileNoMax = Math.max(this.#fileNoMax, fileNo);
      return { fileNo, treeNumber, segmentIdMax };
    });
  }

  /** The next checkpoint begins a file, and its state must be whole. */
  get needsFile(): boolean {
    const limit = Math.max(this.#options.fileBytesMax ?? FILE_BYTES_MAX, this.#wholeBytes * 4);
    return this.#open === null || this.#open.at > limit;
  }

  /** `before`: the peaks of the checkpoint before it. Durable when it resolves. */
  async write(treeNumber: number, before: Peaks, checkpoint: NewCheckpoint): Promise<void> {
    const body = encodeCheckpoint(checkpoint);
    try {
      if (this.needsFile) await this.#startFile(treeNumber, before, body);
      else await this.#append(body);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#treeNumber = treeNumber;
    const known = this.#known.at(-1);
    for (const { segmentId } of checkpoint.leaves)
      if (known !== undefined && segmentId > known.segmentIdMax) known.segmentIdMax = segmentId;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.handle.close().catch(() => undefined);
  }

  /**
   * Turns files into history whose segments are all older than the oldest that is there. A file of
   * this tree that cannot be read, or not to its end, stays, and so do all behind it.
   */
  async fold(oldestSegmentId: number): Promise<void> {
    try {
      while (this.#known.length > 1) {
        const [oldest, next] = this.#known;
        if (oldest === undefined || next === undefined) return;
        if (oldest.segmentIdMax >= oldestSegmentId) return;
        await this.#foldOne(oldest, next.fileNo);
        this.#known.shift();
      }
      this.foldError = null;
    } catch (error) {
      this.foldError = error;
    }
  }

  async #append(body: Uint8Array): Promise<void> {
    const open = this.#open;
    if (open === null) return;
    const bytes = encodeRecord(open.fileId, open.recordNo, body);
    await open.handle.write([bytes], open.at);
    await open.handle.datasync();
    open.at += bytes.length;
    open.recordNo++;
  }

  async #startFile(treeNumber: number, before: Peaks, body: Uint8Array): Promise<void> {
    const { files, random, directory, noteFile } = this.#options;
    await this.close();
    const fileNo = this.#fileNoMax + 1;
    this.#fileNoMax = fileNo;
    const path = `${directory}/${treeLogName(fileNo)}`;
    const fileId = random.bytes(RECORD_FILE_ID_BYTES);
    const parts = [
      encodeRecordFileHeader(TREE_MAGIC, fileId, fileNo),
      encodeRecord(fileId, 0, encodeBegin(treeNumber, before)),
      encodeRecord(fileId, 1, body),
    ];
    await files.makeDir(directory);
    const handle = await files.open(path, 'create');
    let isNoted = false;
    try {
      await handle.write(parts, 0);
      await handle.datasync();
      await files.syncDir(directory);
      await files.syncDir(directory.slice(0, directory.lastIndexOf('/')));
      isNoted = true;
      await noteFile(treeNumber, fileNo);
    } catch (error) {
      await handle.close().catch(() => undefined);
      // What it says was told to nobody; but a note that failed may be there all the same, and the
      // next start would miss the file.
      if (isNoted) this.#known.push({ fileNo, treeNumber, segmentIdMax: 0 });
      else await removeIfThere(files, path).catch(() => undefined);
      throw error;
    }
    const at = parts.reduce((sum, part) => sum + part.length, 0);
    this.#open = { handle, fileId, at, recordNo: 2 };
    this.#wholeBytes = body.length;
    this.#known.push({ fileNo, treeNumber, segmentIdMax: 0 });
  }

  async #foldOne({ fileNo, treeNumber }: KnownFile, nextFileNo: number): Promise<void> {
    const { directory } = this.#options;
    const isLiving = treeNumber === this.#treeNumber;
    // Of a tree that was left whatever can be read is kept.
    const files = isLiving ? strictFiles(this.#options.files) : this.#options.files;
    const file = await readTreeBegin(files, directory, fileNo);
    const next = await readTreeBegin(files, directory, nextFileNo);
    // A file that cannot be read stays: it says nothing that others could build upon.
    if (file === null || next === null) return;
    const { begin } = file;
    const sizeMax = next.treeNumber === treeNumber ? next.begin.size : Number.POSITIVE_INFINITY;
    const from = begin.size;
    const span = new SpanNodes(from);
    const records: Omit<TreeHistory, 'treeNumber'>[] = [];
    await walkTreeFile(files, directory, fileNo, ({ says, note, state, leaves }) => {
      if (says.size > sizeMax) return;
      const hashes = hashesOf(leaves);
      for (let i = 0; i < hashes.length; i++) span.append(hashes.at(i) as Hash);
      const text = Buffer.from(state).toString();
      records[0] = { from, to: says.size, nodes: [...span.nodes], note, state: text };
    });
    const [last] = records;
    const end = last?.to ?? from;
    if (isLiving && next.treeNumber === treeNumber && end < sizeMax)
      throw new RangeError(
        `file ${fileNo} of the tree ends at ${end}, the next begins at ${sizeMax}`,
      );
    if (last !== undefined) await this.#appendHistory(last, treeNumber);
    await removeIfThere(files, `${directory}/${treeLogName(fileNo)}`);
    await files.syncDir(directory);
  }

  async #appendHistory(record: Omit<TreeHistory, 'treeNumber'>, treeNumber: number): Promise<void> {
    const { files, random, directory } = this.#options;
    const path = `${directory}/${HISTORY_NAME}`;
    // What a failed sync left behind may be in memory only, and would be found there.
    if (this.#isHistoryInDoubt) await writeAgain(files, directory, HISTORY_NAME);
    this.#isHistoryInDoubt = true;
    let isThere = false;
    const readable = this.#isHistoryDamaged ? files : strictFiles(files);
    const found = await walkHistory(readable, directory, (one) => {
      isThere ||= one.treeNumber === treeNumber && one.to >= record.to;
    });
    if (found === 'damaged' || found?.isDamaged === true) {
      if (!this.#isHistoryDamaged) throw new RangeError('the history of the tree is damaged');
      // Kept for an expert; a tree that it belonged to has been left at the start.
      const kept = `${path}.damaged-${treeLogName(this.#fileNoMax).slice(4)}`;
      await files.rename(path, kept);
      await files.syncDir(directory);
    }
    this.#isHistoryDamaged = false;
    const history = found === 'damaged' || found?.isDamaged === true ? null : found;
    // After a crash between the record and the unlink.
    if (history !== null && isThere) {
      this.#isHistoryInDoubt = false;
      return;
    }
    const fileId = history?.fileId ?? random.bytes(RECORD_FILE_ID_BYTES);
    const at = history?.endOffset ?? RECORD_FILE_HEADER_BYTES;
    const bytes = encodeRecord(fileId, history?.recordCount ?? 0, encodeHistory(record));
    const handle = await files.open(path, history === null ? 'create' : 'write');
    try {
      if (history === null) {
        const header = encodeRecordFileHeader(TREE_MAGIC, fileId, HISTORY_FILE_NO);
        await handle.write([header, bytes], 0);
      } else {
        if (history.tornBytes > 0) await handle.truncate(at);
        await handle.write([bytes], at);
      }
      await handle.datasync();
      await files.syncDir(directory);
      this.#isHistoryInDoubt = false;
    } finally {
      await handle.close();
    }
  }
}

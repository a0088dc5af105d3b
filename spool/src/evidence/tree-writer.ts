// Writes the tree's files: a checkpoint is durable when it resolves, and a file whose frames are
// all deleted becomes a line of the history. EVIDENCE.md "Files of the tree".
import { assert, type FileHandle, type Files, type Random } from '@weir/pipeline';
import {
  encodeRecord,
  encodeRecordFileHeader,
  RECORD_FILE_HEADER_BYTES,
  RECORD_FILE_ID_BYTES,
} from '../record-file.js';
import { removeIfThere } from '../small-files.js';
import { writeAgain } from '../write-again.js';
import { EvidenceError } from './failures.js';
import { type Hash, type Peaks, SpanNodes } from './merkle.js';
import type { TreeChain } from './tree-chain.js';
import {
  encodeBegin,
  encodeCheckpoint,
  encodeHistory,
  HISTORY_FILE_NO,
  HISTORY_NAME,
  type NewCheckpoint,
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
  /** Leaves before it. */
  readonly from: number;
  /** The newest segment that a leaf of it is in. */
  segmentIdMax: number;
}

type HistoryRecord = Omit<TreeHistory, 'treeNumber'>;

const keptError = (name: string, what: string): EvidenceError =>
  new EvidenceError('io', `${name} of the tree ${what}, and is kept`);

export class TreeWriter {
  readonly #options: TreeWriterOptions;
  #open: { handle: FileHandle; fileId: Uint8Array; at: number; recordNo: number } | null = null;
  #wholeBytes = 0;
  #fileNoMax = 0;
  /** Oldest first; the newest is never folded. */
  #known: KnownFile[] = [];
  /** The last attempt to append to the history failed. */
  #isHistoryInDoubt = false;
  /** Why the last folding failed; what was to be folded is still there. */
  foldError: unknown = null;

  constructor(options: TreeWriterOptions) {
    this.#options = options;
  }

  /** Takes up what is there. No file of before is appended to. */
  take(chain: TreeChain, fileNoMax: number): void {
    assert(this.#open === null, 'no file is being written when others are taken up');
    this.#fileNoMax = Math.max(fileNoMax, ...chain.unreadable);
    this.#known = chain.readable.map(({ fileNo, treeNumber, begin, segmentIdMax }) => {
      this.#fileNoMax = Math.max(this.#fileNoMax, fileNo);
      return { fileNo, treeNumber, from: begin.size, segmentIdMax };
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
    const known = this.#known.at(-1);
    for (const { segmentId } of checkpoint.leaves)
      if (known !== undefined && segmentId > known.segmentIdMax) known.segmentIdMax = segmentId;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.handle.close();
  }

  /** Turns files into history whose segments are all older than the oldest that is there. */
  async fold(oldestSegmentId: number): Promise<void> {
    try {
      while (this.#known.length > 1) {
        const [oldest, next] = this.#known;
        if (oldest === undefined || next === undefined) return;
        if (oldest.segmentIdMax >= oldestSegmentId) return;
        await this.#foldOne(oldest, next);
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
    const known = { fileNo, treeNumber, from: before.size, segmentIdMax: 0 };
    let isNoted = false;
    try {
      await handle.write(parts, 0);
      await handle.datasync();
      await files.syncDir(directory);
      await files.syncDir(directory.slice(0, directory.lastIndexOf('/')));
      isNoted = true;
      await noteFile(treeNumber, fileNo);
    } catch (error) {
      await handle.close();
      // What it says was told to nobody; but a note that failed may be there all the same, and the
      // next start would miss the file.
      if (isNoted) this.#known.push(known);
      else await removeIfThere(files, path).catch(() => undefined);
      throw error;
    }
    const at = parts.reduce((sum, part) => sum + part.length, 0);
    this.#open = { handle, fileId, at, recordNo: 2 };
    this.#wholeBytes = body.length;
    this.#known.push(known);
  }

  /**
   * Removes the file only when the history says all of it that counts. Rejects where that cannot be
   * read, and keeps it.
   */
  async #foldOne(file: KnownFile, next: KnownFile): Promise<void> {
    const { files, directory } = this.#options;
    const { fileNo, treeNumber, from } = file;
    const sizeMax = next.treeNumber === treeNumber ? next.from : Number.POSITIVE_INFINITY;
    const span = new SpanNodes(from);
    const records: HistoryRecord[] = [];
    const found = await walkTreeFile(files, directory, fileNo, ({ says, note, state, leaves }) => {
      if (says.size > sizeMax) return;
      const hashes = hashesOf(leaves);
      for (let i = 0; i < hashes.length; i++) span.append(hashes.at(i) as Hash);
      const text = Buffer.from(state).toString();
      records[0] = { from, to: says.size, nodes: [...span.nodes], note, state: text };
    });
    const [last] = records;
    const isRead = found !== null && found !== 'unread' && !found.isUnread;
    // Behind where the next file begins it may be as it likes: nobody builds upon that.
    const isWhole =
      next.treeNumber === treeNumber
        ? (last?.to ?? from) === next.from
        : isRead && !found.isDamaged && last !== undefined;
    if (!isWhole) {
      // One of a tree that was left holds up nothing: it stays, until the next start at least.
      if (treeNumber !== this.#known.at(-1)?.treeNumber) return;
      throw keptError(treeLogName(fileNo), isRead ? 'is damaged' : 'cannot be read now');
    }
    if (last !== undefined) await this.#appendHistory(last, treeNumber);
    await removeIfThere(files, `${directory}/${treeLogName(fileNo)}`);
    await files.syncDir(directory);
  }

  async #appendHistory(record: HistoryRecord, treeNumber: number): Promise<void> {
    const { files, random, directory } = this.#options;
    const path = `${directory}/${HISTORY_NAME}`;
    // What a failed sync left behind may be in memory only, and would be found there.
    if (this.#isHistoryInDoubt) {
      await writeAgain(files, directory, HISTORY_NAME);
      await files.syncDir(directory);
      this.#isHistoryInDoubt = false;
    }
    const inUse = this.#known.at(-1)?.treeNumber;
    let [to, isInUse] = [0, false];
    const found = await walkHistory(files, directory, (one) => {
      if (one.treeNumber === treeNumber) to = Math.max(to, one.to);
      isInUse ||= one.treeNumber === inUse;
    });
    const isUnread = found === 'unread' || (found !== 'damaged' && found?.isUnread === true);
    if (isUnread) throw keptError(HISTORY_NAME, 'cannot be read now');
    const isDamaged = found === 'damaged' || found?.isDamaged === true;
    // After a crash between the record and the unlink.
    if (to >= record.to && !isDamaged) return;
    // The tree builds upon what it said: it is neither cut nor put aside.
    const isShort = treeNumber === inUse && to !== record.from;
    if (isShort || (isDamaged && isInUse)) throw keptError(HISTORY_NAME, 'is damaged');
    if (isDamaged) {
      // Kept for an expert; the tree that it belonged to has been left at the start.
      const kept = `${path}.damaged-${treeLogName(this.#fileNoMax).slice(4)}`;
      await files.rename(path, kept);
      await files.syncDir(directory);
    }
    const history = isDamaged ? null : found;
    this.#isHistoryInDoubt = true;
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

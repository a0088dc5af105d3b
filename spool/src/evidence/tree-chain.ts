// The files of a tree as one: history first, then the files that are there, each beginning where
// the one before it ends. Reads only, and keeps of a file no more than where it begins and ends:
// who wants checkpoints or leaves looks at them as they pass.
import type { Files } from '@weir/pipeline';
import { stateHashOf } from './checkpoint-note.js';
import { equalHashes, Peaks } from './merkle.js';
import {
  type CheckpointVisit,
  checkpointTextOf,
  type TreeFile,
  type TreeHistory,
  treeLogNumbers,
  walkHistory,
  walkTreeFile,
} from './tree-files.js';

/** Of a file, what counts: up to where the next one begins. */
export interface ChainedFile {
  readonly fileNo: number;
  readonly begin: Peaks;
  readonly end: Peaks;
}

export interface TreeChain {
  /** Of the newest file that can be read; 0 for none. */
  readonly treeNumber: number;
  /** Behind the history of this tree; empty if that does not fit. */
  readonly historyEnd: Peaks;
  /** Of this tree, not in the history, oldest first; each has a checkpoint. */
  readonly files: readonly ChainedFile[];
  /** Why the files do not fit together; null if they do. */
  readonly problem: string | null;
  /** `history` has a record, or its header, that does not match. */
  readonly isHistoryDamaged: boolean;
  /** The newest file ends in bytes that are no whole record. */
  readonly isTorn: boolean;
  /** All files that can be read, older trees included, oldest first. */
  readonly readable: readonly TreeFile[];
  /** Files that cannot be read, or hold no checkpoint; ascending. */
  readonly unreadable: readonly number[];
  readonly treeNumberMax: number;
}

export interface ChainVisitor {
  /**
   * Called before a file is read, the newest first; the result sees its checkpoints as far as they
   * count. Nothing is known of the file yet: it may turn out not to be one of `TreeChain.files`.
   * `isNewest`: no newer file could be read. Null: nobody wants to see them.
   */
  file(fileNo: number, isNewest: boolean): CheckpointVisit | null;
  /** Of whatever tree. */
  history?(record: TreeHistory): void;
}

/** A file and what of it counts. */
interface Link {
  readonly file: TreeFile;
  /** Behind the last checkpoint that counts. */
  readonly end: Peaks;
  readonly checkpointCount: number;
  readonly next: TreeFile | null;
}

/**
 * Rejects with WEIR_SPOOL_VERSION, the system's error, or what the visitor throws. `directory` is
 * `spool/tree`.
 */
export async function readTreeChain(
  files: Files,
  directory: string,
  visitor: ChainVisitor,
): Promise<TreeChain> {
  const links: Link[] = [];
  const unreadable: number[] = [];
  // The newest first: how much of a file counts is known from the one behind it. All before the
  // history: a file is in there before it is unlinked.
  for (const fileNo of (await treeLogNumbers(files, directory)).reverse()) {
    const next = links.at(-1)?.file ?? null;
    const visit = visitor.file(fileNo, next === null);
    const link = await walkLink(files, directory, fileNo, next, visit);
    // A file is written with its first checkpoint: without one it was never finished, or is
    // damaged.
    if (link === null) unreadable.push(fileNo);
    else links.push(link);
  }
  links.reverse();
  const newest = links.at(-1)?.file;
  const history = new HistoryWalk(newest?.treeNumber ?? null);
  const walked = await walkHistory(files, directory, (record) => {
    history.see(record);
    visitor.history?.(record);
  });
  const treeNumber = newest?.treeNumber ?? history.treeNumber;
  const living = links.filter(({ file }) => file.treeNumber === treeNumber);
  return {
    treeNumber,
    historyEnd: history.fits ? history.peaks : Peaks.empty(),
    ...(history.fits ? chain(history.peaks, living) : noChain),
    isHistoryDamaged: walked === 'damaged' || walked?.isDamaged === true,
    isTorn: (newest?.tornBytes ?? 0) > 0,
    readable: links.map(({ file }) => file),
    unreadable: unreadable.reverse(),
    treeNumberMax: Math.max(history.treeNumberMax, ...links.map(({ file }) => file.treeNumber)),
  };
}

const noChain = { files: [], problem: 'the history does not fit' };

async function walkLink(
  files: Files,
  directory: string,
  fileNo: number,
  next: TreeFile | null,
  visit: CheckpointVisit | null,
): Promise<Link | null> {
  const counted: Peaks[] = [];
  let checkpointCount = 0;
  const file = await walkTreeFile(files, directory, fileNo, (checkpoint, peaks) => {
    const { treeNumber } = checkpoint.says;
    if (next !== null && (treeNumber !== next.treeNumber || peaks.size > next.begin.size)) return;
    counted[0] = peaks;
    checkpointCount++;
    visit?.(checkpoint, peaks);
  });
  if (file === null || file.checkpointCount === 0) return null;
  return { file, end: counted[0] ?? file.begin, checkpointCount, next };
}

/** Follows the records of one tree: that of the number, or of the last record. */
class HistoryWalk {
  treeNumber = 0;
  treeNumberMax = 0;
  peaks = Peaks.empty();
  fits = true;
  readonly #wanted: number | null;

  constructor(treeNumber: number | null) {
    this.#wanted = treeNumber;
  }

  see(record: TreeHistory): void {
    const { treeNumber } = record;
    this.treeNumberMax = Math.max(this.treeNumberMax, treeNumber);
    if (this.#wanted !== null && treeNumber !== this.#wanted) return;
    if (treeNumber !== this.treeNumber) {
      this.peaks = Peaks.empty();
      this.fits = true;
    }
    this.treeNumber = treeNumber;
    this.fits &&= followHistory(this.peaks, record);
  }
}

function chain(
  historyEnd: Peaks,
  links: readonly Link[],
): { files: ChainedFile[]; problem: string | null } {
  const chained: ChainedFile[] = [];
  let before = historyEnd;
  for (const { file, end, checkpointCount, next } of links) {
    const { fileNo, begin } = file;
    // A file that was not unlinked yet is in the history already.
    if (begin.size < historyEnd.size) continue;
    if (!isSame(begin, before))
      return { files: chained, problem: `file ${fileNo} does not begin where another ended` };
    // A record that was never published may be broken; one that others build upon may not.
    if (file.isDamaged && (next === null || end.size < next.begin.size))
      return { files: chained, problem: `file ${fileNo} is damaged` };
    before = end;
    if (checkpointCount > 0) chained.push({ fileNo, begin, end });
  }
  return { files: chained, problem: null };
}

/** False if the record does not continue the tree. */
export function followHistory(peaks: Peaks, record: TreeHistory): boolean {
  if (record.from !== peaks.size || !peaks.appendNodes(record.to, record.nodes)) return false;
  const says = checkpointTextOf(record.note);
  return (
    says !== null &&
    says.size === record.to &&
    equalHashes(says.root, peaks.root()) &&
    equalHashes(says.stateHash, stateHashOf(record.state))
  );
}

const isSame = (a: Peaks, b: Peaks): boolean =>
  a.size === b.size && a.hashes.every((one, i) => equalHashes(one, b.hashes[i] as Uint8Array));

// The files of a tree as one: history first, then the files that are there, each beginning where
// the one before it ends. Reads only.
import type { Files } from '@weir/pipeline';
import { stateHashOf } from './checkpoint-note.js';
import { equalHashes, Peaks } from './merkle.js';
import {
  checkpointTextOf,
  type HistoryFile,
  readHistory,
  readTreeFile,
  type StoredCheckpoint,
  type TreeFile,
  type TreeHistory,
  type TreeLeaf,
  treeLogNumbers,
} from './tree-files.js';

/** Of a file, what counts: up to where the next one begins. */
export interface ChainedFile {
  readonly fileNo: number;
  readonly begin: Peaks;
  readonly end: Peaks;
  readonly checkpoints: readonly StoredCheckpoint[];
  readonly leaves: readonly TreeLeaf[];
}

export interface TreeChain {
  /** Of the newest file that can be read; 0 for none. */
  readonly treeNumber: number;
  /** Of this tree, from leaf 0 on. */
  readonly history: readonly TreeHistory[];
  /** Of this tree, not in the history, oldest first. */
  readonly files: readonly ChainedFile[];
  /** Why the files do not fit together; null if they do. */
  readonly problem: string | null;
  /** The newest file ends in bytes that are no whole record. */
  readonly isTorn: boolean;
  /** Of all files that can be read, older trees included. */
  readonly readable: readonly TreeFile[];
  /** Of files that cannot be read, or hold no checkpoint. */
  readonly unreadable: readonly number[];
  readonly historyFile: HistoryFile | 'damaged' | null;
  readonly treeNumberMax: number;
}

/** Rejects with WEIR_SPOOL_VERSION, or the system's error. `directory` is `spool/tree`. */
export async function readTreeChain(files: Files, directory: string): Promise<TreeChain> {
  const readable: TreeFile[] = [];
  const unreadable: number[] = [];
  // Before the history: a file is in there before it is unlinked.
  for (const fileNo of await treeLogNumbers(files, directory)) {
    const file = await readTreeFile(files, directory, fileNo);
    // A file is written with its first checkpoint: without one it was never finished, or is
    // damaged.
    if (file === null || file.checkpoints.length === 0) unreadable.push(fileNo);
    else readable.push(file);
  }
  const historyFile = await readHistory(files, directory);
  const allHistory = historyFile === null || historyFile === 'damaged' ? [] : historyFile.records;
  const newest = readable.at(-1);
  const treeNumber = newest?.treeNumber ?? allHistory.at(-1)?.treeNumber ?? 0;
  const history = allHistory.filter((record) => record.treeNumber === treeNumber);
  const numbers = [...readable, ...allHistory].map((one) => one.treeNumber);
  const chained = chain(
    history,
    readable.filter((file) => file.treeNumber === treeNumber),
  );
  return {
    treeNumber,
    history,
    ...chained,
    isTorn: (newest?.tornBytes ?? 0) > 0,
    readable,
    unreadable,
    historyFile,
    treeNumberMax: Math.max(0, ...numbers),
  };
}

function chain(
  history: readonly TreeHistory[],
  files: readonly TreeFile[],
): { files: ChainedFile[]; problem: string | null } {
  const peaks = Peaks.empty();
  for (const record of history)
    if (!followHistory(peaks, record)) return { files: [], problem: 'the history does not fit' };
  // A file that was not unlinked yet is in the history already.
  const living = files.filter((file) => file.begin.size >= peaks.size);
  const chained: ChainedFile[] = [];
  let end = peaks;
  for (const [i, file] of living.entries()) {
    if (!isSame(file.begin, end))
      return { files: chained, problem: `file ${file.fileNo} does not begin where another ended` };
    const next = living[i + 1];
    const part = next === undefined ? partOf(file, file.end.size) : partOf(file, next.begin.size);
    // A record that was never published may be broken; one that others build upon may not.
    if (file.isDamaged && (next === undefined || part.end.size < next.begin.size))
      return { files: chained, problem: `file ${file.fileNo} is damaged` };
    end = part.end;
    if (part.checkpoints.length > 0) chained.push(part);
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

/** The checkpoints up to a size. */
function partOf(file: TreeFile, sizeMax: number): ChainedFile {
  const { fileNo, begin } = file;
  const checkpoints = file.checkpoints.filter(({ says }) => says.size <= sizeMax);
  const size = checkpoints.at(-1)?.says.size ?? begin.size;
  const leaves = file.leaves.slice(0, size - begin.size);
  const end = begin.copy();
  for (const { hash } of leaves) end.append(hash);
  return { fileNo, begin, end, checkpoints, leaves };
}

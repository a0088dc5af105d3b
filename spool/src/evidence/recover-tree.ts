// Taking a tree up where its files end, or beginning the next one where they do not fit. Nothing is
// ever signed on top of what does not verify. EVIDENCE.md "Files of the tree".
import type { Files } from '@weir/pipeline';
import type { SegmentInfo } from '../catalog.js';
import { patientFiles } from '../patience.js';
import { removeIfThere } from '../small-files.js';
import type { Store, TreeMark } from '../store.js';
import { writeAgain } from '../write-again.js';
import type { ReadPlace } from './frame-hasher.js';
import { Peaks } from './merkle.js';
import { openNote, type VerifierKey } from './note.js';
import { readTreeChain, type TreeChain } from './tree-chain.js';
import {
  HISTORY_NAME,
  type SeenCheckpoint,
  type StoredCheckpoint,
  storedOf,
  TREE_NAME,
  treeLogName,
  treeLogNumbers,
} from './tree-files.js';
import { parseStateDocument, TreeState } from './tree-state.js';

export interface RecoveredTree {
  readonly chain: TreeChain;
  readonly treeNumber: number;
  readonly peaks: Peaks;
  readonly state: TreeState;
  /** Null for a tree that begins. */
  readonly last: StoredCheckpoint | null;
  /** The first frame that is not in it; null for the oldest that is there. */
  readonly next: ReadPlace | null;
  /**
   * The newest file may have said more: a frame of an ended segment that cannot be read back may be
   * in what was published.
   */
  readonly isTorn: boolean;
  /** Why a tree was left that was there; null if none was. */
  readonly left: string | null;
}

/** What the checkpoints of a file say together. */
class FileState {
  readonly state: TreeState;
  last: StoredCheckpoint | null = null;
  isReadable = true;

  constructor(nodeId: string) {
    this.state = new TreeState(nodeId);
  }

  add(checkpoint: SeenCheckpoint): void {
    this.last = storedOf(checkpoint);
    const document = parseStateDocument(this.last.state);
    if (document === null) this.isReadable = false;
    else this.state.load(document);
  }
}

/**
 * Reads all files of the tree, a window at a time, so that other work has its turn. Null if it was
 * given up: that is asked before each of them, with its size. Rejects with the system's error.
 */
export async function recoverTree(
  store: Store,
  nodeId: string,
  key: VerifierKey,
  how: {
    readonly isStateRebuilt: boolean;
    readonly leave: string | null;
    readonly isGivenUp: (fileBytes: number) => boolean;
  },
): Promise<RecoveredTree | null> {
  const files = patientFiles(store.settings.files, store.settings.timers);
  const directory = store.pathOf(TREE_NAME);
  const sizes = await trust(files, directory, store.state.treeMark);
  const read = await readNewest(files, directory, nodeId, (fileNo) =>
    how.isGivenUp(sizes.get(treeLogName(fileNo)) ?? 0),
  );
  if (read === null) return null;
  const { chain, newest } = read;
  const isCounted = chain.files.at(-1)?.fileNo === chain.readable.at(-1)?.fileNo;
  const last = isCounted ? newest.last : null;
  const mark = store.state.treeMark;
  // Cut short while they were made: nothing that they say was told to anybody.
  for (const fileNo of chain.unreadable)
    if (fileNo > (mark?.fileNo ?? 0) && !isUnmarked(mark, chain))
      await removeIfThere(files, `${directory}/${treeLogName(fileNo)}`);
  const problem = how.leave ?? problemOf(store, chain, last, newest.isReadable, nodeId, key);
  if (problem !== null || last === null) {
    const known = Math.max(mark?.treeNumber ?? 0, chain.treeNumberMax);
    // With the state rebuilt nobody knows which numbers were used; the epoch counter only rises.
    const isUnknown = (how.isStateRebuilt && known === 0) || isUnmarked(mark, chain);
    const counter = isUnknown ? Number(store.state.epoch >> 32n) : 0;
    return {
      chain,
      treeNumber: Math.max(known + 1, counter),
      peaks: Peaks.empty(),
      state: new TreeState(nodeId),
      last: null,
      next: null,
      isTorn: false,
      left: problem,
    };
  }
  const { segmentId, frameNo, nextOffset: offset } = last;
  const peaks = (chain.files.at(-1)?.end ?? Peaks.empty()).copy();
  const next = { segmentId, frameNo: frameNo + 1, offset };
  const { treeNumber, isTorn } = chain;
  const { state } = newest;
  return { chain, treeNumber, peaks, state, last, next, isTorn, left: null };
}

const givenUp = new Error('given up');

async function readNewest(
  files: Files,
  directory: string,
  nodeId: string,
  isGivenUp: (fileNo: number) => boolean,
): Promise<{ readonly chain: TreeChain; readonly newest: FileState } | null> {
  let newest = new FileState(nodeId);
  try {
    const chain = await readTreeChain(files, directory, {
      file: (fileNo, isNewest) => {
        if (isGivenUp(fileNo)) throw givenUp;
        if (!isNewest) return null;
        const looked = new FileState(nodeId);
        newest = looked;
        return (checkpoint) => looked.add(checkpoint);
      },
    });
    return { chain, newest };
  } catch (error) {
    if (error === givenUp) return null;
    throw error;
  }
}

/** Why nothing may be signed on top of these files; null if it may, or if there are none. */
function problemOf(
  store: Store,
  chain: TreeChain,
  last: StoredCheckpoint | null,
  isStateReadable: boolean,
  nodeId: string,
  key: VerifierKey,
): string | null {
  const mark = store.state.treeMark;
  if (chain.problem !== null) return chain.problem;
  if (isUnmarked(mark, chain))
    return `file ${chain.unreadable.at(-1)} of the tree cannot be read, nor what told if it was in use`;
  const newest = chain.readable.at(-1)?.fileNo ?? 0;
  if (mark !== null && newest < mark.fileNo) return `file ${mark.fileNo} of the tree is lost`;
  if (last === null) return chain.treeNumber > 0 ? 'no checkpoint of the tree is left' : null;
  const opened = openNote(last.note, [key]);
  if ('problem' in opened) return `the last checkpoint does not verify: ${opened.problem}`;
  if (last.says.nodeId !== nodeId) return 'the last checkpoint is that of another node';
  if (!isStateReadable) return 'a state of the tree cannot be read';
  const deleted = store.state.deletedEnd;
  const isGap =
    deleted === null
      ? isBehindOldest(store.catalog.segments[0], last)
      : deleted.segmentId > last.segmentId ||
        (deleted.segmentId === last.segmentId && deleted.frameCount > last.frameNo + 1);
  return isGap ? 'frames were deleted that are in no checkpoint' : null;
}

/** With the state lost, a file that cannot be read may have been published, if there are others. */
const isUnmarked = (mark: TreeMark | null, chain: TreeChain): boolean =>
  mark === null && chain.unreadable.length > 0 && chain.readable.length > 0;

/** Without a note of what was deleted, nothing may have been. */
const isBehindOldest = (oldest: SegmentInfo | undefined, last: StoredCheckpoint): boolean =>
  oldest !== undefined && oldest.id > last.segmentId + 1;

/**
 * After a kill or a failed sync what is read may be in memory only. Files before the one in use
 * count up to where the next begins, and were durable that far when it began. Returns the sizes of
 * the files by name.
 */
async function trust(
  files: Files,
  directory: string,
  mark: TreeMark | null,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  const numbers = await treeLogNumbers(files, directory);
  if (numbers.length === 0) return sizes;
  for (const fileNo of numbers) {
    const name = treeLogName(fileNo);
    sizes.set(name, (await files.sizeBytes(`${directory}/${name}`)) ?? 0);
    if (fileNo >= (mark?.fileNo ?? 0)) await writeAgain(files, directory, name);
  }
  await writeAgain(files, directory, HISTORY_NAME);
  await files.syncDir(directory);
  return sizes;
}

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
  type StoredCheckpoint,
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

/** Rejects with the system's error. */
export async function recoverTree(
  store: Store,
  nodeId: string,
  key: VerifierKey,
  how: { readonly isStateRebuilt: boolean; readonly leave: string | null },
): Promise<RecoveredTree> {
  const files = patientFiles(store.settings.files, store.settings.timers);
  const directory = store.pathOf(TREE_NAME);
  await trust(files, directory);
  const chain = await readTreeChain(files, directory);
  const last = chain.files.at(-1)?.checkpoints.at(-1) ?? null;
  const mark = store.state.treeMark;
  // Cut short while they were made: nothing that they say was told to anybody.
  for (const fileNo of chain.unreadable)
    if (fileNo > (mark?.fileNo ?? 0) && !isUnmarked(mark, chain))
      await removeIfThere(files, `${directory}/${treeLogName(fileNo)}`);
  const problem = how.leave ?? problemOf(store, chain, last, nodeId, key);
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
  const state = new TreeState(nodeId);
  for (const { checkpoints } of chain.files.slice(-1))
    for (const checkpoint of checkpoints) {
      const document = parseStateDocument(checkpoint.state);
      if (document !== null) state.load(document);
    }
  const { segmentId, frameNo, nextOffset: offset } = last;
  const peaks = (chain.files.at(-1)?.end ?? Peaks.empty()).copy();
  const next = { segmentId, frameNo: frameNo + 1, offset };
  const { treeNumber, isTorn } = chain;
  return { chain, treeNumber, peaks, state, last, next, isTorn, left: null };
}

/** Why nothing may be signed on top of these files; null if it may, or if there are none. */
function problemOf(
  store: Store,
  chain: TreeChain,
  last: StoredCheckpoint | null,
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
  if (chain.files.at(-1)?.checkpoints.some(({ state }) => parseStateDocument(state) === null))
    return 'a state of the tree cannot be read';
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

/** After a kill without power loss what is read may be in memory only. */
async function trust(files: Files, directory: string): Promise<void> {
  const numbers = await treeLogNumbers(files, directory);
  if (numbers.length === 0) return;
  for (const name of [...numbers.map(treeLogName), HISTORY_NAME]) {
    await writeAgain(files, directory, name);
  }
  await files.syncDir(directory);
}

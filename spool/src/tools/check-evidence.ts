// The signed evidence beside the frames: does the tree fit together, and is each frame the one that
// was hashed into it? Signatures are the business of `weir verify`.
import type { Files } from '@weir/pipeline';
import { equalHashes, leafHash, sha256 } from '../evidence/merkle.js';
import { readTree } from '../evidence/read-tree.js';
import { readTreeChain } from '../evidence/tree-chain.js';
import { TREE_NAME, treeLogName } from '../evidence/tree-files.js';
import type { LeafSeries, TreeLeaf } from '../evidence/tree-leaves.js';
import { FRAME_HEADER_BYTES } from '../layout.js';
import type { FrameAt } from '../reader.js';
import { readReceipts } from '../receipts/receipt-files.js';
import { foldersIn } from './directory.js';
import { type Finding, findingOf } from './findings.js';

/** Frames and leaves both come in order, so one look at each is enough. */
export class LeafCheck {
  readonly #leaves: LeafSeries;
  #next = 0;
  leafCount = 0;

  constructor(leaves: LeafSeries) {
    this.#leaves = leaves;
  }

  /** What is wrong with a frame, without a dot; null for nothing, or if it has no leaf yet. */
  problemOf(segmentId: number, { header, bytes }: FrameAt): string | null {
    const { frameNo, metaBytes, storedBytes } = header;
    let leaf = this.#leaves.at(this.#next);
    while (leaf !== undefined && isBefore(leaf, segmentId, frameNo)) {
      this.#next++;
      leaf = this.#leaves.at(this.#next);
    }
    if (leaf?.segmentId !== segmentId || leaf.frameNo !== frameNo) return null;
    const headBytes = FRAME_HEADER_BYTES + metaBytes;
    const payloadHash = sha256(bytes.subarray(headBytes, headBytes + storedBytes));
    this.leafCount++;
    if (equalHashes(leafHash(bytes.subarray(0, headBytes), payloadHash), leaf.hash)) return null;
    return `frame ${frameNo} is not the one that was hashed into the signed tree`;
  }
}

const isBefore = (leaf: TreeLeaf, segmentId: number, frameNo: number): boolean =>
  leaf.segmentId < segmentId || (leaf.segmentId === segmentId && leaf.frameNo < frameNo);

/** Null as `leaves` where there is no tree. */
export async function checkTree(
  files: Files,
  spoolDirectory: string,
  { prefix, isLive }: { readonly prefix: string; readonly isLive: boolean },
): Promise<{ readonly findings: Finding[]; readonly leaves: LeafCheck | null }> {
  const tree = await readTree(files, spoolDirectory);
  if (tree === null) {
    const { unreadable } = await readTreeChain(files, `${spoolDirectory}/${TREE_NAME}`, {
      file: () => null,
    });
    const say = (fileNo: number): Finding =>
      findingOf(
        'evidence_damaged',
        `${prefix}${TREE_NAME}/${treeLogName(fileNo)}`,
        'its beginning does not match its checksum, and no other file of the tree can be read',
      );
    return { findings: isLive ? [] : unreadable.map(say), leaves: null };
  }
  const findings =
    tree.problem === null
      ? []
      : [findingOf('evidence_damaged', `${prefix}${TREE_NAME}/`, tree.problem)];
  return { findings, leaves: new LeafCheck(tree.leaves) };
}

/** `directory` holds one folder a sink with signed receipts. */
export async function checkReceipts(files: Files, directory: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const sink of await foldersIn(files, directory)) {
    const { damagedFileCount } = await readReceipts(files, `${directory}/${sink}`);
    if (damagedFileCount === 0) continue;
    const what = `${damagedFileCount} files of signed receipts do not match their checksums`;
    findings.push(findingOf('evidence_damaged', `receipts/${sink}/`, what));
  }
  return findings;
}

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
import {
  outcomesOf,
  type ReceiptGap,
  receiptGaps,
  settledNumbers,
} from '../receipts/receipt-gaps.js';
import { BEFORE_SUFFIX } from '../sink-ledger/beginning.js';
import { readSinkLedger, type SinkLedgerStream } from '../sink-ledger/read-sink-ledger.js';
import { decodeTreeMark } from '../store.js';
import { foldersIn } from './directory.js';
import { type Finding, type FindingKind, findingOf } from './findings.js';
import type { Survey } from './survey.js';

/** Frames and leaves both come in order, so one look at each is enough. */
export class LeafCheck {
  readonly #leaves: LeafSeries;
  #next = 0;
  leafCount = 0;
  /** By segment: how many frames it has at least. */
  readonly frameEnds = new Map<number, number>();

  constructor(leaves: LeafSeries) {
    this.#leaves = leaves;
    for (const { segmentId, frameNo } of leaves) this.frameEnds.set(segmentId, frameNo + 1);
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
  survey: Survey,
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
  const findings: Finding[] = [];
  const say = (what: string): void => {
    findings.push(findingOf('evidence_damaged', `${prefix}${TREE_NAME}/`, what));
  };
  if (tree.problem !== null) say(tree.problem);
  else if (!isLive) {
    const mark = decodeTreeMark(survey.checkpoint.slot?.words[3] ?? 0n);
    if (mark !== null && tree.newestFileNo < mark.fileNo)
      say(`${treeLogName(mark.fileNo)} was in use and is not there, or cannot be read`);
  }
  return { findings, leaves: new LeafCheck(tree.leaves) };
}

export interface ReceiptsCheck {
  readonly files: Files;
  readonly spoolDirectory: string;
  /** With one folder a sink with signed receipts. */
  readonly directory: string;
  readonly ledgerDirectory: string | null;
  readonly unsignedSinks: readonly string[];
  readonly isLive: boolean;
}

export async function checkReceipts(check: ReceiptsCheck): Promise<Finding[]> {
  const { files, spoolDirectory, directory, unsignedSinks, isLive } = check;
  const findings: Finding[] = [];
  const sinks = await foldersIn(files, directory);
  const asked = isLive ? [] : sinks.filter((sink) => !unsignedSinks.includes(sink));
  const settled = await settledNumbers(files, spoolDirectory, asked);
  for (const sink of sinks) {
    const say = (kind: FindingKind, what: string, numbers: readonly ReceiptGap[] = []): void => {
      findings.push(findingOf(kind, `receipts/${sink}/`, what, { numbers }));
    };
    const reading = await readReceipts(files, `${directory}/${sink}`);
    const { problem, tornBytes } = reading;
    if (problem !== null) say('receipts_damaged', problem);
    else if (tornBytes > 0 && !isLive)
      say('receipts_torn', `${tornBytes} bytes behind the last whole receipt`);
    const before = await beforeOf(check, sink);
    const gaps = receiptGaps(settled.get(sink) ?? [], outcomesOf(reading.receipts), before);
    if (gaps.length === 0) continue;
    const count = gaps.reduce((sum, { eventCount }) => sum + eventCount, 0);
    say(
      'receipts_missing',
      `${count} numbers that wait for this sink no more have no receipt`,
      gaps,
    );
  }
  return findings;
}

async function beforeOf(
  { files, ledgerDirectory }: ReceiptsCheck,
  sink: string,
): Promise<readonly SinkLedgerStream[]> {
  if (ledgerDirectory === null) return [];
  const ledger = await readSinkLedger(files, `${ledgerDirectory}/${sink}${BEFORE_SUFFIX}`);
  return ledger?.streams ?? [];
}

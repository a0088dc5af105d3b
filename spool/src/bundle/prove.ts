// The proof of one event: its frame, and the way from there to a signed checkpoint. EVIDENCE.md
// "Proof of an event".
import type { Files } from '@weir/pipeline';
import { numbersOfHead } from '../evidence/head-numbers.js';
import { equalHashes, leafHash, TreeView } from '../evidence/merkle.js';
import { toBase64 } from '../evidence/note.js';
import { FrameFinder, readTree } from '../evidence/read-tree.js';
import { hashesOf } from '../evidence/tree-leaves.js';
import type { StreamEpoch } from '../layout.js';

export interface EventId extends StreamEpoch {
  readonly seq: number;
}

export interface Proof {
  /** One line of JSON. */
  readonly text: string;
  /** Leaf of the tree, from 0. */
  readonly index: number;
  /** Leaves that the checkpoint covers. */
  readonly size: number;
  readonly eventCount: number;
}

/**
 * Why there is no proof. `no_tree`: nothing was signed yet. `not_found`: no frame that is still
 * there has the number: it was deleted, or is damaged, or the number was never issued.
 * `not_covered` cannot happen for a frame that a checkpoint hashed; a frame behind the last one is `not_found`.
 */
export type NoProof = { readonly problem: 'no_tree' | 'not_found' };

/** Rejects with WEIR_SPOOL_VERSION, or the system's error. */
export async function proveEvent(
  files: Files,
  spoolDirectory: string,
  event: EventId,
): Promise<Proof | NoProof> {
  const tree = await readTree(files, spoolDirectory);
  const checkpoint = tree?.checkpoints.at(-1);
  if (tree === null || checkpoint === undefined) return { problem: 'no_tree' };
  const finder = new FrameFinder(files, spoolDirectory);
  try {
    let index = tree.begin.size - 1;
    for (const leaf of tree.leaves) {
      index++;
      const frame = await finder.read(leaf.segmentId, leaf.frameNo);
      if (frame === null || !holds(frame.head, event)) continue;
      if (!equalHashes(leafHash(frame.head, frame.payloadHash), leaf.hash)) continue;
      const { size } = checkpoint.says;
      const view = new TreeView(tree.begin, hashesOf(tree.leaves));
      const { tenant, stream, epoch, seq } = event;
      const text = JSON.stringify({
        type: 'weir-proof',
        version: 1,
        tenant,
        stream,
        epoch: String(epoch),
        seq,
        frame: toBase64(frame.bytes),
        index,
        path: view.inclusionPath(index, size).map(toBase64),
        note: checkpoint.note,
        state: checkpoint.state,
      });
      return { text, index, size, eventCount: numbersOfHead(frame.head)?.eventCount ?? 0 };
    }
  } finally {
    await finder.close();
  }
  return { problem: 'not_found' };
}

function holds(head: Uint8Array, event: EventId): boolean {
  const numbers = numbersOfHead(head);
  if (numbers === null) return false;
  const { tenant, stream, epoch, seqFirst, eventCount } = numbers;
  if (tenant !== event.tenant || stream !== event.stream || epoch !== event.epoch) return false;
  return event.seq >= seqFirst && event.seq < seqFirst + eventCount;
}

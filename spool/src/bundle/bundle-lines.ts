// The lines of a bundle, from what was read of tree, receipts and anchors. EVIDENCE.md "Bundle".
import { createHash } from 'node:crypto';
import { equalHashes, type Hash, leafHash } from '../evidence/merkle.js';
import { type Signer, signNote, toBase64 } from '../evidence/note.js';
import type { TreeReading } from '../evidence/read-tree.js';
import type { TreeLeaf } from '../evidence/tree-leaves.js';
import type { StoredReceipt } from '../receipts/receipt-note.js';

export interface BundleSink {
  readonly id: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** True if the receipts were signed as the intents were closed, and not at the export. */
  readonly isSigned: boolean;
  /** Oldest first; the first is fresh or a fold. */
  readonly receipts: readonly StoredReceipt[];
}

/** Header and metadata of a frame that is still there, and the hash of its stored payload. */
export interface LeafContent {
  readonly head: Uint8Array;
  readonly payloadHash: Hash;
}

export interface BundleContent {
  readonly nodeId: string;
  /** Verifier keys, as in the .pub files. */
  readonly keys: readonly string[];
  /** Null: nothing was signed yet. */
  readonly tree: Pick<
    TreeReading,
    'treeNumber' | 'history' | 'begin' | 'leaves' | 'checkpoints'
  > | null;
  /** Null for a frame that is gone or damaged. Asked for in order. */
  readonly contentOf: (leaf: TreeLeaf) => Promise<LeafContent | null>;
  readonly sinks: readonly BundleSink[];
  /** Notes of checkpoints that the store has, of this node and tree. */
  readonly anchors: readonly string[];
  /** The loader key, for the seal. */
  readonly sealer: Signer;
}

/** Without their newlines. */
export async function* bundleLines(content: BundleContent): AsyncGenerator<string, void> {
  const { nodeId, sealer } = content;
  const hash = createHash('sha256');
  let lines = 0;
  for await (const object of objectsOf(content)) {
    const line = JSON.stringify(object);
    hash.update(`${line}\n`);
    lines++;
    yield line;
  }
  const text = `weir/loader/${nodeId}/bundle\nlines ${lines}\nbytes ${hash.digest('base64')}\n`;
  yield JSON.stringify({ type: 'end', lines, note: signNote(text, sealer) });
}

async function* objectsOf(content: BundleContent): AsyncGenerator<object, void> {
  const { nodeId, keys, tree, sinks, anchors } = content;
  yield { type: 'weir-bundle', version: 1, node: nodeId, keys, tree: tree?.treeNumber ?? 1 };
  for (const { to, nodes, note, state } of tree?.history ?? [])
    yield { type: 'history', to, nodes: nodes.map(toBase64), note, state };
  yield { type: 'begin', size: tree?.begin.size ?? 0 };
  if (tree !== null) yield* leavesOf(tree, content.contentOf);
  for (const { id, type, isRequired, isSigned, receipts } of sinks) {
    yield { type: 'sink', id, type_of_sink: type, required: isRequired, signed: isSigned };
    for (const { note, document } of receipts) yield { type: 'receipt', note, document };
  }
  for (const note of anchors) yield { type: 'anchor', note };
}

async function* leavesOf(
  tree: NonNullable<BundleContent['tree']>,
  contentOf: BundleContent['contentOf'],
): AsyncGenerator<object, void> {
  let size = tree.begin.size;
  let next = 0;
  for (const leaf of tree.leaves) {
    for (; (tree.checkpoints[next]?.says.size ?? Infinity) <= size; next++)
      yield checkpointOf(tree.checkpoints[next]);
    const found = await contentOf(leaf);
    // A frame that is not the one that was hashed is damaged.
    const isWhole =
      found !== null && equalHashes(leafHash(found.head, found.payloadHash), leaf.hash);
    yield isWhole
      ? { type: 'leaf', head: toBase64(found.head), payload: toBase64(found.payloadHash) }
      : { type: 'leaf', hash: toBase64(leaf.hash) };
    size++;
  }
  for (; next < tree.checkpoints.length; next++) yield checkpointOf(tree.checkpoints[next]);
}

function checkpointOf(checkpoint: TreeReading['checkpoints'][number] | undefined): object {
  const { note, state } = checkpoint as TreeReading['checkpoints'][number];
  return { type: 'checkpoint', note, state };
}

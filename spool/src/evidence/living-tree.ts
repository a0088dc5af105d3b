// The tree that the notary writes, between what was hashed and what was signed.
import type { ReadPlace } from './frame-hasher.js';
import { equalHashes, type Hash, type Peaks, TreeView } from './merkle.js';
import type { TreeLeaf } from './tree-leaves.js';
import type { TreeState } from './tree-state.js';

/** The tree that is being written. */
export interface LivingTree {
  readonly number: number;
  /** All that was hashed. */
  readonly hashed: Peaks;
  readonly state: TreeState;
  /** Hashed and not under a durable checkpoint. */
  pending: TreeLeaf[];
  /** The frame hashed last, and the offset behind it. */
  last: { readonly segmentId: number; readonly frameNo: number; readonly nextOffset: number };
  /** Of the newest durable checkpoint; the empty tree for none. */
  signed: { readonly peaks: Peaks; readonly root: Hash };
  /** The first place that was not read; null for the oldest segment. */
  next: ReadPlace | null;
  readonly isTorn: boolean;
  /** No checkpoint of this process yet. */
  isFirst: boolean;
}

/** The new root; null unless the last signed tree is shown to be its beginning. */
export function provenRoot({ signed, hashed, pending }: LivingTree): Hash | null {
  const root = hashed.root();
  const grown = signed.peaks.copy();
  const hashes = pending.map(({ hash }) => hash);
  const nodes = new TreeView(signed.peaks, hashes).nodes(signed.peaks.size, hashed.size);
  const isConsistent =
    signed.peaks.size + pending.length === hashed.size &&
    equalHashes(signed.peaks.root(), signed.root) &&
    grown.appendNodes(hashed.size, nodes) &&
    equalHashes(grown.root(), root);
  return isConsistent ? root : null;
}

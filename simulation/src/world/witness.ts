// What the process has told others under its signature, in all of its lives: checkpoints, receipts
// of requests, its keys, and why it began a new tree. Kept outside of its disk and never given back
// to it: whoever holds this can show later that something was cut off, forked or taken back.
import type { CheckpointRow } from '../store/tables.js';

export interface KeptCheckpoint {
  readonly treeNumber: number;
  /** Leaves. */
  readonly size: number;
  /** base64 */
  readonly root: string;
  readonly note: string;
}

/** A receipt that a request got, and its items in order. */
export interface KeptReceipt {
  readonly note: string;
  readonly texts: readonly string[];
  readonly bodyHash: string;
}

export interface LeftTree {
  /** Of the tree that began instead. */
  readonly treeNumber: number;
  readonly reason: string;
  /** The disk failed since the last checkpoint was published. */
  readonly hasDiskFailed: boolean;
}

/**
 * The one reason to leave a tree here, where nothing rots that was synced: space is not kept for a
 * checkpoint that the disk does not take, and the process may end before it does.
 */
const GIVEN_UP = 'frames were deleted that are in no checkpoint';

const ORIGIN = /^weir\/node\/[0-9a-f]{12}\/(\d+)$/;

export class Witness {
  readonly receipts: KeptReceipt[] = [];
  readonly leftTrees: LeftTree[] = [];
  /** Verifier key of the node; null before the first checkpoint. */
  nodeKey: string | null = null;
  /** By text. */
  readonly #kept = new Map<string, KeptCheckpoint>();
  readonly #roots = new Map<string, string>();
  #newest: KeptCheckpoint | null = null;
  #ofLife: KeptCheckpoint[] = [];
  readonly #violation: (sentence: string) => void;

  constructor(violation: (sentence: string) => void) {
    this.#violation = violation;
  }

  get checkpointCount(): number {
    return this.#kept.size;
  }

  ofTree(treeNumber: number): KeptCheckpoint[] {
    return [...this.#kept.values()].filter((kept) => kept.treeNumber === treeNumber);
  }

  get newestTree(): number {
    return this.#newest?.treeNumber ?? 0;
  }

  /** The process has just signed it. */
  published(note: string, key: string | null): void {
    this.nodeKey ??= key;
    if (key !== this.nodeKey) this.#violation(`the node key was replaced: ${key}`);
    const kept = this.keep(note);
    if (kept === null) return;
    const { treeNumber, size } = kept;
    const before = this.#newest;
    this.#newest = kept;
    this.#ofLife.push(kept);
    if (before === null) {
      if (treeNumber !== 1) this.#violation(`the first tree has number ${treeNumber}`);
      return;
    }
    const where = `${treeNumber}/${size} after ${before.treeNumber}/${before.size}`;
    if (treeNumber < before.treeNumber) this.#violation(`an older tree goes on: ${where}`);
    if (treeNumber === before.treeNumber && size < before.size)
      this.#violation(`a published tree was cut: ${where}`);
    if (treeNumber === before.treeNumber) return;
    const left = this.leftTrees.find((tree) => tree.treeNumber === treeNumber);
    if (left === undefined) this.#violation(`a new tree without a reason: ${where}`);
  }

  /** What was published since this was asked last: by the process that has just ended. */
  takeOfLife(): readonly KeptCheckpoint[] {
    const taken = this.#ofLife;
    this.#ofLife = [];
    return taken;
  }

  beganTree(left: LeftTree): void {
    this.leftTrees.push(left);
    const { treeNumber, reason, hasDiskFailed } = left;
    if (reason !== GIVEN_UP) this.#violation(`tree ${treeNumber} began: ${reason}`);
    else if (!hasDiskFailed) this.#violation(`tree ${treeNumber} began on a good disk: ${reason}`);
  }

  /** Of whatever age; as a header of a reply or the store has it. Null if it is none. */
  keep(note: string): KeptCheckpoint | null {
    const [origin = '', sizeText, root = ''] = note.split('\n');
    const text = note.slice(0, note.lastIndexOf('\n\n'));
    const treeNumber = Number(ORIGIN.exec(origin)?.[1]);
    const size = Number(sizeText);
    if (!Number.isSafeInteger(treeNumber) || !Number.isSafeInteger(size) || root === '') {
      this.#violation(`not a checkpoint: ${JSON.stringify(note)}`);
      return null;
    }
    const place = `${origin} ${size}`;
    const known = this.#roots.get(place);
    if (known !== undefined && known !== root)
      this.#violation(`equivocation: two roots of ${place}`);
    this.#roots.set(place, root);
    const kept = { treeNumber, size, root, note };
    if (!this.#kept.has(text)) this.#kept.set(text, kept);
    return kept;
  }

  /** What the store has was sent to it. */
  keepRows(rows: readonly CheckpointRow[]): void {
    for (const { node, tree, size, root, note } of rows) {
      const kept = this.keep(note);
      const isSame =
        kept !== null &&
        note.startsWith(`weir/node/${node}/`) &&
        `${kept.treeNumber} ${kept.size} ${kept.root}` === `${tree} ${size} ${root}`;
      if (!isSame) this.#violation(`the store has ${tree}/${size} with another note`);
    }
  }
}

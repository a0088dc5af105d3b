// The Merkle tree of RFC 6962 section 2.1 over leaf hashes, without the leaves themselves.
//
// A size is made of perfect subtrees, one for each bit of it, the largest first: its peaks. They
// are all that is needed to go on appending, and to prove that a later tree begins with this one.
import { hash } from 'node:crypto';
import { assert } from '@weir/pipeline';

/** SHA-256, 32 bytes. */
export type Hash = Uint8Array;
export const HASH_BYTES = 32;
/** Some hashes in order; an array is that, too. */
export interface Hashes {
  readonly length: number;
  at(index: number): Hash | undefined;
}

export const sha256 = (bytes: Uint8Array | string): Hash => hash('sha256', bytes, 'buffer');
export const EMPTY_ROOT: Hash = sha256(new Uint8Array(0));

const nodeBytes = new Uint8Array(1 + 2 * HASH_BYTES);
nodeBytes[0] = 1;

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Hash, right: Hash): Hash {
  nodeBytes.set(left, 1);
  nodeBytes.set(right, 1 + HASH_BYTES);
  return hash('sha256', nodeBytes, 'buffer');
}

let leafBytes = new Uint8Array(4096);

/**
 * Leaf of a frame: SHA-256(0x00 || head || SHA-256(stored payload)). The head is the frame's header
 * and metadata.
 */
export function leafHash(head: Uint8Array, payloadHash: Hash): Hash {
  const length = 1 + head.length + HASH_BYTES;
  if (leafBytes.length < length) leafBytes = new Uint8Array(length * 2);
  leafBytes[0] = 0;
  leafBytes.set(head, 1);
  leafBytes.set(payloadHash, 1 + head.length);
  return hash('sha256', leafBytes.subarray(0, length), 'buffer');
}

export function equalHashes(a: Hash, b: Hash): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Bits of a size that are set: how many peaks it has. Sizes go up to 2^53. */
export function peakCountOf(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** Sizes of the largest aligned perfect subtrees that cover [from, to), in order. */
export function spansOf(from: number, to: number): number[] {
  const sizes: number[] = [];
  for (let at = from; at < to; ) {
    let size = 1;
    while (at % (size * 2) === 0 && at + size * 2 <= to) size *= 2;
    sizes.push(size);
    at += size;
  }
  return sizes;
}

/** A tree that grows, as its peaks. */
export class Peaks {
  #size: number;
  /** Largest subtree first. */
  readonly #hashes: Hash[];

  private constructor(size: number, hashes: Hash[]) {
    this.#size = size;
    this.#hashes = hashes;
  }

  static empty(): Peaks {
    return new Peaks(0, []);
  }
  /** Null if it is not one hash of 32 bytes for each bit of the size. */
  static of(size: number, hashes: readonly Hash[]): Peaks | null {
    if (!Number.isSafeInteger(size) || size < 0 || peakCountOf(size) !== hashes.length) return null;
    if (hashes.some((one) => one.length !== HASH_BYTES)) return null;
    return new Peaks(size, [...hashes]);
  }

  get size(): number {
    return this.#size;
  }
  get hashes(): readonly Hash[] {
    return this.#hashes;
  }
  copy(): Peaks {
    return new Peaks(this.#size, [...this.#hashes]);
  }

  /** Keeps nothing of the leaf's memory. */
  append(leaf: Hash): void {
    this.#appendPerfect(this.#size % 2 === 0 ? new Uint8Array(leaf) : leaf, 1);
  }

  /**
   * Appends the nodes of the span [size, to). False, and then the tree is of no use, if they are
   * not as many as the span has.
   */
  appendNodes(to: number, nodes: readonly Hash[]): boolean {
    if (!Number.isSafeInteger(to) || to < this.#size) return false;
    const sizes = spansOf(this.#size, to);
    if (sizes.length !== nodes.length) return false;
    sizes.forEach((size, i) => {
      this.#appendPerfect(nodes[i] as Hash, size);
    });
    return true;
  }

  /** The last peak, joined from right to left. */
  root(): Hash {
    let root = this.#hashes.at(-1);
    if (root === undefined) return EMPTY_ROOT;
    for (let i = this.#hashes.length - 2; i >= 0; i--)
      root = nodeHash(this.#hashes[i] as Hash, root);
    return root;
  }

  #appendPerfect(subtree: Hash, size: number): void {
    assert(this.#size % size === 0, 'a subtree is appended where it is aligned');
    let joined = subtree;
    for (let at = this.#size / size; at % 2 === 1; at = (at - 1) / 2)
      joined = nodeHash(this.#hashes.pop() as Hash, joined);
    this.#hashes.push(joined);
    this.#size += size;
  }
}

/** The nodes of a span that grows: [from, to), as `spansOf` divides it. */
export class SpanNodes {
  #to: number;
  readonly #sizes: number[] = [];
  readonly #hashes: Hash[] = [];

  constructor(from: number) {
    this.#to = from;
  }

  get nodes(): readonly Hash[] {
    return this.#hashes;
  }

  /** Keeps nothing of the leaf's memory. */
  append(leaf: Hash): void {
    let joined: Hash = new Uint8Array(leaf);
    let size = 1;
    // The two halves of an aligned subtree become one node, if both are in the span.
    while (this.#sizes.at(-1) === size && (this.#to + 1) % (size * 2) === 0) {
      joined = nodeHash(this.#hashes.pop() as Hash, joined);
      this.#sizes.pop();
      size *= 2;
    }
    this.#sizes.push(size);
    this.#hashes.push(joined);
    this.#to++;
  }
}

/** Root of a tree of these leaves alone. */
export function rootOf(leaves: readonly Hash[]): Hash {
  const peaks = Peaks.empty();
  for (const leaf of leaves) peaks.append(leaf);
  return peaks.root();
}

/** Leaves [begin, size) of a tree and the peaks of what stood before them. */
export class TreeView {
  readonly begin: number;
  readonly #peaks: readonly Hash[];
  readonly #leaves: Hashes;

  constructor(begin: Peaks, leaves: Hashes) {
    this.begin = begin.size;
    this.#peaks = [...begin.hashes];
    this.#leaves = leaves;
  }

  get size(): number {
    return this.begin + this.#leaves.length;
  }

  /** Of the first `size` leaves, which are at least `begin`. */
  peaksAt(size: number): Peaks {
    const peaks = Peaks.of(this.begin, this.#peaks);
    assert(peaks !== null && size >= this.begin && size <= this.size, 'the size is in the view');
    for (let i = 0; i < size - this.begin; i++) peaks.append(this.#leaves.at(i) as Hash);
    return peaks;
  }

  /** The nodes of the span [from, to), which is in the view. */
  nodes(from: number, to: number): Hash[] {
    let at = from;
    return spansOf(from, to).map((size) => {
      at += size;
      return this.#hashOf(at - size, at);
    });
  }

  /** RFC 6962 section 2.1.1: PATH(index, D[size]), from the leaf up. */
  inclusionPath(index: number, size: number): Hash[] {
    assert(index >= this.begin && index < size && size <= this.size, 'the leaf is in the view');
    const path: Hash[] = [];
    let [from, to] = [0, size];
    while (to - from > 1) {
      const middle = from + splitOf(to - from);
      if (index < middle) {
        path.unshift(this.#hashOf(middle, to));
        to = middle;
      } else {
        path.unshift(this.#hashOf(from, middle));
        from = middle;
      }
    }
    return path;
  }

  /** RFC 6962 section 2.1.2: PROOF(oldSize, D[size]); oldSize is at least `begin`, and not 0. */
  consistencyProof(oldSize: number, size: number): Hash[] {
    assert(oldSize > 0 && oldSize >= this.begin, 'the older tree is in the view');
    assert(oldSize <= size && size <= this.size, 'the newer tree is in the view');
    const proof: Hash[] = [];
    let [from, to] = [0, size];
    let isWhole = true;
    while (oldSize !== to) {
      const middle = from + splitOf(to - from);
      if (oldSize <= middle) {
        proof.unshift(this.#hashOf(middle, to));
        to = middle;
      } else {
        proof.unshift(this.#hashOf(from, middle));
        from = middle;
        isWhole = false;
      }
    }
    if (!isWhole) proof.unshift(this.#hashOf(from, to));
    return proof;
  }

  /** Root of the leaves [from, to); before `begin` only where peaks say it. */
  #hashOf(from: number, to: number): Hash {
    if (from >= this.begin && to - from === 1) return this.#leaves.at(from - this.begin) as Hash;
    if (to <= this.begin) {
      const peak = this.#peakAt(from, to);
      assert(peak !== null, 'a subtree before the view is one of its peaks');
      return peak;
    }
    const middle = from + splitOf(to - from);
    return nodeHash(this.#hashOf(from, middle), this.#hashOf(middle, to));
  }

  #peakAt(from: number, to: number): Hash | null {
    let at = 0;
    for (const [i, size] of spansOf(0, this.begin).entries()) {
      if (at === from && at + size === to) return this.#peaks[i] as Hash;
      at += size;
    }
    return null;
  }
}

/** The largest power of two below a size of at least 2. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** RFC 6962 section 2.1.1, checked as RFC 9162 section 2.1.3.2 says. */
export function checkInclusion(
  leaf: Hash,
  index: number,
  size: number,
  path: readonly Hash[],
  root: Hash,
): boolean {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index)) return false;
  if (index < 0 || index >= size) return false;
  let [node, last] = [index, size - 1];
  let joined = leaf;
  for (const sibling of path) {
    if (last === 0 || sibling.length !== HASH_BYTES) return false;
    if (node % 2 === 1 || node === last) {
      joined = nodeHash(sibling, joined);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else joined = nodeHash(joined, sibling);
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalHashes(joined, root);
}

/** RFC 6962 section 2.1.2, checked as RFC 9162 section 2.1.4.2 says. */
export function checkConsistency(
  older: { readonly size: number; readonly root: Hash },
  newer: { readonly size: number; readonly root: Hash },
  proof: readonly Hash[],
): boolean {
  if (!Number.isSafeInteger(older.size) || !Number.isSafeInteger(newer.size)) return false;
  if (older.size < 0 || older.size > newer.size) return false;
  if (older.size === newer.size) return proof.length === 0 && equalHashes(older.root, newer.root);
  if (older.size === 0) return proof.length === 0 && equalHashes(older.root, EMPTY_ROOT);
  if (proof.some((one) => one.length !== HASH_BYTES)) return false;
  const isPerfect = peakCountOf(older.size) === 1;
  const [first, ...rest] = isPerfect ? [older.root, ...proof] : proof;
  if (first === undefined) return false;
  let [node, last] = [older.size - 1, newer.size - 1];
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  let [oldRoot, newRoot] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldRoot = nodeHash(sibling, oldRoot);
      newRoot = nodeHash(sibling, newRoot);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else newRoot = nodeHash(newRoot, sibling);
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalHashes(oldRoot, older.root) && equalHashes(newRoot, newer.root);
}

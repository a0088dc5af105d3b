// Leaves of the tree as they are stored, 48 bytes each: u64 segment id, u64 frame number, 32 bytes
// leaf hash. An object is made for one only while somebody looks at it: a backlog has millions.
import { getCount, putCount, viewOf } from '../layout.js';
import { HASH_BYTES, type Hash, type Hashes } from './merkle.js';

/** A frame that is in the tree, and where it stood. */
export interface TreeLeaf {
  readonly segmentId: number;
  readonly frameNo: number;
  readonly hash: Hash;
}

/** Leaves in the order of the tree. */
export interface LeafSeries extends Iterable<TreeLeaf> {
  readonly length: number;
  at(index: number): TreeLeaf | undefined;
}

export const LEAF_BYTES = 16 + HASH_BYTES;
const HASH_AT = 16;

export function putLeaf(view: DataView, at: number, { segmentId, frameNo, hash }: TreeLeaf): void {
  putCount(view, at, segmentId);
  putCount(view, at + 8, frameNo);
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(hash, at + HASH_AT);
}

/** Hashes that it gives are views of its bytes. */
export class PackedLeaves implements LeafSeries {
  /** Each holds whole leaves, none is empty. */
  readonly #parts: readonly Uint8Array[];
  /** Which leaf each part begins with. */
  readonly #firsts: readonly number[];
  readonly length: number;
  /** The part that was looked at last: most look in order. */
  #last = 0;

  /** The parts are kept, not copied. */
  constructor(parts: readonly Uint8Array[]) {
    this.#parts = parts.filter(({ length }) => length > 0);
    let count = 0;
    this.#firsts = this.#parts.map(({ length }) => {
      count += length / LEAF_BYTES;
      return count - length / LEAF_BYTES;
    });
    this.length = count;
  }

  get parts(): readonly Uint8Array[] {
    return this.#parts;
  }

  /** Index from 0; undefined behind the end. */
  at(index: number): TreeLeaf | undefined {
    const place = this.#placeOf(index);
    if (place === null) return undefined;
    const [part, at] = place;
    const view = viewOf(part);
    const hash = part.subarray(at + HASH_AT, at + LEAF_BYTES);
    return { segmentId: getCount(view, at), frameNo: getCount(view, at + 8), hash };
  }

  hashAt(index: number): Hash | undefined {
    const place = this.#placeOf(index);
    return place?.[0].subarray(place[1] + HASH_AT, place[1] + LEAF_BYTES);
  }

  /** The newest segment that one of them is in; 0 for none. */
  segmentIdMax(): number {
    let max = 0;
    for (const part of this.#parts) {
      const view = viewOf(part);
      for (let at = 0; at < part.length; at += LEAF_BYTES) max = Math.max(max, getCount(view, at));
    }
    return max;
  }

  *[Symbol.iterator](): Iterator<TreeLeaf> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as TreeLeaf;
  }

  #placeOf(index: number): [Uint8Array, number] | null {
    if (index < 0 || index >= this.length) return null;
    while (index < (this.#firsts[this.#last] as number)) this.#last--;
    while (index >= (this.#firsts[this.#last + 1] ?? this.length)) this.#last++;
    const at = (index - (this.#firsts[this.#last] as number)) * LEAF_BYTES;
    return [this.#parts[this.#last] as Uint8Array, at];
  }
}

/** The hashes alone. */
export function hashesOf(leaves: LeafSeries): Hashes {
  const at = (index: number): Hash | undefined =>
    leaves instanceof PackedLeaves ? leaves.hashAt(index) : leaves.at(index)?.hash;
  return { length: leaves.length, at };
}

// Keys are found by hash and bytes, without making a string of them: a map from a closed set of
// names to small numbers, with open addressing.
import { assert } from '@weir/pipeline';

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;
const encoder = new TextEncoder();

/** One step of the hash (FNV-1a), for callers that hash while they scan. */
export const hashStep = (hash: number, byte: number): number => Math.imul(hash ^ byte, FNV_PRIME);
export const HASH_START = FNV_OFFSET;

export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_OFFSET;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), FNV_PRIME);
  return hash;
}

/** Numbers are 1 and up; 0 says that the key is not in the table. */
export class KeyTable {
  readonly #mask: number;
  readonly #hashes: Int32Array;
  readonly #values: Uint16Array;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #bytes: Uint8Array;

  constructor(entries: Iterable<readonly [name: string, value: number]>) {
    const list = [...entries];
    let slots = 8;
    while (slots < list.length * 3) slots *= 2;
    this.#mask = slots - 1;
    this.#hashes = new Int32Array(slots);
    this.#values = new Uint16Array(slots);
    this.#starts = new Uint32Array(slots);
    this.#ends = new Uint32Array(slots);
    this.#bytes = encoder.encode(list.map(([name]) => name).join(''));
    let start = 0;
    for (const [name, value] of list) {
      assert(value > 0 && value < 65_536, 'a key has a number from 1 to 65535');
      const end = start + encoder.encode(name).length;
      const hash = hashOf(this.#bytes, start, end);
      assert(this.find(this.#bytes, start, end, hash) === 0, `a key stands once: ${name}`);
      let slot = hash & this.#mask;
      while (this.#values[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#hashes[slot] = hash;
      this.#values[slot] = value;
      this.#starts[slot] = start;
      this.#ends[slot] = end;
      start = end;
    }
  }

  /** Number of the key bytes[start, end), whose hash is given; 0 when it is not in the table. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    let slot = hash & this.#mask;
    for (;;) {
      const value = this.#values[slot] as number;
      if (value === 0) return 0;
      if (this.#hashes[slot] === hash && this.#isAt(slot, bytes, start, end)) return value;
      slot = (slot + 1) & this.#mask;
    }
  }

  lookup(bytes: Uint8Array, start: number, end: number): number {
    return this.find(bytes, start, end, hashOf(bytes, start, end));
  }

  #isAt(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    const first = this.#starts[slot] as number;
    const length = end - start;
    if ((this.#ends[slot] as number) - first !== length) return false;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== this.#bytes[first + i]) return false;
    return true;
  }
}

// Keys are found by their bytes, without making a string of them: a map from a closed set of names
// to small numbers, with open addressing.
import { assert } from '@weir/pipeline';

/** Odd numbers without a pattern (golden ratio; a prime of xxHash), to spread keys over slots. */
const SPREAD_FIRST = 0x9e3779b1 | 0;
const SPREAD_LAST = 0x85ebca77 | 0;
/** Number of the key (0: none), first word, last word, length. */
const SLOT_NUMBERS = 4;
const encoder = new TextEncoder();

/** Over all bytes, four at a time, for keys of any sender. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4)
    hash = Math.imul(hash ^ wordAt(bytes, at), SPREAD_FIRST) ^ (hash >>> 15);
  for (; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), SPREAD_LAST);
  return hash ^ (hash >>> 15);
}

/** The first four bytes; of a shorter text all that it has. */
function firstWord(bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= 4) return wordAt(bytes, start);
  let word = 0;
  for (let i = end - 1; i >= start; i--) word = (word << 8) | (bytes[i] as number);
  return word;
}

/** The last four bytes; none of a shorter text. */
const lastWord = (bytes: Uint8Array, start: number, end: number): number =>
  end - start >= 4 ? wordAt(bytes, end - 4) : 0;

const wordAt = (bytes: Uint8Array, position: number): number =>
  (bytes[position] as number) |
  ((bytes[position + 1] as number) << 8) |
  ((bytes[position + 2] as number) << 16) |
  ((bytes[position + 3] as number) << 24);

/**
 * Numbers are 1 and up; 0 says that the key is not in the table. Length, first and last four bytes
 * choose the slot and tell keys of up to eight bytes apart: that is most of them.
 */
export class KeyTable {
  readonly #mask: number;
  /** Four numbers a slot, so that a key is found in one cache line. */
  readonly #slots: Int32Array;
  /** By slot: where the key stands in #bytes. */
  readonly #starts: Uint32Array;
  readonly #bytes: Uint8Array;

  constructor(entries: Iterable<readonly [name: string, value: number]>) {
    const list = [...entries];
    let slots = 8;
    while (slots < list.length * 3) slots *= 2;
    this.#mask = slots - 1;
    this.#slots = new Int32Array(slots * SLOT_NUMBERS);
    this.#starts = new Uint32Array(slots);
    this.#bytes = encoder.encode(list.map(([name]) => name).join(''));
    let start = 0;
    for (const [name, value] of list) {
      assert(value > 0 && value < 65_536, 'a key has a number from 1 to 65535');
      const end = start + encoder.encode(name).length;
      assert(this.lookup(this.#bytes, start, end) === 0, `a key stands once: ${name}`);
      this.#add(start, end, value);
      start = end;
    }
  }

  /** Number of the key bytes[start, end); 0 when it is not in the table. */
  lookup(bytes: Uint8Array, start: number, end: number): number {
    const first = firstWord(bytes, start, end);
    return this.#find(bytes, start, end - start, first, lastWord(bytes, start, end));
  }

  /**
   * The same, where the bytes are there as words that may be read behind the end. Short enough to
   * be inlined into a scan even after much else was: a tenth of FortiGate's time hangs on that.
   */
  lookupWords(bytes: Uint8Array, words: DataView, start: number, end: number): number {
    const length = end - start;
    let first = words.getInt32(start, true);
    let last = 0;
    if (length >= 4) last = words.getInt32(end - 4, true);
    else first &= (1 << (8 * length)) - 1;
    return this.#find(bytes, start, length, first, last);
  }

  #find(bytes: Uint8Array, start: number, length: number, first: number, last: number): number {
    const slots = this.#slots;
    let slot = slotOf(first, last, length) & this.#mask;
    for (;;) {
      const at = slot * SLOT_NUMBERS;
      const value = slots[at] as number;
      if (value === 0) return 0;
      if (slots[at + 1] === first && slots[at + 2] === last && slots[at + 3] === length) {
        if (length <= 8 || this.#hasMiddle(slot, bytes, start, length)) return value;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  #add(start: number, end: number, value: number): void {
    const first = firstWord(this.#bytes, start, end);
    const last = lastWord(this.#bytes, start, end);
    let slot = slotOf(first, last, end - start) & this.#mask;
    while (this.#slots[slot * SLOT_NUMBERS] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots.set([value, first, last, end - start], slot * SLOT_NUMBERS);
    this.#starts[slot] = start;
  }

  /** True when the bytes between the first and the last four are those of the key. */
  #hasMiddle(slot: number, bytes: Uint8Array, start: number, length: number): boolean {
    const first = this.#starts[slot] as number;
    for (let i = 4; i < length - 4; i++)
      if (bytes[start + i] !== this.#bytes[first + i]) return false;
    return true;
  }
}

function slotOf(first: number, last: number, length: number): number {
  const hash = Math.imul(first, SPREAD_FIRST) ^ Math.imul(last, SPREAD_LAST) ^ length;
  return hash ^ (hash >>> 15);
}

// Seeded randomness. Templates are drawn from one running generator; the slots of an event are
// drawn from a hash of (seed, sequence number), so that any event can be made again without those
// before it.

/** A hash of two 32-bit words that is never 0, as xorshift needs (murmur3's finaliser). */
export function mixWords(a: number, b: number): number {
  let x = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul((x + b) | 0, 0xc2b2ae35);
  x ^= x >>> 16;
  x = Math.imul(x, 0x27d4eb2f);
  x ^= x >>> 15;
  return x === 0 ? 1 : x;
}

/** Marsaglia's xorshift32: one step. */
export function nextWord(word: number): number {
  let x = word;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x;
}

/** Draws for templates: made once per template, so clarity comes before speed. */
export class Draw {
  #word: number;
  constructor(seed: number) {
    this.#word = mixWords(seed | 0, 0x5eed);
  }
  /** An integer in [0, count). */
  below(count: number): number {
    this.#word = nextWord(this.#word);
    return Math.floor(((this.#word >>> 0) / 4_294_967_296) * count);
  }
  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
  /** Prefers the first items, as real users, hosts and rules do: the smaller of two draws. */
  skewed<T>(items: readonly T[]): T {
    return items[Math.min(this.below(items.length), this.below(items.length))] as T;
  }
}

// A set of numbers as ascending closed ranges that do not touch. Numbers are nearly always dense
// and come in order, so a set is one range and adding to it is a comparison.

export type NumberRange = readonly [first: number, last: number];

export class RangeSet {
  /** first, last pairs one after the other. */
  #pairs: number[] = [];

  constructor(ranges: Iterable<NumberRange> = []) {
    for (const [first, last] of ranges) this.add(first, last);
  }

  static ofPairs(pairs: readonly number[]): RangeSet {
    return new RangeSet(rangesOf(pairs));
  }

  /** first, last pairs, ascending. */
  get pairs(): readonly number[] {
    return this.#pairs;
  }
  get ranges(): readonly NumberRange[] {
    return rangesOf(this.#pairs);
  }
  get isEmpty(): boolean {
    return this.#pairs.length === 0;
  }
  /** -1 for none. */
  get last(): number {
    return this.#pairs.at(-1) ?? -1;
  }
  get size(): number {
    return countOf(this.ranges);
  }

  /** Nothing for an empty range. */
  add(first: number, last: number): void {
    if (first < 0 || last < first) return;
    const pairs = this.#pairs;
    const end = pairs.length - 1;
    if (end < 0 || first > (pairs[end] as number) + 1) {
      pairs.push(first, last);
      return;
    }
    if (first >= (pairs[end - 1] as number)) {
      pairs[end] = Math.max(pairs[end] as number, last);
      return;
    }
    // All ranges that overlap or touch become one.
    const from = this.#firstEndingFrom(first - 1);
    let to = from;
    let [low, high] = [first, last];
    while (to < pairs.length && (pairs[to] as number) <= last + 1) {
      low = Math.min(low, pairs[to] as number);
      high = Math.max(high, pairs[to + 1] as number);
      to += 2;
    }
    pairs.splice(from, to - from, low, high);
  }

  remove(first: number, last: number): void {
    const pairs = this.#pairs;
    const from = this.#firstEndingFrom(first);
    let to = from;
    const left: number[] = [];
    while (to < pairs.length && (pairs[to] as number) <= last) {
      const [low, high] = [pairs[to] as number, pairs[to + 1] as number];
      if (low < first) left.push(low, first - 1);
      if (high > last) left.push(last + 1, high);
      to += 2;
    }
    pairs.splice(from, to - from, ...left);
  }

  has(first: number, last: number): boolean {
    const at = this.#firstEndingFrom(first);
    const low = this.#pairs[at];
    return low !== undefined && low <= first && (this.#pairs[at + 1] as number) >= last;
  }

  /** True if it holds any number of the range. */
  touches(first: number, last: number): boolean {
    const low = this.#pairs[this.#firstEndingFrom(first)];
    return low !== undefined && low <= last;
  }

  /** What of the range it holds, as pairs. */
  pairsWithin(first: number, last: number): number[] {
    const pairs = this.#pairs;
    const found: number[] = [];
    for (let i = this.#firstEndingFrom(first); i < pairs.length; i += 2) {
      const low = pairs[i] as number;
      if (low > last) break;
      found.push(Math.max(low, first), Math.min(pairs[i + 1] as number, last));
    }
    return found;
  }

  /** What of the range it holds. */
  within(first: number, last: number): NumberRange[] {
    return rangesOf(this.pairsWithin(first, last));
  }

  /** Numbers from 0 to the highest that it does not hold. */
  gaps(): NumberRange[] {
    const gaps: NumberRange[] = [];
    let next = 0;
    for (const [first, last] of this.ranges) {
      if (first > next) gaps.push([next, first - 1]);
      next = last + 1;
    }
    return gaps;
  }

  /** Index of the first pair whose end is not before the number. */
  #firstEndingFrom(value: number): number {
    const pairs = this.#pairs;
    let low = 0;
    let high = pairs.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((pairs[middle * 2 + 1] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}

export function countOf(ranges: readonly NumberRange[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** Of first, last pairs one after the other. */
export function rangesOf(pairs: readonly number[]): NumberRange[] {
  const ranges: NumberRange[] = [];
  for (let i = 0; i < pairs.length; i += 2)
    ranges.push([pairs[i] as number, pairs[i + 1] as number]);
  return ranges;
}

// A set of numbers as ascending closed ranges that do not touch. Numbers are nearly always dense
// and come in order, so a set is one range and adding to it is a comparison.

export class SeqRanges {
  /** first, last pairs. */
  #pairs: number[] = [];

  static of(pairs: readonly number[]): SeqRanges {
    const ranges = new SeqRanges();
    for (let i = 0; i < pairs.length; i += 2)
      ranges.add(pairs[i] as number, pairs[i + 1] as number);
    return ranges;
  }

  /** first, last pairs, ascending. */
  get pairs(): readonly number[] {
    return this.#pairs;
  }
  get isEmpty(): boolean {
    return this.#pairs.length === 0;
  }
  /** -1 for none. */
  get max(): number {
    return this.#pairs.at(-1) ?? -1;
  }
  get count(): number {
    let count = 0;
    for (let i = 0; i < this.#pairs.length; i += 2)
      count += (this.#pairs[i + 1] as number) - (this.#pairs[i] as number) + 1;
    return count;
  }

  add(first: number, last: number): void {
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

  /** What of [first, last] is in the set, as pairs. */
  within(first: number, last: number): number[] {
    const pairs = this.#pairs;
    const found: number[] = [];
    for (let i = this.#firstEndingFrom(first); i < pairs.length; i += 2) {
      const low = pairs[i] as number;
      if (low > last) break;
      found.push(Math.max(low, first), Math.min(pairs[i + 1] as number, last));
    }
    return found;
  }

  intersects(first: number, last: number): boolean {
    const low = this.#pairs[this.#firstEndingFrom(first)];
    return low !== undefined && low <= last;
  }

  /** Numbers from 0 to the highest that are not in the set, as pairs. */
  gaps(): number[] {
    const gaps: number[] = [];
    let next = 0;
    for (let i = 0; i < this.#pairs.length; i += 2) {
      const low = this.#pairs[i] as number;
      if (low > next) gaps.push(next, low - 1);
      next = (this.#pairs[i + 1] as number) + 1;
    }
    return gaps;
  }

  /** Index of the first pair whose end is not before `seq`. */
  #firstEndingFrom(seq: number): number {
    const pairs = this.#pairs;
    let low = 0;
    let high = pairs.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((pairs[middle * 2 + 1] as number) < seq) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}

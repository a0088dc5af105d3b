// A set of numbers as ranges, ascending and merged.

export type NumberRange = readonly [first: number, last: number];

export class RangeSet {
  readonly #ranges: [number, number][];

  constructor(ranges: Iterable<NumberRange> = []) {
    this.#ranges = [];
    for (const [first, last] of ranges) this.add(first, last);
  }

  get ranges(): readonly NumberRange[] {
    return this.#ranges;
  }
  /** -1 for none. */
  get last(): number {
    return this.#ranges.at(-1)?.[1] ?? -1;
  }
  get size(): number {
    return this.#ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  /** Nothing for an empty range. Appending at the end costs no search. */
  add(first: number, last: number): void {
    if (first < 0 || last < first) return;
    const ranges = this.#ranges;
    const at = this.#indexOf(first - 1);
    let end = at;
    let from = first;
    let to = last;
    for (; end < ranges.length; end++) {
      const range = ranges[end] as [number, number];
      if (range[0] > last + 1) break;
      from = Math.min(from, range[0]);
      to = Math.max(to, range[1]);
    }
    ranges.splice(at, end - at, [from, to]);
  }

  has(first: number, last: number): boolean {
    const range = this.#ranges[this.#indexOf(first)];
    return range !== undefined && range[0] <= first && range[1] >= last;
  }

  /** True if it holds any number of the range. */
  touches(first: number, last: number): boolean {
    const range = this.#ranges[this.#indexOf(first)];
    return range !== undefined && range[0] <= last;
  }

  /** What of the range it holds. */
  within(first: number, last: number): NumberRange[] {
    const found: NumberRange[] = [];
    for (let i = this.#indexOf(first); i < this.#ranges.length; i++) {
      const [from, to] = this.#ranges[i] as [number, number];
      if (from > last) break;
      found.push([Math.max(from, first), Math.min(to, last)]);
    }
    return found;
  }

  /** Index of the first range that ends at or behind the number. */
  #indexOf(value: number): number {
    const ranges = this.#ranges;
    const last = ranges.at(-1);
    if (last === undefined || last[1] < value) return ranges.length;
    let low = 0;
    let high = ranges.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ranges[middle] as [number, number])[1] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function countOf(ranges: readonly NumberRange[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** Closed range of numbers. Lists of them are ascending and do not touch. */
export type SeqRange = readonly [first: number, last: number];

/** Sorted, overlapping and neighbouring ones joined. */
export function normalize(ranges: Iterable<SeqRange>): SeqRange[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [first, last] of sorted) {
    const end = joined[joined.length - 1];
    if (end !== undefined && first <= end[1] + 1) end[1] = Math.max(end[1], last);
    else joined.push([first, last]);
  }
  return joined;
}

/** What of `ranges` is not in `others`; both normalized. */
export function subtract(ranges: readonly SeqRange[], others: readonly SeqRange[]): SeqRange[] {
  const left: SeqRange[] = [];
  for (const [first, last] of ranges) {
    let at = first;
    for (const [otherFirst, otherLast] of others) {
      if (otherLast < at) continue;
      if (otherFirst > last) break;
      if (otherFirst > at) left.push([at, otherFirst - 1]);
      at = otherLast + 1;
    }
    if (at <= last) left.push([at, last]);
  }
  return left;
}

export const countOf = (ranges: readonly SeqRange[]): number =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

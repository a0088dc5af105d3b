// The part of a batch's account that belongs to some of its numbers.
import type { Disposition } from '@weir/pipeline';

/** What of the disposition lies within [first, last]; null for nothing. */
export function clip(disposition: Disposition, first: number, last: number): Disposition | null {
  const seqRanges: [number, number][] = [];
  let eventCount = 0;
  for (const [from, to] of disposition.seqRanges) {
    const range: [number, number] = [Math.max(from, first), Math.min(to, last)];
    if (range[0] > range[1]) continue;
    seqRanges.push(range);
    eventCount += range[1] - range[0] + 1;
  }
  return eventCount === 0 ? null : { ...disposition, seqRanges, eventCount };
}

export const clipAll = (
  dispositions: readonly Disposition[],
  first: number,
  last: number,
): Disposition[] => dispositions.flatMap((disposition) => clip(disposition, first, last) ?? []);

/** What of the disposition lies outside [first, last]; a refusal has no numbers and stays whole. */
export function outside(disposition: Disposition, first: number, last: number): Disposition | null {
  if (disposition.seqRanges.length === 0) return disposition;
  const parts = [
    clip(disposition, 0, first - 1),
    clip(disposition, last + 1, Number.MAX_SAFE_INTEGER),
  ].filter((part) => part !== null);
  if (parts.length === 0) return null;
  return {
    ...disposition,
    seqRanges: parts.flatMap(({ seqRanges }) => seqRanges),
    eventCount: parts.reduce((sum, { eventCount }) => sum + eventCount, 0),
  };
}

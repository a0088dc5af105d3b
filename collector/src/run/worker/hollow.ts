// Rows that came without their event: another node filtered them or declared them lost before it
// forwarded the frame. They are counted under the cause they came with and never parsed.
import type { FilterCause, SequencedBatch } from '@weir/pipeline';

export interface HollowRows {
  /** 1 for each hollow row. */
  readonly rows: Uint8Array;
  /** For hollow rows: index into causes. */
  readonly causeIndex: Uint16Array;
  readonly causes: readonly FilterCause[];
}

/** Null when no row is hollow. */
export function hollowRowsOf(batch: SequencedBatch): HollowRows | null {
  const { dispositions, seqFirst, eventCount } = batch;
  if (dispositions.length === 0 || eventCount === 0) return null;
  const rows = new Uint8Array(eventCount);
  const causeIndex = new Uint16Array(eventCount);
  const causes: FilterCause[] = [];
  for (const { kind, cause, seqRanges } of dispositions) {
    if (kind === 'refused') continue;
    let isUsed = false;
    for (const [first, last] of seqRanges) {
      const from = Math.max(first - seqFirst, 0);
      const to = Math.min(last - seqFirst, eventCount - 1);
      for (let row = from; row <= to; row++) {
        if (rows[row] === 1) continue;
        rows[row] = 1;
        causeIndex[row] = causes.length;
        isUsed = true;
      }
    }
    if (isUsed) causes.push({ kind, cause });
  }
  return causes.length === 0 ? null : { rows, causeIndex, causes };
}

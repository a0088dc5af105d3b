// The context of the run that an event stands in: what framing read in front of it, such as the
// header lines of Zeek and W3C logs.
import type { RawBatch } from '@weir/pipeline';

let batchNow: RawBatch | null = null;
let run = 0;
/** The run's rows are [first, end). */
let first = 0;
let end = 0;

let fallback = '';

/** What rows have whose run has no context: someone named the columns beforehand. */
export function setFallbackContext(context: string): void {
  fallback = context;
}

/** Context of the row; empty where there is none. Rows are mostly asked for in ascending order. */
export function contextOf(batch: RawBatch, row: number): string {
  const { runs } = batch;
  if (batch !== batchNow || row < first) {
    batchNow = batch;
    run = 0;
    first = 0;
    end = runs[0]?.eventCount ?? 0;
  }
  while (row >= end && run + 1 < runs.length) {
    run++;
    first = end;
    end += runs[run]?.eventCount ?? 0;
  }
  const context = runs[run]?.context ?? '';
  return context === '' ? fallback : context;
}

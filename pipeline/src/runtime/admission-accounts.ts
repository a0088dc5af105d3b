// Numbers of a stream that never become rows: refusals, as running totals per cause, and numbers
// whose frame could not be written, as exact ranges. They travel in the next batch of the stream.
import type { Disposition } from '../batch.js';
import type { ComponentMetrics } from '../metrics.js';
import type { RefusalCause } from '../taxonomy.js';

interface Refusals {
  total: number;
  /** Total that the newest batch carries. */
  reported: number;
  /** Total that the metrics show. */
  counted: number;
}

type SeqRange = [first: number, last: number];

/** No event was refused: there was none. */
const INTENTIONAL: ReadonlySet<string> = new Set(['empty_line', 'header_line']);

export class AdmissionAccounts {
  readonly #metrics: ComponentMetrics | null;
  readonly #refusals = new Map<RefusalCause, Refusals>();
  /** Ascending, neighbours merged: a buffer that keeps failing makes one range, not many. */
  #lostRanges: SeqRange[] = [];

  constructor(metrics: ComponentMetrics | null) {
    this.#metrics = metrics;
  }

  /** Whether there is something that no batch carries yet. */
  get isDirty(): boolean {
    if (this.#lostRanges.length > 0) return true;
    for (const refusals of this.#refusals.values())
      if (refusals.total !== refusals.reported) return true;
    return false;
  }

  /** Running total of a cause since the epoch began. */
  refusedTotal(cause: RefusalCause): number {
    return this.#refusals.get(cause)?.total ?? 0;
  }

  /** All of them, by cause. */
  refusedTotals(): Map<RefusalCause, number> {
    return new Map(Array.from(this.#refusals, ([cause, { total }]) => [cause, total]));
  }

  refuse(cause: RefusalCause, count: number): void {
    const refusals = this.#refusals.get(cause);
    if (refusals === undefined)
      this.#refusals.set(cause, { total: count, reported: 0, counted: 0 });
    else refusals.total += count;
  }

  /** Moves the counters of the metrics; once a batch and once a second, not once an event. */
  flushMetrics(): void {
    for (const [cause, refusals] of this.#refusals) {
      const fresh = refusals.total - refusals.counted;
      if (fresh === 0) continue;
      refusals.counted = refusals.total;
      this.#metrics?.discarded(fresh, cause, INTENTIONAL.has(cause));
    }
  }

  /** What the next batch carries. On failure of that batch, give it to `restore`. */
  take(): Disposition[] {
    const dispositions: Disposition[] = [];
    for (const [cause, refusals] of this.#refusals) {
      if (refusals.total === refusals.reported) continue;
      refusals.reported = refusals.total;
      dispositions.push({ kind: 'refused', cause, seqRanges: [], eventCount: refusals.total });
    }
    if (this.#lostRanges.length > 0) {
      let eventCount = 0;
      for (const [first, last] of this.#lostRanges) eventCount += last - first + 1;
      dispositions.push({
        kind: 'lost',
        cause: 'spool_write_failed',
        seqRanges: this.#lostRanges,
        eventCount,
      });
      this.#lostRanges = [];
    }
    return dispositions;
  }

  /** The batch that carried these was not written: they are to be said again. */
  restore(dispositions: readonly Disposition[]): void {
    for (const disposition of dispositions) {
      if (disposition.kind === 'lost')
        for (const [first, last] of disposition.seqRanges) this.lose(first, last);
      const refusals = this.#refusals.get(disposition.cause as RefusalCause);
      if (disposition.kind === 'refused' && refusals !== undefined) refusals.reported = -1;
    }
  }

  /** Declares numbers lost whose frame was not written. */
  lose(first: number, last: number): void {
    const ranges = [...this.#lostRanges, [first, last] as SeqRange].sort((a, b) => a[0] - b[0]);
    const merged: SeqRange[] = [];
    for (const range of ranges) {
      const previous = merged[merged.length - 1];
      if (previous !== undefined && range[0] <= previous[1] + 1)
        previous[1] = Math.max(previous[1], range[1]);
      else merged.push([range[0], range[1]]);
    }
    this.#lostRanges = merged;
  }
}

// Counts over all partitions that a process has had.
import type { LoaderStats } from '../../clickhouse/index.js';

const COUNTS = [
  'storedEvents',
  'quarantinedEvents',
  'filteredEvents',
  'insertCount',
  'retryCount',
] as const;

export interface Totals extends Readonly<Record<(typeof COUNTS)[number], number>> {
  readonly quarantinedByReason: Readonly<Record<string, number>>;
  /** How often circuits were opened. */
  readonly breakerOpenCount: number;
}

const ZERO: Totals = {
  storedEvents: 0,
  quarantinedEvents: 0,
  filteredEvents: 0,
  insertCount: 0,
  retryCount: 0,
  quarantinedByReason: {},
  breakerOpenCount: 0,
};

export class LoaderTotals {
  /** Of partitions that are given away. */
  #gone = ZERO;

  /** A partition is given away; its loader counts no more. */
  keep(stats: LoaderStats | null): void {
    if (stats !== null) this.#gone = sum(this.#gone, stats);
  }

  with(present: readonly (LoaderStats | null)[]): Totals {
    return present.reduce<Totals>(
      (total, stats) => (stats === null ? total : sum(total, stats)),
      this.#gone,
    );
  }
}

function sum(total: Totals, stats: LoaderStats): Totals {
  const counts = Object.fromEntries(COUNTS.map((name) => [name, total[name] + stats[name]]));
  const quarantinedByReason = { ...total.quarantinedByReason };
  for (const [reason, count] of Object.entries(stats.quarantinedByReason))
    quarantinedByReason[reason] = (quarantinedByReason[reason] ?? 0) + count;
  const breakerOpenCount = total.breakerOpenCount + stats.breaker.openCount;
  return { ...ZERO, ...counts, quarantinedByReason, breakerOpenCount };
}

// Totals of all listeners for the status line, kept beside the metrics.
import type { ComponentMetrics } from '@weir/pipeline';

export interface Totals {
  receivedEvents: number;
  refusedEvents: number;
}

/** The same metrics, counted into the totals as well. Intentional drops are no refusals. */
export function withTotals(metrics: ComponentMetrics, totals: Totals): ComponentMetrics {
  return {
    ...metrics,
    received: (eventCount, byteCount) => {
      totals.receivedEvents += eventCount;
      metrics.received(eventCount, byteCount);
    },
    discarded: (eventCount, cause, intentional) => {
      if (!intentional) totals.refusedEvents += eventCount;
      metrics.discarded(eventCount, cause, intentional);
    },
  };
}

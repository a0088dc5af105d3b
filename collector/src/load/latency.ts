// Latency from the time at which an event was to leave, not from when it did: a receiver that
// stalls the sender cannot hide the stall (coordinated omission).
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

export interface LatencySummary {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export class LatencyRecorder {
  /** In microseconds; three digits. */
  readonly #histogram: RecordableHistogram = createHistogram({ figures: 3 });

  record(latencyMs: number): void {
    this.#histogram.record(Math.max(1, Math.round(latencyMs * 1000)));
  }

  /** In ms; null before the first. */
  summary(): LatencySummary | null {
    const histogram = this.#histogram;
    if (histogram.count === 0) return null;
    const msAt = (percent: number): number => histogram.percentile(percent) / 1000;
    return {
      count: histogram.count,
      p50: msAt(50),
      p90: msAt(90),
      p99: msAt(99),
      max: histogram.max / 1000,
    };
  }
}

// Everything that `weir top` shows, as one answer. Totals since the start and the time at which
// they were read: whoever asks twice has rates.
import type { Clock, ComponentTotals, Metrics, SinkStats } from '@weir/pipeline';
import type { BusyMeter } from '../busy-meter.js';
import { cpuSeconds, type WatchedSink, type WatchedSpool } from '../gauges.js';
import type { SourceReport, SourceWatch } from '../source-watch.js';
import type { SpoolForecast } from '../spool-forecast.js';
import type { TapHub } from '../tap-hub.js';

/** Silent sources that are named; the rest are only counted. */
const SILENT_SHOWN_MAX = 100;

export interface SinkStatus extends SinkStats {
  readonly id: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly pendingEvents: number;
  readonly pendingBytes: number;
  /** Numbers skipped and not declared since the start. */
  readonly missingEvents: number;
}

export interface StatusReport {
  readonly version: string;
  readonly pid: number;
  readonly dataDirectory: string;
  readonly uptimeSeconds: number;
  /** `running`, or why it takes or delivers nothing. */
  readonly state: string;
  /** Time of reading, monotonic; only differences mean something. */
  readonly monotonicMs: number;
  readonly components: readonly ComponentTotals[];
  readonly sinks: readonly SinkStatus[];
  readonly spool: {
    readonly bytesUsed: number;
    readonly bytesMax: number;
    readonly isFull: boolean;
    readonly writtenBytesPerSecond: number;
    /** Until it is full if no sink took anything; null while nothing was written. */
    readonly hoursLeft: number | null;
  };
  readonly sources: SourceReport;
  readonly workers: {
    readonly count: number;
    readonly busyCount: number;
    /** Batches that are with workers or wait for one. */
    readonly batchCount: number;
    /** Average of the last seconds, 0 to 1. */
    readonly utilization: number;
  };
  readonly process: { readonly cpuSeconds: number; readonly residentBytes: number };
  readonly tapCount: number;
}

/** What a status needs of a sink. */
export interface StatusSink extends WatchedSink {
  readonly isRequired: boolean;
}

export interface StatusOptions {
  readonly version: string;
  readonly dataDirectory: string;
  readonly clock: Clock;
  readonly state: () => string;
  readonly metrics: Metrics;
  readonly sinks: () => readonly StatusSink[];
  readonly spool: WatchedSpool;
  readonly forecast: SpoolForecast;
  readonly sources: SourceWatch;
  readonly workers: BusyMeter;
  readonly taps: TapHub;
}

export function statusReporter(options: StatusOptions): () => StatusReport {
  const { clock, forecast, metrics, workers } = options;
  const startedMs = clock.monotonicMs();
  return () => {
    const monotonicMs = clock.monotonicMs();
    const { bytesUsed, bytesMax } = options.spool.stats();
    const { hoursLeft } = forecast;
    return {
      version: options.version,
      pid: process.pid,
      dataDirectory: options.dataDirectory,
      uptimeSeconds: (monotonicMs - startedMs) / 1000,
      state: options.state(),
      monotonicMs,
      components: metrics.totals(),
      sinks: options.sinks().map(statusOfSink),
      spool: {
        bytesUsed,
        bytesMax,
        isFull: options.spool.isFull,
        writtenBytesPerSecond: forecast.writtenBytesPerSecond,
        hoursLeft: Number.isFinite(hoursLeft) ? hoursLeft : null,
      },
      sources: options.sources.report(SILENT_SHOWN_MAX),
      workers: {
        count: workers.placeCount,
        busyCount: workers.busyCount,
        batchCount: workers.takenCount,
        utilization: workers.utilization(),
      },
      process: { cpuSeconds: cpuSeconds(), residentBytes: process.memoryUsage.rss() },
      tapCount: options.taps.tapCount,
    };
  };
}

function statusOfSink(sink: StatusSink): SinkStatus {
  const { events, bytes } = sink.pending();
  return {
    id: sink.id,
    type: sink.type,
    isRequired: sink.isRequired,
    ...sink.stats(),
    pendingEvents: events,
    pendingBytes: bytes,
    missingEvents: sink.missingEvents ?? 0,
  };
}

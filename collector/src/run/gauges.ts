// What /metrics shows of spool, sinks, transforms, workers and the process. Totals that someone
// else keeps are read when they are scraped. docs/metrics.md explains each; a test holds both
// equal.
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import {
  type ComponentMetrics,
  type ComponentName,
  ENRICHERS,
  FILTERS,
  type GraphDocument,
  type Metrics,
  type SinkStats,
  type StepCounts,
} from '@weir/pipeline';
import type { BusyMeter } from './busy-meter.js';
import { primarySinks, viewOfGraph } from './graph-view.js';
import type { SourceWatch } from './source-watch.js';
import type { SpoolForecast } from './spool-forecast.js';

/** The spool among the components. */
export const SPOOL: ComponentName = { id: 'spool', kind: 'buffer', type: 'disk' };
/** The worker pool among the components. */
export const POOL: ComponentName = { id: 'workers', kind: 'transform', type: 'pool' };

/** Each look is a wake-up of an idle process. */
const LAG_RESOLUTION_MS = 100;
const NS_PER_SECOND = 1e9;
const US_PER_SECOND = 1e6;

/** What is needed of a spool. */
export interface WatchedSpool {
  readonly isFull: boolean;
  stats(): {
    readonly bytesUsed: number;
    readonly bytesMax: number;
    readonly lostEventCount: number;
    readonly preparedBytes: number;
    readonly preparationError: string;
    readonly scrubbedBytes: number;
    readonly damage: readonly unknown[];
  };
}

/** What is needed of a spool that signs. */
export interface WatchedEvidence {
  readonly size: number;
  readonly waitingMs: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** `read` gives null where nothing is signed. */
export function registerEvidenceMetrics(
  metrics: Metrics,
  read: () => WatchedEvidence | null,
): void {
  metrics.gauge(
    null,
    'weir_checkpoint_size',
    'Leaves under the newest signed checkpoint: one a frame.',
    () => read()?.size ?? 0,
  );
  metrics.gauge(
    null,
    'weir_checkpoint_age_seconds',
    'How long the oldest durable frame has waited for a signed checkpoint; 0 while none waits.',
    () => (read()?.waitingMs ?? 0) / 1000,
  );
  metrics.table(
    'counter',
    'weir_checkpoint_failures_total',
    'Attempts to sign that failed, by reason.',
    ['reason'],
    () =>
      Object.entries(read()?.failures ?? {}).map(([reason, value]) => ({
        labels: { reason },
        value,
      })),
  );
}

export function registerSpoolMetrics(
  metrics: Metrics,
  spool: WatchedSpool,
  forecast: SpoolForecast,
): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    metrics.gauge(SPOOL, name, help, read);
  gauge('buffer_size_bytes', 'Bytes of the spool on disk.', () => spool.stats().bytesUsed);
  gauge('buffer_max_size_bytes', 'Size at which it is full.', () => spool.stats().bytesMax);
  gauge('buffer_full', '1 while inputs are slowed.', () => (spool.isFull ? 1 : 0));
  gauge(
    'spool_hours_left',
    'Hours until it is full if no sink took anything, at the rate of the last day.',
    () => forecast.hoursLeft,
  );
  gauge(
    'spool_prepared_bytes',
    'Part of buffer_size_bytes that waits for frames.',
    () => spool.stats().preparedBytes,
  );
  gauge('spool_preparation_failing', '1 while the disk has no space for the next segment.', () =>
    spool.stats().preparationError === '' ? 0 : 1,
  );
  metrics.total(
    SPOOL,
    'spool_scrubbed_bytes_total',
    'Bytes of stored segments that were read again to find damage.',
    () => spool.stats().scrubbedBytes,
  );
  metrics.total(
    SPOOL,
    'spool_damaged_ranges_total',
    'Damaged ranges found since the start.',
    () => spool.stats().damage.length,
  );
  const component = metrics.component(SPOOL.id, SPOOL.kind, SPOOL.type);
  let shownLost = 0;
  metrics.onRead(() => {
    const { lostEventCount } = spool.stats();
    if (lostEventCount > shownLost)
      component.discarded(lostEventCount - shownLost, 'spool_corruption', false);
    shownLost = lostEventCount;
  });
}

/** What is needed of a sink at work. */
export interface WatchedSink {
  readonly id: string;
  readonly type: string;
  stats(): SinkStats;
  /** Durable and not settled by this sink. */
  pending(): { readonly events: number; readonly bytes: number };
  /** Numbers skipped and not declared since the start; absent where nobody watches. */
  readonly missingEvents?: number;
}

/** Moves the counters of the sink from its totals whenever they are read. */
export function registerSinkMetrics(metrics: Metrics, sink: WatchedSink): ComponentMetrics {
  const name: ComponentName = { id: sink.id, kind: 'sink', type: sink.type };
  const component = metrics.component(name.id, name.kind, name.type);
  const gauge = (gaugeName: string, help: string, read: () => number): void =>
    metrics.gauge(name, gaugeName, help, read);
  gauge(
    'pending_event_count',
    'Durable events that this sink has not settled.',
    () => sink.pending().events,
  );
  gauge(
    'pending_event_bytes',
    'Bytes in the spool that this sink has not settled.',
    () => sink.pending().bytes,
  );
  gauge(
    'source_lag_time_seconds',
    'Age of the oldest batch on its way to this sink.',
    () => sink.stats().lagMs / 1000,
  );
  gauge('sink_up', '1 while the sink takes events.', () => (sink.stats().state === 'ok' ? 1 : 0));
  gauge(
    'ledger_missing_events',
    'Numbers skipped, or settled without an outcome, since the start.',
    () => sink.missingEvents ?? 0,
  );
  metrics.onRead(sinkCounters(component, () => sink.stats()));
  if (sink.stats().breaker !== undefined) registerBreakerMetrics(metrics, name, sink);
  return component;
}

const BREAKER_STATES = ['closed', 'half_open', 'open'];

function registerBreakerMetrics(metrics: Metrics, name: ComponentName, sink: WatchedSink): void {
  metrics.gauge(name, 'sink_breaker_state', 'Circuit breaker: 0 closed, 1 half open, 2 open.', () =>
    BREAKER_STATES.indexOf(sink.stats().breaker?.state ?? 'closed'),
  );
  metrics.gauge(
    name,
    'sink_breaker_open_seconds',
    'How long the circuit has not been closed; 0 while it is.',
    () => (sink.stats().breaker?.openMs ?? 0) / 1000,
  );
  metrics.total(
    name,
    'sink_breaker_opened_total',
    'How often the circuit was opened.',
    () => sink.stats().breaker?.openCount ?? 0,
  );
}

function sinkCounters(component: ComponentMetrics, stats: () => SinkStats): () => void {
  let shown = { storedEvents: 0, sentBytes: 0, retryCount: 0, lostEvents: 0 };
  const shownByReason = new Map<string, number>();
  return () => {
    const { storedEvents, sentBytes, retryCount, lostEvents, quarantinedByReason } = stats();
    const sent = storedEvents - shown.storedEvents;
    component.sent(sent, sentBytes - shown.sentBytes);
    let quarantined = 0;
    for (const [reason, count] of Object.entries(quarantinedByReason)) {
      const fresh = count - (shownByReason.get(reason) ?? 0);
      if (fresh > 0) component.quarantined(fresh, reason);
      shownByReason.set(reason, count);
      quarantined += fresh;
    }
    component.received(sent + quarantined, 0);
    if (retryCount > shown.retryCount)
      component.error('delivery_retried', 'sending', retryCount - shown.retryCount);
    if (lostEvents > shown.lostEvents)
      component.discarded(lostEvents - shown.lostEvents, 'sink_overrun', false);
    shown = { storedEvents, sentBytes, retryCount, lostEvents };
  };
}

/**
 * Counts what transforms did, from EncodedBatch.steps of each sink. A batch goes through the
 * transforms once for each sink; a transform counts it on the way to its first sink alone.
 */
export function stepCounter(
  metrics: Metrics,
  graph: GraphDocument,
  onStep: (step: StepCounts) => void = () => {},
): (sink: string, steps: readonly StepCounts[]) => void {
  const primary = primarySinks(viewOfGraph(graph));
  const counters = new Map(
    Object.entries(graph.transforms).map(([id, { type }]) => [
      id,
      { type, component: metrics.component(id, 'transform', type) },
    ]),
  );
  return (sink, steps) => {
    for (const step of steps) {
      const counter = counters.get(step.component);
      if (counter === undefined || primary.get(step.component) !== sink) continue;
      countStep(counter.component, counter.type, step);
      onStep(step);
    }
  };
}

function countStep(component: ComponentMetrics, type: string, step: StepCounts): void {
  const { receivedEvents, sentEvents, failedEvents } = step;
  component.received(receivedEvents, 0);
  component.sent(sentEvents);
  if (failedEvents > 0) component.error('component_failed', 'processing', failedEvents);
  // An enricher that throws leaves the event as it was, and sends it on.
  const keptBack = receivedEvents - sentEvents - (ENRICHERS.has(type) ? 0 : failedEvents);
  if (keptBack <= 0) return;
  if (FILTERS.has(type)) component.discarded(keptBack, `filter:${step.component}`, true);
  else component.error('event_rejected', 'processing', keptBack);
}

export function registerPoolMetrics(metrics: Metrics, meter: BusyMeter): void {
  metrics.gauge(POOL, 'utilization', 'Share of the time that workers are busy, 0 to 1.', () =>
    meter.utilization(),
  );
}

/** Sources that are named; their addresses come from senders, so the number is bounded. */
const SILENT_NAMED_MAX = 20;

export function registerSilenceMetrics(
  metrics: Metrics,
  sources: Pick<SourceWatch, 'report'>,
): void {
  metrics.table(
    'gauge',
    'silent_sources',
    'Sources that are quiet for longer than they usually are.',
    [],
    () => [{ labels: {}, value: sources.report(0).silentCount }],
  );
  metrics.table(
    'gauge',
    'silent_source_seconds',
    'For how long a source is quiet; the 20 that were silent longest.',
    ['listener', 'source'],
    () =>
      sources.report(SILENT_NAMED_MAX).silent.map(({ listener, source, silentMs }) => ({
        labels: { listener, source },
        value: silentMs / 1000,
      })),
  );
}

export function registerClockMetrics(
  metrics: Metrics,
  watch: { readonly stepSeconds: number; readonly stepCount: number },
): void {
  metrics.total(
    null,
    'clock_steps_total',
    'How often the wall clock was set.',
    () => watch.stepCount,
  );
  metrics.gauge(
    null,
    'clock_step_seconds',
    'By how much the wall clock was set; 0 when it was set back, and an hour later.',
    () => watch.stepSeconds,
  );
}

/** The usual figures of the process, under the names that other programs on Node give them. */
export function registerProcessMetrics(metrics: Metrics, startedAtSeconds: number): () => void {
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  delay.enable();
  const gauge = (name: string, help: string, read: () => number): void =>
    metrics.gauge(null, name, help, read);
  metrics.total(null, 'process_cpu_seconds_total', 'CPU time of all threads.', cpuSeconds);
  gauge('process_start_time_seconds', 'Start, seconds since 1970.', () => startedAtSeconds);
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge('process_open_fds', 'Open file descriptors.', openFileCount);
  gauge(
    'nodejs_heap_size_used_bytes',
    'JavaScript heap in use, main thread.',
    () => process.memoryUsage().heapUsed,
  );
  gauge(
    'nodejs_external_memory_bytes',
    'Memory outside the JavaScript heap, main thread.',
    () => process.memoryUsage().external,
  );
  gauge('nodejs_eventloop_lag_p99_seconds', 'Event loop delay since the last scrape.', () => {
    // The histogram holds the interval between two timers, so a loop without delay shows that.
    const lagNs = Math.max(0, delay.percentile(99) - LAG_RESOLUTION_MS * US_PER_SECOND);
    delay.reset();
    return Number.isFinite(lagNs) ? lagNs / NS_PER_SECOND : 0;
  });
  gauge(
    'nodejs_eventloop_utilization',
    'Share of the time that the main thread was busy since the start, 0 to 1.',
    () => performance.eventLoopUtilization().utilization,
  );
  return () => delay.disable();
}

export const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / US_PER_SECOND;
};

function openFileCount(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

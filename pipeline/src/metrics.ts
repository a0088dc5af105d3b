// Prometheus metrics with the names of Vector's component specification. Counters are moved once a
// batch, never once an event. The totals are kept beside the registry as well, so that `weir top`
// reads them without rendering and parsing text.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { assert } from './errors.js';

export type ComponentKind = 'source' | 'transform' | 'sink' | 'buffer';

/** What every metric of a component is labelled with. */
export interface ComponentName {
  readonly id: string;
  readonly kind: ComponentKind;
  readonly type: string;
}

/** The counters of one component. */
export interface ComponentMetrics {
  received(eventCount: number, byteCount: number): void;
  sent(eventCount: number, byteCount?: number): void;
  /** `intentional` false: the sender wanted it kept. `cause` is of taxonomy.ts. */
  discarded(eventCount: number, cause: string, intentional: boolean): void;
  /** An error that is no drop of its own, for instance a connection closed for bad framing. */
  error(errorType: string, stage: ErrorStage, count?: number): void;
  quarantined(eventCount: number, reason: string): void;
  latency(seconds: number): void;
}
export type ErrorStage = 'receiving' | 'processing' | 'sending';

/** Totals of a component since the start. */
export interface ComponentTotals extends ComponentName {
  readonly receivedEvents: number;
  readonly receivedBytes: number;
  readonly sentEvents: number;
  readonly sentBytes: number;
  /** On purpose, as a filter does. */
  readonly filteredEvents: number;
  /** Not on purpose. */
  readonly discardedEvents: number;
  readonly quarantinedEvents: number;
  readonly errorCount: number;
  /**
   * Batches by latency: entry i counts those of at most LATENCY_BUCKETS_SECONDS[i] and more than
   * the bucket before; the last entry counts all that took longer.
   */
  readonly latencyCounts: readonly number[];
}

/**
 * Upper bounds of the histogram of component_latency_seconds. They are close around what a batch
 * waits to be durable, its linger and an fdatasync, so that a P99 of 20 ms can be told from 25.
 */
export const LATENCY_BUCKETS_SECONDS: readonly number[] = [
  ...[0.0005, 0.001, 0.0025, 0.005, 0.0075, 0.01, 0.0125, 0.015, 0.0175, 0.02, 0.025, 0.03, 0.04],
  ...[0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
];

/** Causes for which the buffer, and not a component, is to blame. */
const BUFFER_CAUSES: ReadonlySet<string> = new Set([
  'spool_full',
  'queue_full',
  'spool_write_failed',
  'spool_corruption',
  'sink_overrun',
]);

const COMPONENT_LABELS = ['component_id', 'component_kind', 'component_type'] as const;
type Labels = Readonly<Record<(typeof COMPONENT_LABELS)[number], string>>;

/** One sample of a table. */
export interface MetricRow {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Component {
  readonly metrics: ComponentMetrics;
  readonly totals: { -readonly [Key in keyof ComponentTotals]: ComponentTotals[Key] };
}
interface GaugeReader {
  readonly labels: Labels | null;
  readonly read: () => number;
}

/** All metrics of a process: one registry, given to whoever counts. */
export class Metrics {
  readonly registry = new Registry();
  readonly #components = new Map<string, Component>();
  readonly #gauges = new Map<string, GaugeReader[]>();
  readonly #updates: (() => void)[] = [];
  readonly #receivedEvents = this.#counter('component_received_events_total', 'Events received.');
  readonly #receivedBytes = this.#counter(
    'component_received_event_bytes_total',
    'Bytes of events received.',
  );
  readonly #sentEvents = this.#counter('component_sent_events_total', 'Events sent on.');
  readonly #sentBytes = this.#counter(
    'component_sent_event_bytes_total',
    'Bytes sent on, as encoded.',
  );
  readonly #discarded = this.#counter(
    'component_discarded_events_total',
    'Events that were not kept, by cause.',
    ['intentional', 'cause'],
  );
  readonly #bufferDiscarded = this.#counter(
    'buffer_discarded_events_total',
    'Events that were not kept because of the buffer, by cause.',
    ['intentional', 'cause'],
  );
  readonly #errors = this.#counter('component_errors_total', 'Errors, by type and stage.', [
    'error_type',
    'stage',
  ]);
  readonly #quarantined = this.#counter(
    'component_quarantined_events_total',
    'Events sent to quarantine, by reason.',
    ['reason'],
  );
  readonly #latency = new Histogram({
    name: 'component_latency_seconds',
    help: 'Time that a batch spends in a component.',
    labelNames: COMPONENT_LABELS,
    buckets: [...LATENCY_BUCKETS_SECONDS],
    registers: [this.registry],
  });

  /** The same counters for the same component, however often it is asked for. */
  component(id: string, kind: ComponentKind, type: string): ComponentMetrics {
    const key = `${kind} ${type} ${id}`;
    let component = this.#components.get(key);
    if (component === undefined) {
      component = this.#createComponent({ id, kind, type });
      this.#components.set(key, component);
    }
    return component.metrics;
  }

  #createComponent(name: ComponentName): Component {
    const labels = labelsOf(name);
    const totals = noTotals(name);
    const receivedEvents = this.#receivedEvents.labels(labels);
    const receivedBytes = this.#receivedBytes.labels(labels);
    const sentEvents = this.#sentEvents.labels(labels);
    const sentBytes = this.#sentBytes.labels(labels);
    const latency = this.#latency.labels(labels);
    const latencyCounts = totals.latencyCounts as number[];
    const metrics: ComponentMetrics = {
      received: (eventCount, byteCount) => {
        totals.receivedEvents += eventCount;
        totals.receivedBytes += byteCount;
        receivedEvents.inc(eventCount);
        receivedBytes.inc(byteCount);
      },
      sent: (eventCount, byteCount = 0) => {
        totals.sentEvents += eventCount;
        totals.sentBytes += byteCount;
        sentEvents.inc(eventCount);
        if (byteCount > 0) sentBytes.inc(byteCount);
      },
      discarded: (eventCount, cause, intentional) => {
        if (intentional) totals.filteredEvents += eventCount;
        else totals.discardedEvents += eventCount;
        const causeLabels = { ...labels, cause, intentional: String(intentional) };
        this.#discarded.labels(causeLabels).inc(eventCount);
        if (BUFFER_CAUSES.has(cause)) this.#bufferDiscarded.labels(causeLabels).inc(eventCount);
      },
      error: (errorType, stage, count = 1) => {
        totals.errorCount += count;
        this.#errors.labels({ ...labels, error_type: errorType, stage }).inc(count);
      },
      quarantined: (eventCount, reason) => {
        totals.quarantinedEvents += eventCount;
        this.#quarantined.labels({ ...labels, reason }).inc(eventCount);
      },
      latency: (seconds) => {
        const bucket = bucketOf(seconds);
        latencyCounts[bucket] = (latencyCounts[bucket] ?? 0) + 1;
        latency.observe(seconds);
      },
    };
    return { metrics, totals };
  }

  /**
   * A gauge that is read when it is scraped; null: it belongs to the process. Components that share
   * the name of a gauge give the same help.
   */
  gauge(component: ComponentName | null, name: string, help: string, read: () => number): void {
    const reader = { labels: component === null ? null : labelsOf(component), read };
    const known = this.#gauges.get(name);
    if (known !== undefined) {
      const isLabelled = known[0]?.labels !== null;
      assert(isLabelled === (component !== null), `${name} is of components or of the process`);
      known.push(reader);
      return;
    }
    const readers = [reader];
    this.#gauges.set(name, readers);
    new Gauge({
      name,
      help,
      labelNames: component === null ? [] : COMPONENT_LABELS,
      registers: [this.registry],
      collect() {
        for (const { labels, read: value } of readers) {
          if (labels === null) this.set(value());
          else this.set(labels, value());
        }
      },
    });
  }

  /**
   * A counter whose total someone else keeps; read when it is scraped. Null: it belongs to the
   * process.
   */
  total(component: ComponentName | null, name: string, help: string, read: () => number): void {
    const labels = component === null ? {} : labelsOf(component);
    const rows = (): MetricRow[] => [{ labels, value: read() }];
    this.table('counter', name, help, component === null ? [] : COMPONENT_LABELS, rows);
  }

  /** Values with labels of their own, all read when they are scraped. */
  table(
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Iterable<MetricRow>,
  ): void {
    const registers = [this.registry];
    if (type === 'counter')
      new Counter({
        name,
        help,
        labelNames: [...labelNames],
        registers,
        collect() {
          this.reset();
          for (const { labels, value } of read()) this.inc({ ...labels }, value);
        },
      });
    else
      new Gauge({
        name,
        help,
        labelNames: [...labelNames],
        registers,
        collect() {
          this.reset();
          for (const { labels, value } of read()) this.set({ ...labels }, value);
        },
      });
  }

  /** Called before counters are read: for components that keep totals of their own. */
  onRead(update: () => void): void {
    this.#updates.push(update);
  }

  /** Totals of all components, in the order in which they were first asked for. */
  totals(): ComponentTotals[] {
    for (const update of this.#updates) update();
    return Array.from(this.#components.values(), ({ totals }) => ({
      ...totals,
      latencyCounts: [...totals.latencyCounts],
    }));
  }

  /** The text of /metrics. */
  text(): Promise<string> {
    for (const update of this.#updates) update();
    return this.registry.metrics();
  }

  #counter(name: string, help: string, extraLabels: readonly string[] = []): Counter<string> {
    return new Counter({
      name,
      help,
      labelNames: [...COMPONENT_LABELS, ...extraLabels],
      registers: [this.registry],
    });
  }
}

/**
 * The latency below which a share of the batches stayed, seconds, interpolated within its bucket;
 * null for no batches. What took longer than the last bound counts as that bound.
 */
export function latencyQuantile(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = share * total;
  let below = 0;
  for (const [bucket, upper] of LATENCY_BUCKETS_SECONDS.entries()) {
    const count = counts[bucket] ?? 0;
    if (count > 0 && below + count >= rank) {
      const lower = bucket === 0 ? 0 : (LATENCY_BUCKETS_SECONDS[bucket - 1] ?? 0);
      return lower + ((upper - lower) * (rank - below)) / count;
    }
    below += count;
  }
  return LATENCY_BUCKETS_SECONDS.at(-1) ?? null;
}

const labelsOf = ({ id, kind, type }: ComponentName): Labels => ({
  component_id: id,
  component_kind: kind,
  component_type: type,
});

const noTotals = (name: ComponentName): Component['totals'] => ({
  ...name,
  receivedEvents: 0,
  receivedBytes: 0,
  sentEvents: 0,
  sentBytes: 0,
  filteredEvents: 0,
  discardedEvents: 0,
  quarantinedEvents: 0,
  errorCount: 0,
  latencyCounts: new Array<number>(LATENCY_BUCKETS_SECONDS.length + 1).fill(0),
});

function bucketOf(seconds: number): number {
  let bucket = 0;
  while (seconds > (LATENCY_BUCKETS_SECONDS[bucket] ?? Number.POSITIVE_INFINITY)) bucket++;
  return bucket;
}

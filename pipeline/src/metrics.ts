// Prometheus metrics with the names of Vector's component specification. Counters are moved once a
// batch, never once an event.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type ComponentKind = 'source' | 'transform' | 'sink' | 'buffer';

/** The counters of one component. */
export interface ComponentMetrics {
  received(eventCount: number, byteCount: number): void;
  sent(eventCount: number): void;
  /** `intentional` false: the sender wanted it kept. `cause` is of taxonomy.ts. */
  discarded(eventCount: number, cause: string, intentional: boolean): void;
  /** An error that is no drop of its own, for instance a connection closed for bad framing. */
  error(errorType: string, stage: 'receiving' | 'processing' | 'sending'): void;
  quarantined(eventCount: number, reason: string): void;
  latency(seconds: number): void;
}

const COMPONENT_LABELS = ['component_id', 'component_kind', 'component_type'] as const;

/** All metrics of a process: one registry, given to whoever counts. */
export class Metrics {
  readonly registry = new Registry();
  readonly #receivedEvents = this.#counter('component_received_events_total', 'Events received.');
  readonly #receivedBytes = this.#counter(
    'component_received_event_bytes_total',
    'Bytes of events received.',
  );
  readonly #sentEvents = this.#counter('component_sent_events_total', 'Events sent on.');
  readonly #discarded = this.#counter(
    'component_discarded_events_total',
    'Events that were not kept, by cause.',
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
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });

  component(id: string, kind: ComponentKind, type: string): ComponentMetrics {
    const labels = { component_id: id, component_kind: kind, component_type: type };
    const receivedEvents = this.#receivedEvents.labels(labels);
    const receivedBytes = this.#receivedBytes.labels(labels);
    const sentEvents = this.#sentEvents.labels(labels);
    const latency = this.#latency.labels(labels);
    return {
      received: (eventCount, byteCount) => {
        receivedEvents.inc(eventCount);
        receivedBytes.inc(byteCount);
      },
      sent: (eventCount) => sentEvents.inc(eventCount),
      discarded: (eventCount, cause, intentional) =>
        this.#discarded
          .labels({ ...labels, cause, intentional: String(intentional) })
          .inc(eventCount),
      error: (errorType, stage) =>
        this.#errors.labels({ ...labels, error_type: errorType, stage }).inc(),
      quarantined: (eventCount, reason) =>
        this.#quarantined.labels({ ...labels, reason }).inc(eventCount),
      latency: (seconds) => latency.observe(seconds),
    };
  }

  /** A gauge that is read when it is scraped. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** The text of /metrics. */
  text(): Promise<string> {
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

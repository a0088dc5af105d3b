// What a loader shows: lag and rows a partition, rebalances, dead letters.
import { Metrics } from '@weir/pipeline';
import type { KafkaLoader } from '@weir/sinks/kafka';

export function loaderMetrics(loader: KafkaLoader): Metrics {
  const metrics = new Metrics();
  const totals = new LoaderTotals(loader);
  const perPartition = ['partition'];
  metrics.table(
    'gauge',
    'weir_kafka_lag_messages',
    'Messages of a partition that are there and not stored.',
    perPartition,
    () => loader.stats().partitions.map((one) => row(one.partition, one.lag)),
  );
  metrics.table(
    'gauge',
    'weir_loader_lag_seconds',
    'Age of the oldest batch of a partition that was read and is not stored.',
    perPartition,
    () =>
      loader.stats().partitions.map((one) => row(one.partition, (one.loader?.lagMs ?? 0) / 1000)),
  );
  metrics.table(
    'gauge',
    'weir_loader_up',
    'Whether rows of a partition reach ClickHouse: 1, or 0 while it is tried again.',
    perPartition,
    () =>
      loader
        .stats()
        .partitions.map((one) => row(one.partition, one.loader?.state === 'ok' ? 1 : 0)),
  );
  const kinds = ['stored', 'quarantined', 'filtered'] as const;
  metrics.table('counter', 'weir_loader_events_total', 'Events settled, by kind.', ['kind'], () => {
    const sums = totals.read();
    return kinds.map((kind) => ({ labels: { kind }, value: sums[`${kind}Events`] }));
  });
  const total = (name: string, help: string, read: () => number): void =>
    metrics.total(null, name, help, read);
  total('weir_loader_inserts_total', 'INSERTs of rows.', () => totals.read().insertCount);
  total(
    'weir_loader_retries_total',
    'Failures after which it was tried again.',
    () => totals.read().retryCount,
  );
  total(
    'weir_kafka_rebalances_total',
    'Times that partitions came or went.',
    () => loader.stats().rebalanceCount,
  );
  total(
    'weir_kafka_fenced_total',
    'Partitions that another loader had taken over.',
    () => loader.stats().fencedCount,
  );
  total(
    'weir_kafka_dead_letter_messages_total',
    'Messages put into the dead letter topic.',
    () => loader.stats().deadLetterMessages,
  );
  return metrics;
}

const row = (partition: number, value: number) => ({
  labels: { partition: String(partition) },
  value,
});

const COUNTS = [
  'storedEvents',
  'quarantinedEvents',
  'filteredEvents',
  'insertCount',
  'retryCount',
] as const;
type Counts = Record<(typeof COUNTS)[number], number>;

/** Sums over partitions; what a partition had counted before it went away stays. */
export class LoaderTotals {
  readonly #loader: Pick<KafkaLoader, 'stats'>;
  #gone: Counts = zero();
  #seen = new Map<number, Counts>();

  constructor(loader: Pick<KafkaLoader, 'stats'>) {
    this.#loader = loader;
  }

  read(): Counts {
    const now = new Map<number, Counts>();
    for (const { partition, loader } of this.#loader.stats().partitions)
      if (loader !== null) {
        const counts = zero();
        for (const name of COUNTS) counts[name] = loader[name];
        now.set(partition, counts);
      }
    for (const [partition, before] of this.#seen) {
      const after = now.get(partition);
      // A new owner's loader, or the same partition anew, begins with zero.
      if (after !== undefined && COUNTS.every((name) => after[name] >= before[name])) continue;
      for (const name of COUNTS) this.#gone[name] += before[name];
    }
    this.#seen = now;
    const sums = { ...this.#gone };
    for (const counts of now.values()) for (const name of COUNTS) sums[name] += counts[name];
    return sums;
  }
}

const zero = (): Counts => ({
  storedEvents: 0,
  quarantinedEvents: 0,
  filteredEvents: 0,
  insertCount: 0,
  retryCount: 0,
});

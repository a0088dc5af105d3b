// What a loader shows: lag and rows a partition, rebalances, dead letters.
import { Metrics } from '@weir/pipeline';
import type { KafkaLoader, LoaderTotals } from '@weir/sinks/kafka';

const BREAKER_STATES = ['closed', 'half_open', 'open'];

export function loaderMetrics(loader: KafkaLoader): Metrics {
  const metrics = new Metrics();
  const totals = (): LoaderTotals => loader.stats().totals;
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
    const sums = totals();
    return kinds.map((kind) => ({ labels: { kind }, value: sums[`${kind}Events`] }));
  });
  metrics.table(
    'counter',
    'weir_loader_quarantined_total',
    'Events put into the quarantine table, by reason.',
    ['reason'],
    () =>
      Object.entries(totals().quarantinedByReason).map(([reason, value]) => ({
        labels: { reason },
        value,
      })),
  );
  metrics.table(
    'gauge',
    'weir_loader_breaker_state',
    'Circuit breaker of a partition: 0 closed, 1 half open, 2 open.',
    perPartition,
    () =>
      loader
        .stats()
        .partitions.map(({ partition, loader: one }) =>
          row(partition, BREAKER_STATES.indexOf(one?.breaker.state ?? 'closed')),
        ),
  );
  const total = (name: string, help: string, read: () => number): void =>
    metrics.total(null, name, help, read);
  total('weir_loader_inserts_total', 'INSERTs of rows.', () => totals().insertCount);
  total(
    'weir_loader_retries_total',
    'Failures after which it was tried again.',
    () => totals().retryCount,
  );
  total(
    'weir_loader_breaker_opened_total',
    'How often a circuit to ClickHouse was opened.',
    () => totals().breakerOpenCount,
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

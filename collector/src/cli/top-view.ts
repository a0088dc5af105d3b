// What `weir top` shows, worked out of two answers of the same instance: rates and the latencies of
// the time between them.
import { type ComponentTotals, latencyQuantile } from '@weir/pipeline';
import type { StatusReport } from '../run/control/index.js';
import type { KafkaLagView } from './top-kafka.js';

export interface ComponentView {
  readonly id: string;
  readonly kind: ComponentTotals['kind'];
  readonly type: string;
  readonly receivedPerSecond: number;
  readonly sentPerSecond: number;
  readonly receivedBytesPerSecond: number;
  readonly sentBytesPerSecond: number;
  /** Of the batches between the two answers; null for none. */
  readonly latencyP50Seconds: number | null;
  readonly latencyP99Seconds: number | null;
  /** Since the start. */
  readonly receivedEvents: number;
  readonly sentEvents: number;
  readonly filteredEvents: number;
  readonly discardedEvents: number;
  readonly quarantinedEvents: number;
  readonly errorCount: number;
}

export type SinkView = StatusReport['sinks'][number] & { readonly storedPerSecond: number };

export interface TopView extends Omit<StatusReport, 'components' | 'sinks' | 'process'> {
  /** Between the two answers. */
  readonly intervalSeconds: number;
  readonly components: readonly ComponentView[];
  readonly sinks: readonly SinkView[];
  /** Null without a Kafka sink, and where nothing says which brokers. */
  readonly kafka: KafkaLagView | null;
  readonly process: {
    readonly residentBytes: number;
    /** Cores in use: 1 is one core busy all the time. */
    readonly cpuCores: number;
  };
}

export function viewOfStatus(
  before: StatusReport,
  now: StatusReport,
  kafka: KafkaLagView | null = null,
): TopView {
  const intervalSeconds = Math.max(0.001, (now.monotonicMs - before.monotonicMs) / 1000);
  const perSecond = (from: number | undefined, to: number): number =>
    (to - (from ?? 0)) / intervalSeconds;
  const keyOf = ({ id, kind, type }: ComponentTotals): string => `${kind} ${type} ${id}`;
  const components = new Map(before.components.map((each) => [keyOf(each), each]));
  const sinks = new Map(before.sinks.map((each) => [each.id, each]));
  return {
    ...now,
    kafka,
    intervalSeconds,
    components: now.components.map((component) => {
      const { latencyCounts, receivedBytes, sentBytes, ...shown } = component;
      const earlier = components.get(keyOf(component));
      const fresh = latencyCounts.map((count, i) => count - (earlier?.latencyCounts[i] ?? 0));
      return {
        ...shown,
        receivedPerSecond: perSecond(earlier?.receivedEvents, component.receivedEvents),
        sentPerSecond: perSecond(earlier?.sentEvents, component.sentEvents),
        receivedBytesPerSecond: perSecond(earlier?.receivedBytes, receivedBytes),
        sentBytesPerSecond: perSecond(earlier?.sentBytes, sentBytes),
        latencyP50Seconds: latencyQuantile(fresh, 0.5),
        latencyP99Seconds: latencyQuantile(fresh, 0.99),
      };
    }),
    sinks: now.sinks.map((sink) => ({
      ...sink,
      storedPerSecond: perSecond(sinks.get(sink.id)?.storedEvents, sink.storedEvents),
    })),
    process: {
      residentBytes: now.process.residentBytes,
      cpuCores: perSecond(before.process.cpuSeconds, now.process.cpuSeconds),
    },
  };
}

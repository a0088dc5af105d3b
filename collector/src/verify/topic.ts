// What is on its way between a Kafka sink and the store: delivered into the topic, and in no table
// yet. The sink's own ledger says what it delivered; the tables say what loaders stored.
import type { SeqRange } from '@weir/sinks/clickhouse';
import type { SpoolInspection } from '@weir/spool';
import { keyOf, type SinkStream, without } from './judge.js';
import type { KnownSink } from './sink-record.js';

type Consumer = SpoolInspection['consumers'][number];

export const isKafka = ({ type }: Pick<KnownSink, 'type'>): boolean => type === 'kafka';

/** Stands for the store behind the topic of a Kafka sink, beside the sink itself. */
export const storeBehind = (sink: KnownSink): KnownSink => ({
  ...sink,
  id: `${sink.id} to store`,
  type: 'kafka_loader',
});

/**
 * As a consumer of the spool would have it: numbers that the sink still has to deliver, and those
 * that it delivered and no loader stored.
 */
export function pendingBehind(
  spool: SpoolInspection,
  sink: KnownSink,
  delivered: readonly SinkStream[],
  stored: readonly SinkStream[],
): Consumer {
  const own = spool.consumers.find(({ name }) => name === sink.id);
  const storedByKey = new Map(stored.map((entry) => [keyOf(entry), entry]));
  const inTopic = delivered.flatMap((entry) => {
    const { tenant, stream, epoch, beforeRanges = [] } = entry;
    const there = without(without(present(entry), present(storedByKey.get(keyOf(entry)))), [
      ...beforeRanges,
    ]);
    return there.map(([seqFirst, seqLast]) => ({ tenant, stream, epoch, seqFirst, seqLast }));
  });
  const count = inTopic.reduce((sum, { seqFirst, seqLast }) => sum + seqLast - seqFirst + 1, 0);
  return {
    ...(own ?? EMPTY),
    name: storeBehind(sink).id,
    pending: [...(own?.pending ?? []), ...inTopic],
    pendingEventCount: (own?.pendingEventCount ?? 0) + count,
  };
}

/** Numbers that are in any kind. */
function present(entry: SinkStream | undefined): SeqRange[] {
  if (entry === undefined || entry.seqMax < 0) return [];
  return without([[0, entry.seqMax]], entry.missing);
}

const EMPTY = { frontier: null, pendingFrameCount: 0 } as const;

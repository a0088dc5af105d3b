// Where the loaders' group stands in each partition.
import type { Timers } from '@weir/pipeline';
import type { Binding, ClientConfig, TopicMetadata } from '../client/binding.js';
import { Consumer } from '../client/consumer.js';
import { decodeMetadata } from '../loader/position-metadata.js';
import { type Finding, ok, type PartitionLag, problem, warning } from './finding.js';

export interface GroupOptions {
  readonly topic: string;
  readonly group: string;
  readonly binding: Binding;
  readonly config: ClientConfig;
  readonly timers: Timers;
}

/** Rejects with WEIR_KAFKA_UNREACHABLE. */
export async function examineGroup(options: GroupOptions, topic: TopicMetadata): Promise<Finding> {
  const { group, binding, config, timers } = options;
  const client = { ...config, 'group.id': group };
  const consumer = new Consumer(binding, client, null, { timers, log: () => undefined });
  try {
    await consumer.connect();
    const partitions: PartitionLag[] = [];
    for (const { id } of topic.partitions)
      partitions.push(await lagOf(consumer, options.topic, id));
    return { ...judge(`group ${group}`, partitions), partitions };
  } finally {
    await consumer.close();
  }
}

async function lagOf(consumer: Consumer, topic: string, partition: number): Promise<PartitionLag> {
  const { low, high } = await consumer.offsets({ topic, partition });
  const { offset, metadata } = await consumer.committed({ topic, partition });
  const committed = offset !== undefined && offset >= 0 ? offset : null;
  return {
    partition,
    committedOffset: committed,
    endOffset: high,
    lag: Math.max(0, high - Math.max(low, committed ?? low)),
    gone: Math.max(0, low - (committed ?? low)),
    isOurs: decodeMetadata(metadata) !== null,
  };
}

function judge(what: string, partitions: readonly PartitionLag[]): Finding {
  const lag = partitions.reduce((sum, one) => sum + one.lag, 0);
  const behind = partitions.filter((one) => one.lag > 0);
  const each = behind.map(({ partition, lag: count }) => `${partition}: ${count}`).join(', ');
  const text = `${lag} messages are not loaded${each === '' ? '' : ` (by partition ${each})`}`;
  const gone = partitions.filter((one) => one.gone > 0);
  if (gone.length > 0)
    return problem(
      what,
      `${text}; of partitions ${listOf(gone)} ` +
        `${gone.reduce((sum, one) => sum + one.gone, 0)} messages were deleted before they were ` +
        'loaded: raise retention.ms and retention.bytes of the topic; weir verify at the edge ' +
        'names the events',
    );
  const foreign = partitions.filter(
    ({ committedOffset, isOurs }) => committedOffset !== null && !isOurs,
  );
  if (foreign.length > 0)
    return warning(
      what,
      `${text}; positions of ${listOf(foreign)} were set by another tool: the next loader ` +
        'compares what it reads with the tables first',
    );
  const isNew = partitions.every(({ committedOffset }) => committedOffset === null);
  return ok(what, isNew ? `${text}; no loader has been there yet` : text);
}

const listOf = (partitions: readonly PartitionLag[]): string =>
  partitions.map(({ partition }) => partition).join(', ');

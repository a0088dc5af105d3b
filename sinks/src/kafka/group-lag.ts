// Where the loaders' group stands in each partition, without being a member of it.
import type { Timers } from '@weir/pipeline';
import type { Binding, ClientConfig } from './client/binding.js';
import { Consumer } from './client/consumer.js';
import { decodeMetadata } from './loader/position-metadata.js';

export interface PartitionLag {
  readonly partition: number;
  /** Null: nothing is committed. */
  readonly committedOffset: number | null;
  readonly endOffset: number;
  /** Messages that are there and not loaded. */
  readonly lag: number;
  /** Messages that retention deleted before they were loaded. */
  readonly gone: number;
  /** Whether the position is one that a loader of Weir committed. */
  readonly isOurs: boolean;
}

export interface GroupLagOptions {
  readonly topic: string;
  readonly group: string;
  readonly binding: Pick<Binding, 'KafkaConsumer'>;
  readonly config: ClientConfig;
  readonly timers: Timers;
}

export class GroupLag {
  readonly #topic: string;
  readonly #consumer: Consumer;

  constructor({ topic, group, binding, config, timers }: GroupLagOptions) {
    this.#topic = topic;
    const client = { ...config, 'group.id': group };
    this.#consumer = new Consumer(binding, client, null, { timers, log: () => undefined });
  }

  /** Rejects with WEIR_KAFKA_UNREACHABLE, as does `read`. */
  connect(): Promise<void> {
    return this.#consumer.connect();
  }

  /** Ascending; none where the topic is not there. */
  async read(): Promise<PartitionLag[]> {
    const found: PartitionLag[] = [];
    for (const partition of await this.#consumer.partitions(this.#topic))
      found.push(await this.#lagOf(partition));
    return found;
  }

  close(): Promise<void> {
    return this.#consumer.close();
  }

  async #lagOf(partition: number): Promise<PartitionLag> {
    const place = { topic: this.#topic, partition };
    const { low, high } = await this.#consumer.offsets(place);
    const { offset, metadata } = await this.#consumer.committed(place);
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
}

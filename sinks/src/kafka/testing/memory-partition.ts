// A partition of a topic in memory, with the positions that its group has committed: enough for the
// loader of one partition, without a broker.
import { WeirError } from '@weir/pipeline';
import type { ConsumedMessage, TopicPartitionOffset } from '../client/binding.js';
import type { PartitionClient } from '../client/consumer.js';
import type { OutgoingMessage } from '../client/producer.js';

export class MemoryPartition {
  readonly topic = 'events';
  readonly partition = 0;
  readonly messages: ConsumedMessage[] = [];
  readonly deadLetters: OutgoingMessage[] = [];
  committed: TopicPartitionOffset = { topic: 'events', partition: 0 };
  /** Whose commits the coordinator takes. */
  owner: object | null = null;

  append(value: Buffer, headers: ConsumedMessage['headers'] = []): ConsumedMessage {
    const message = {
      ...{ topic: this.topic, partition: this.partition, offset: this.messages.length },
      ...{ value, key: null, timestamp: 1, headers },
    };
    this.messages.push(message);
    return message;
  }

  /** A member of the group; it owns the partition from now on. */
  join(): PartitionClient {
    const client: PartitionClient = {
      pause: () => undefined,
      resume: () => undefined,
      seek: async () => undefined,
      commit: async (position) => {
        if (this.owner !== client)
          throw new WeirError(
            'WEIR_KAFKA_UNREACHABLE',
            'Specified group generation id is not valid',
          );
        this.committed = { ...position };
      },
      committed: async () => ({ ...this.committed }),
      offsets: async () => ({ low: 0, high: this.messages.length }),
    };
    this.owner = client;
    return client;
  }

  readonly deadLetterProducer = {
    send: async (messages: readonly OutgoingMessage[]): Promise<null> => {
      this.deadLetters.push(...messages);
      return null;
    },
  };
}

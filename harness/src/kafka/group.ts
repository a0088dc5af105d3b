// The positions of a consumer group, seen and set from outside.
import type { KafkaConsumer } from '@confluentinc/kafka-javascript';
import { loadRdKafka } from './client.js';

const TIMEOUT_MS = 20_000;

export interface GroupPosition {
  readonly partition: number;
  /** Null: nothing is committed. */
  readonly committed: number | null;
  /** Of the next message that is written. */
  readonly end: number;
}

export interface GroupOptions {
  readonly brokers: string;
  readonly topic: string;
  readonly group: string;
  /** Of the topic: 0 to this. */
  readonly partitionCount: number;
}

export const groupPositions = (options: GroupOptions): Promise<GroupPosition[]> =>
  withConsumer(options, async (consumer) => {
    const { topic, partitionCount } = options;
    const places = partitionsOf(topic, partitionCount);
    const committed = await ask<{ partition: number; offset?: number }[]>((done) =>
      consumer.committed(places, TIMEOUT_MS, done as never),
    );
    const positions: GroupPosition[] = [];
    for (const { partition, offset = -1 } of committed) {
      const { highOffset } = await ask<{ highOffset: number }>((done) =>
        consumer.queryWatermarkOffsets(topic, partition, TIMEOUT_MS, done as never),
      );
      positions.push({ partition, committed: offset < 0 ? null : offset, end: highOffset });
    }
    return positions;
  });

/** As an operator would with Kafka's own tools: the group must have no member. */
export const setGroupOffsets = (options: GroupOptions, offset: number): Promise<void> =>
  withConsumer(options, (consumer) => {
    const places = partitionsOf(options.topic, options.partitionCount);
    return ask((done) =>
      (consumer as unknown as Committer).commitCb(
        places.map((place) => ({ ...place, offset })),
        done,
      ),
    );
  });

const partitionsOf = (topic: string, count: number) =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }));

/** Missing in the client's types. */
interface Committer {
  commitCb(places: readonly { offset: number }[], done: Done<void>): void;
}

type Done<T> = (error: Error | null | undefined, value: T) => void;

const ask = <T>(request: (done: Done<T>) => void): Promise<T> =>
  new Promise((resolve, reject) =>
    request((error, value) => (error ? reject(error) : resolve(value))),
  );

async function withConsumer<T>(
  { brokers, group }: GroupOptions,
  use: (consumer: KafkaConsumer) => Promise<T>,
): Promise<T> {
  const { KafkaConsumer: Consumer } = loadRdKafka();
  const settings = { 'bootstrap.servers': brokers, 'group.id': group, 'enable.auto.commit': false };
  const consumer = new Consumer(settings, {});
  await ask((done) => consumer.connect({ timeout: TIMEOUT_MS }, done as never));
  try {
    return await use(consumer);
  } finally {
    await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  }
}

// Sends and reads whole lists of messages with the low-level client: for tests, which want a plain
// answer. Settings are librdkafka's.
import type { KafkaConsumer, LibrdKafkaError, Message } from '@confluentinc/kafka-javascript';
import { monotonicMs } from '../clock.js';
import { type KafkaSettings, loadRdKafka } from './client.js';

export interface TestMessage {
  readonly value: string;
  readonly key?: string;
  /** Default: the client's partitioner decides. */
  readonly partition?: number;
}

const SEND_TIMEOUT_MS = 30_000;
const READ_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 20_000;
const REFUSAL_TIMEOUT_MS = 3_000;
const POLL_MS = 50;
/** RD_KAFKA_OFFSET_BEGINNING */
const EARLIEST = -2;

/**
 * Resolves when every message is acknowledged by all in-sync replicas; rejects with the first
 * failed delivery, `message.timeout.ms` at the latest.
 */
export async function sendMessages(
  brokers: string,
  topic: string,
  messages: readonly TestMessage[],
  settings: KafkaSettings = {},
): Promise<void> {
  const { HighLevelProducer } = loadRdKafka();
  const producer = new HighLevelProducer({
    ...{ 'bootstrap.servers': brokers, acks: -1, 'enable.idempotence': true },
    ...{ 'message.timeout.ms': SEND_TIMEOUT_MS, 'linger.ms': 0 },
    ...settings,
  });
  await connect(producer);
  producer.setPollInterval(POLL_MS);
  try {
    const deliveries = messages.map(
      ({ value, key, partition }) =>
        new Promise<void>((resolve, reject) => {
          const payload = Buffer.from(value);
          producer.produce(topic, partition ?? null, payload, key ?? null, null, (error) => {
            if (error) reject(error);
            else resolve();
          });
        }),
    );
    await Promise.all(deliveries);
  } finally {
    await disconnect(producer);
  }
}

/**
 * `count` messages of the topic, each partition from its beginning; rejects when they do not come
 * within 30 s. Joins no group.
 */
export async function readMessages(
  brokers: string,
  topic: string,
  count: number,
  settings: KafkaSettings = {},
): Promise<Message[]> {
  const rdKafka = loadRdKafka();
  const consumer = new rdKafka.KafkaConsumer(
    // The client wants a group's name even so.
    { 'bootstrap.servers': brokers, 'group.id': 'none', 'enable.auto.commit': false, ...settings },
    {},
  );
  await connect(consumer);
  try {
    const partitions = await partitionsOf(consumer, topic);
    consumer.assign(partitions.map((partition) => ({ topic, partition, offset: EARLIEST })));
    consumer.setDefaultConsumeTimeout(POLL_MS);
    return await readAll(consumer, count);
  } finally {
    await disconnect(consumer);
  }
}

const partitionsOf = (consumer: KafkaConsumer, topic: string): Promise<number[]> =>
  new Promise((resolve, reject) => {
    consumer.getMetadata({ topic, timeout: CONNECT_TIMEOUT_MS }, (error, { topics }) => {
      if (error) return reject(error);
      // It tells of all topics, also when it is asked for one.
      const found = topics.find(({ name }) => name === topic);
      resolve(found?.partitions.map(({ id }) => id) ?? []);
    });
  });

function readAll(consumer: KafkaConsumer, count: number): Promise<Message[]> {
  const end = monotonicMs() + READ_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const found: Message[] = [];
    const next = (): void => {
      consumer.consume(count - found.length, (error, messages) => {
        found.push(...(messages ?? []));
        if (error) reject(error);
        else if (found.length >= count) resolve(found);
        else if (monotonicMs() < end) next();
        else
          reject(new Error(`${found.length} of ${count} messages came in ${READ_TIMEOUT_MS} ms`));
      });
    };
    next();
  });
}

interface Client {
  connect(
    options: { timeout: number },
    callback: (error: LibrdKafkaError | null | undefined) => void,
  ): unknown;
  disconnect(callback: () => void): unknown;
}

/** A client that did not connect has disconnected by itself. */
const connect = (client: Client, timeout = CONNECT_TIMEOUT_MS): Promise<void> =>
  new Promise((resolve, reject) => {
    client.connect({ timeout }, (error) => (error ? reject(error) : resolve()));
  });

const disconnect = (client: Client): Promise<void> =>
  new Promise((resolve) => {
    client.disconnect(() => resolve());
  });

/**
 * What a client meets first when it connects, in librdkafka's words ("authentication failure", "ssl
 * error"), or null when it connects. The words are all there is: `event.error` has code -1 for
 * everything, and what `connect` rejects with is -195 (ERR__TRANSPORT) whatever went wrong. Takes
 * 3 s when it does not connect: it tries until its time is over, and blocks a thread of libuv.
 */
export async function connectionError(
  brokers: string,
  settings: KafkaSettings,
): Promise<string | null> {
  const { Producer } = loadRdKafka();
  const producer = new Producer({ 'bootstrap.servers': brokers, ...settings });
  let first: string | null = null;
  producer.on('event.error', (error) => {
    first ??= error.message;
  });
  // Its errors come by polling, which only begins by itself when it is connected.
  const polling = setInterval(() => {
    if (producer.isConnected()) producer.poll();
  }, POLL_MS);
  try {
    await connect(producer, REFUSAL_TIMEOUT_MS);
  } catch (error) {
    return first ?? (error as LibrdKafkaError).message;
  } finally {
    clearInterval(polling);
  }
  await disconnect(producer);
  return null;
}

// Sends and reads whole lists of messages with the low-level client: for tests, which want a plain
// answer. Settings are librdkafka's.
import type { KafkaConsumer, LibrdKafkaError, Message } from '@confluentinc/kafka-javascript';
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
const POLL_MS = 50;

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

/** The first `count` messages of the topic; rejects when they do not come within 30 s. */
export async function readMessages(
  brokers: string,
  topic: string,
  count: number,
  settings: KafkaSettings = {},
): Promise<Message[]> {
  const rdKafka = loadRdKafka();
  const consumer = new rdKafka.KafkaConsumer(
    {
      ...{ 'bootstrap.servers': brokers, 'group.id': `test-${process.pid}-${performance.now()}` },
      ...{ 'enable.auto.commit': false },
      ...settings,
    },
    { 'auto.offset.reset': 'earliest' },
  );
  await connect(consumer);
  try {
    consumer.subscribe([topic]);
    return await readAll(consumer, count);
  } finally {
    await disconnect(consumer);
  }
}

function readAll(consumer: KafkaConsumer, count: number): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    const found: Message[] = [];
    const timer = setTimeout(() => {
      reject(new Error(`${found.length} of ${count} messages came in ${READ_TIMEOUT_MS} ms`));
    }, READ_TIMEOUT_MS);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      settle();
    };
    const next = (): void => {
      consumer.consume(count - found.length, (error, messages) => {
        if (error) return finish(() => reject(error));
        found.push(...messages);
        if (found.length >= count) finish(() => resolve(found));
        else if (consumer.isConnected()) next();
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

const connect = (client: Client): Promise<void> =>
  new Promise((resolve, reject) => {
    client.connect({ timeout: CONNECT_TIMEOUT_MS }, (error) => (error ? reject(error) : resolve()));
  });

const disconnect = (client: Client): Promise<void> =>
  new Promise((resolve) => {
    client.disconnect(() => resolve());
  });

/**
 * The code of the first error that a client meets when it connects (librdkafka's
 * RD_KAFKA_RESP_ERR, below zero for those of the client), or null when it connects.
 */
export async function connectionError(
  brokers: string,
  settings: KafkaSettings,
): Promise<number | null> {
  const { Producer } = loadRdKafka();
  const producer = new Producer({ 'bootstrap.servers': brokers, ...settings });
  const failed = new Promise<number>((resolve) => {
    producer.once('event.error', (error) => resolve(error.code));
  });
  const connected = connect(producer).then(
    () => null,
    () => failed,
  );
  const code = await Promise.race([failed, connected]);
  await disconnect(producer);
  return code;
}

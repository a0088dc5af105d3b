// The low-level interface of @confluentinc/kafka-javascript (librdkafka), as far as Weir uses it.
// The package is optional: where its binary cannot be had, everything but Kafka works.
import { createRequire } from 'node:module';
import { messageOf, WeirError } from '@weir/pipeline';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicPartitionOffset extends TopicPartition {
  /** Absent: nothing is committed. */
  readonly offset?: number;
  readonly metadata?: string;
}

export interface ClientError extends Error {
  /** librdkafka's: negative ones are of the client itself. */
  readonly code: number;
  readonly isFatal?: boolean;
}

export type Done<T = void> = (error: ClientError | null, value?: T) => void;

export interface TopicMetadata {
  readonly name: string;
  readonly partitions: readonly {
    readonly id: number;
    readonly leader: number;
    readonly replicas: readonly number[];
    readonly isrs: readonly number[];
  }[];
}

export interface ClusterMetadata {
  readonly orig_broker_id: number;
  readonly brokers: readonly {
    readonly id: number;
    readonly host: string;
    readonly port: number;
  }[];
  readonly topics: readonly TopicMetadata[];
}

interface ClientHandle {
  connect(options: { readonly timeout: number }, done: Done): void;
  disconnect(done: Done): void;
  isConnected(): boolean;
  getMetadata(
    options: { readonly topic?: string; readonly timeout: number },
    done: Done<ClusterMetadata>,
  ): void;
}

/** Listeners that every client takes. */
interface ClientEvents {
  on(event: 'event.error', listener: (error: ClientError) => void): unknown;
  on(event: 'event.log', listener: (entry: ClientLogEntry) => void): unknown;
  on(event: 'event.stats', listener: (entry: { readonly message: string }) => void): unknown;
}

export interface ClientLogEntry {
  /** As syslog. */
  readonly severity: number;
  readonly message: string;
}

export interface DeliveryReport {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** As given to `produce`. */
  readonly opaque: unknown;
}

export type MessageHeaders = readonly Readonly<Record<string, string | Buffer>>[];

export interface ProducerHandle extends ClientHandle, ProducerEvents {
  /** Throws a ClientError, for instance when the queue is full. */
  produce(
    topic: string,
    partition: number,
    value: Buffer | null,
    key: string | Buffer | null,
    timestampMs: number | null,
    opaque: unknown,
    headers?: MessageHeaders,
  ): void;
  poll(): void;
  setPollInterval(ms: number): void;
  flush(timeoutMs: number, done: Done): void;
}

interface ProducerEvents extends ClientEvents {
  on(event: 'event.error', listener: (error: ClientError) => void): unknown;
  on(event: 'event.log', listener: (entry: ClientLogEntry) => void): unknown;
  on(event: 'event.stats', listener: (entry: { readonly message: string }) => void): unknown;
  on(
    event: 'delivery-report',
    listener: (error: ClientError | null, report: DeliveryReport) => void,
  ): unknown;
}

export interface ConsumedMessage extends TopicPartition {
  readonly offset: number;
  readonly value: Buffer | null;
  readonly key: Buffer | null;
  readonly timestamp?: number;
  readonly headers?: MessageHeaders;
}

interface ConsumerEvents extends ClientEvents {
  on(event: 'event.error', listener: (error: ClientError) => void): unknown;
  on(event: 'event.log', listener: (entry: ClientLogEntry) => void): unknown;
  on(event: 'event.stats', listener: (entry: { readonly message: string }) => void): unknown;
  /** Needs `enable.partition.eof`. */
  on(event: 'partition.eof', listener: (position: TopicPartitionOffset) => void): unknown;
}

export interface ConsumerHandle extends ClientHandle, ConsumerEvents {
  subscribe(topics: readonly string[]): void;
  unsubscribe(): void;
  consume(count: number, done: Done<ConsumedMessage[]>): void;
  setDefaultConsumeTimeout(ms: number): void;
  setDefaultIsTimeoutOnlyForFirstMessage(isOnly: boolean): void;
  assign(partitions: readonly TopicPartitionOffset[]): void;
  unassign(): void;
  incrementalAssign(partitions: readonly TopicPartitionOffset[]): void;
  incrementalUnassign(partitions: readonly TopicPartition[]): void;
  rebalanceProtocol(): string;
  assignmentLost(): boolean;
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  seek(partition: TopicPartitionOffset, timeoutMs: number, done: Done): void;
  commitCb(partitions: readonly TopicPartitionOffset[], done: Done): void;
  committed(
    partitions: readonly TopicPartition[],
    timeoutMs: number,
    done: Done<TopicPartitionOffset[]>,
  ): void;
  queryWatermarkOffsets(
    topic: string,
    partition: number,
    timeoutMs: number,
    done: Done<{ readonly lowOffset: number; readonly highOffset: number }>,
  ): void;
}

export interface AdminHandle {
  createTopic(
    topic: {
      readonly topic: string;
      readonly num_partitions: number;
      readonly replication_factor: number;
      readonly config?: Readonly<Record<string, string>>;
    },
    timeoutMs: number,
    done: Done,
  ): void;
  describeTopics(
    topics: readonly string[],
    options: { timeout: number; includeAuthorizedOperations: boolean },
    done: Done<readonly Described[]>,
  ): void;
  disconnect(): void;
}

interface Described {
  /** A plain object. */
  readonly error?: Pick<ClientError, 'code' | 'message'>;
  /** Numbers of AclOperation, absent where nobody was asked. */
  readonly authorizedOperations?: readonly number[];
}

/** Names and values are those of librdkafka (CONFIGURATION.md). */
export type ClientConfig = Readonly<Record<string, string | number | boolean | object>>;

export interface Binding {
  readonly Producer: new (config: ClientConfig, topic?: ClientConfig) => ProducerHandle;
  readonly KafkaConsumer: new (config: ClientConfig, topic?: ClientConfig) => ConsumerHandle;
  readonly AdminClient: { create(config: ClientConfig): AdminHandle };
  readonly librdkafkaVersion: string;
}

/** Codes of librdkafka that mean something to Weir (rdkafka.h, rd_kafka_resp_err_t). */
export const KAFKA_ERROR = {
  queueFull: -184,
  assignPartitions: -175,
  revokePartitions: -174,
  authentication: -169,
  fatal: -150,
  topicAlreadyExists: 36,
  unknownTopicOrPartition: 3,
  topicAuthorizationFailed: 29,
  messageTooLarge: 10,
} as const;

let loaded: Binding | null = null;

/** Throws WEIR_KAFKA_CLIENT_MISSING where the package or its binary is not there. */
export function loadBinding(): Binding {
  if (loaded !== null) return loaded;
  try {
    loaded = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as Binding;
    return loaded;
  } catch (error) {
    throw new WeirError(
      'WEIR_KAFKA_CLIENT_MISSING',
      'the Kafka client (npm package @confluentinc/kafka-javascript) is not installed or does not ' +
        `fit this Node.js: ${messageOf(error).split('\n')[0]}; run \`npm run setup\`, which ` +
        'installs or builds it',
      { platform: process.platform, arch: process.arch },
      error,
    );
  }
}

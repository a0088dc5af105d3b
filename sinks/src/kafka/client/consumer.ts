// A consumer of librdkafka with promises: messages by poll, offsets with metadata, pauses.
import { type Timers, WeirError } from '@weir/pipeline';
import {
  type Binding,
  type ClientConfig,
  type ClientError,
  type ClusterMetadata,
  type ConsumedMessage,
  type ConsumerHandle,
  type Done,
  KAFKA_ERROR,
  type TopicPartition,
  type TopicPartitionOffset,
} from './binding.js';
import { ask, disconnect } from './handle.js';

const CONNECT_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 10_000;
const POLL_TIMEOUT_MS = 100;
/** They are in memory beside what the partitions are allowed. */
const POLL_MESSAGES_MAX = 32;
const DISCONNECT_WAIT_MS = 5_000;

export interface RebalanceListener {
  /** Fetching begins when `Consumer.assign` is called. */
  onAssigned(partitions: readonly TopicPartition[]): void;
  /** The others wait until `Consumer.unassign` is called. `isLost`: somebody else has them already. */
  onRevoked(partitions: readonly TopicPartition[], isLost: boolean): void;
}

/** What a partition needs of its consumer. */
export interface PartitionClient {
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  /** Fetches from here on. Rejects with WEIR_KAFKA_UNREACHABLE, as do those below. */
  seek(partition: TopicPartition, offset: number): Promise<void>;
  commit(position: TopicPartitionOffset): Promise<void>;
  committed(partition: TopicPartition): Promise<TopicPartitionOffset>;
  /** Of the first message that is there, and behind the last. */
  offsets(partition: TopicPartition): Promise<{ readonly low: number; readonly high: number }>;
}

export class Consumer implements PartitionClient {
  readonly #handle: ConsumerHandle;
  readonly #timers: Timers;
  #lastError: ClientError | null = null;
  /** At the end of a partition, where `enable.partition.eof` asks for it. */
  onEnd: (position: TopicPartitionOffset) => void = () => undefined;

  constructor(
    binding: Pick<Binding, 'KafkaConsumer'>,
    config: ClientConfig,
    listener: RebalanceListener | null,
    dependencies: { readonly timers: Timers; readonly log: (message: string) => void },
  ) {
    this.#timers = dependencies.timers;
    const onRebalance = (error: ClientError, partitions: TopicPartition[]): void => {
      if (error.code === KAFKA_ERROR.assignPartitions) listener?.onAssigned(partitions);
      else if (error.code === KAFKA_ERROR.revokePartitions)
        listener?.onRevoked(partitions, this.#handle.assignmentLost());
    };
    this.#handle = new binding.KafkaConsumer({
      ...config,
      'enable.auto.commit': false,
      ...(listener === null ? {} : { rebalance_cb: onRebalance }),
    });
    this.#handle.setDefaultConsumeTimeout(POLL_TIMEOUT_MS);
    // Else a poll waits for as many as it may take, and what is there waits with it.
    this.#handle.setDefaultIsTimeoutOnlyForFirstMessage(true);
    this.#handle.on('event.error', (error) => {
      this.#lastError = error;
    });
    this.#handle.on('partition.eof', (position) => this.onEnd(position));
    this.#handle.on('event.log', ({ message }) => dependencies.log(message));
  }

  /** Rejects with WEIR_KAFKA_UNREACHABLE, as do all requests below. */
  connect(): Promise<void> {
    return this.#ask((done) => this.#handle.connect({ timeout: CONNECT_TIMEOUT_MS }, done));
  }

  subscribe(topic: string): void {
    this.#handle.subscribe([topic]);
  }

  /** Those that are there, or none after a while. */
  poll(): Promise<ConsumedMessage[]> {
    return this.#ask<ConsumedMessage[]>((done) => this.#handle.consume(POLL_MESSAGES_MAX, done));
  }

  /** Of a group that rebalances step by step; positions are those given. */
  assign(partitions: readonly TopicPartitionOffset[]): void {
    if (this.#handle.rebalanceProtocol() === 'EAGER') this.#handle.assign(partitions);
    else this.#handle.incrementalAssign(partitions);
  }

  /** Without a group, and instead of whatever was assigned before. */
  assignOnly(position: TopicPartitionOffset): void {
    this.#handle.assign([position]);
  }

  /** Empty for a topic that is not there. */
  async partitions(topic: string): Promise<number[]> {
    const { topics } = await this.#ask<ClusterMetadata>((done) =>
      this.#handle.getMetadata({ timeout: REQUEST_TIMEOUT_MS }, done),
    );
    const found = topics.find(({ name }) => name === topic)?.partitions ?? [];
    return found.map(({ id }) => id).sort((a, b) => a - b);
  }

  unassign(partitions: readonly TopicPartition[]): void {
    if (this.#handle.rebalanceProtocol() === 'COOPERATIVE')
      this.#handle.incrementalUnassign(partitions);
    else this.#handle.unassign();
  }

  pause(partition: TopicPartition): void {
    this.#handle.pause([partition]);
  }

  resume(partition: TopicPartition): void {
    this.#handle.resume([partition]);
  }

  seek(partition: TopicPartition, offset: number): Promise<void> {
    return this.#ask((done) =>
      this.#handle.seek({ ...partition, offset }, REQUEST_TIMEOUT_MS, done),
    );
  }

  commit(position: TopicPartitionOffset): Promise<void> {
    return this.#ask((done) => this.#handle.commitCb([position], done));
  }

  async committed(partition: TopicPartition): Promise<TopicPartitionOffset> {
    const found = await this.#ask<TopicPartitionOffset[]>((done) =>
      this.#handle.committed([partition], REQUEST_TIMEOUT_MS, done),
    );
    return found[0] ?? partition;
  }

  async offsets({ topic, partition }: TopicPartition): Promise<{ low: number; high: number }> {
    const { lowOffset, highOffset } = await this.#ask<{ lowOffset: number; highOffset: number }>(
      (done) => this.#handle.queryWatermarkOffsets(topic, partition, REQUEST_TIMEOUT_MS, done),
    );
    return { low: lowOffset, high: highOffset };
  }

  close(): Promise<void> {
    return disconnect(this.#handle, this.#timers, DISCONNECT_WAIT_MS);
  }

  #ask<T = void>(request: (done: Done<T>) => void): Promise<T> {
    return ask(request, (error) => this.#unreachable(error));
  }

  #unreachable(error: ClientError): WeirError {
    const isTimeout = /timed out/i.test(error.message);
    const said = isTimeout && this.#lastError !== null ? this.#lastError : error;
    return new WeirError('WEIR_KAFKA_UNREACHABLE', `Kafka: ${said.message}`, { code: error.code });
  }
}

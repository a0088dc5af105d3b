// A producer of librdkafka with promises: each message resolves with its delivery report, and only
// then is it in the topic on all replicas that count.
import { Buffer } from 'node:buffer';
import { type Timers, WeirError } from '@weir/pipeline';
import {
  type Binding,
  type ClientConfig,
  type ClientError,
  type ClusterMetadata,
  type Done,
  KAFKA_ERROR,
  type MessageHeaders,
  type ProducerHandle,
} from './binding.js';
import { ask, disconnect } from './handle.js';

/** What every producer of ours has; its own settings, and those of people, win. */
const DEFAULTS: ClientConfig = {
  'enable.idempotence': true,
  acks: 'all',
  'compression.codec': 'zstd',
  // The most that the client allows: by itself it refuses what is above 1 MB, and the topic has the
  // last word.
  'message.max.bytes': 1_000_000_000,
};
const POLL_INTERVAL_MS = 5;
const CONNECT_TIMEOUT_MS = 10_000;
const METADATA_TIMEOUT_MS = 10_000;
const QUEUE_FULL_WAIT_MS = 20;
const DISCONNECT_WAIT_MS = 5_000;

export interface OutgoingMessage {
  readonly topic: string;
  /** Null lets the client choose by the key. */
  readonly partition: number | null;
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: MessageHeaders;
}

/** Resolves with null once it is delivered, else with what the client says. */
type Settle = (error: ClientError | null) => void;

export class Producer {
  readonly #handle: ProducerHandle;
  readonly #timers: Timers;
  #lastError: ClientError | null = null;
  #fatal: ClientError | null = null;

  constructor(
    binding: Pick<Binding, 'Producer'>,
    config: ClientConfig,
    dependencies: { readonly timers: Timers; readonly log: (message: string) => void },
  ) {
    this.#timers = dependencies.timers;
    this.#handle = new binding.Producer({ ...DEFAULTS, ...config, dr_cb: true });
    this.#handle.setPollInterval(POLL_INTERVAL_MS);
    this.#handle.on('delivery-report', (error, report) => (report.opaque as Settle)(error));
    this.#handle.on('event.error', (error) => {
      this.#lastError = error;
      if (error.isFatal === true || error.code === KAFKA_ERROR.fatal) this.#fatal = error;
    });
    this.#handle.on('event.log', ({ message }) => dependencies.log(message));
  }

  /** It can deliver nothing any more: a new one is needed. */
  get isBroken(): boolean {
    return this.#fatal !== null;
  }

  /** Rejects with WEIR_KAFKA_UNREACHABLE. */
  async connect(): Promise<void> {
    if (this.#handle.isConnected()) return;
    await this.#ask((done) => this.#handle.connect({ timeout: CONNECT_TIMEOUT_MS }, done));
  }

  /** Rejects with WEIR_KAFKA_UNREACHABLE, also for a topic that is not there. */
  async partitionCount(topic: string): Promise<number> {
    const { topics } = await this.#ask<ClusterMetadata>((done) =>
      this.#handle.getMetadata({ topic, timeout: METADATA_TIMEOUT_MS }, done),
    );
    const count = topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
    if (count === 0)
      throw new WeirError(
        'WEIR_KAFKA_UNREACHABLE',
        `the topic ${topic} is not there; \`weir kafka doctor --create\` makes it`,
        { topic },
      );
    return count;
  }

  /** Null when all are delivered; else what the client said of the first that is not. */
  async send(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<ClientError | null> {
    const reports: Promise<ClientError | null>[] = [];
    for (const message of messages) {
      const refused = await this.#enqueue(message, reports, signal);
      if (refused !== null) {
        await Promise.all(reports);
        return refused;
      }
    }
    const outcomes = await Promise.all(reports);
    return outcomes.find((outcome) => outcome !== null) ?? null;
  }

  /** Waits while the client's queue is full: it empties as brokers answer or messages time out. */
  async #enqueue(
    message: OutgoingMessage,
    reports: Promise<ClientError | null>[],
    signal: AbortSignal,
  ): Promise<ClientError | null> {
    for (;;) {
      if (signal.aborted) throw new WeirError('WEIR_ABORTED', 'sending to Kafka was cancelled');
      let settle: Settle = () => undefined;
      const report = new Promise<ClientError | null>((resolve) => {
        settle = resolve;
      });
      try {
        const { topic, partition, key, value, headers } = message;
        const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
        // The time of sending: with the events' own times, retention would delete an old backlog
        // before a loader has read it.
        this.#handle.produce(topic, partition ?? -1, bytes, key, null, settle, headers);
        reports.push(report);
        return null;
      } catch (error) {
        const refused = error as ClientError;
        if (refused.code !== KAFKA_ERROR.queueFull) return refused;
        await this.#timers.sleep(QUEUE_FULL_WAIT_MS, signal);
      }
    }
  }

  close(): Promise<void> {
    return disconnect(this.#handle, this.#timers, DISCONNECT_WAIT_MS);
  }

  #ask<T = void>(request: (done: Done<T>) => void): Promise<T> {
    return ask(request, (error) => this.#unreachable(error));
  }

  /** The last thing that a broker said tells more than a time-out. */
  #unreachable(error: ClientError): WeirError {
    const { message, code } = this.#lastError ?? error;
    return new WeirError('WEIR_KAFKA_UNREACHABLE', `Kafka cannot be reached: ${message}`, { code });
  }
}

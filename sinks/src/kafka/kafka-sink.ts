// The Kafka sink: messages as workers made them, to the partition of their stream. A payload is
// delivered when every one of its messages has a delivery report with acks=all; whatever else
// happens, all of it is sent again, and the loader knows numbers that it has.
import { createHash } from 'node:crypto';
import type { Sink, SinkOutcome, SinkPayload, Timers } from '@weir/pipeline';
import { lineOf, toFailure, WeirError } from '@weir/pipeline';
import {
  type Binding,
  type ClientError,
  KAFKA_ERROR,
  loadBinding,
  type MessageHeaders,
} from './client/binding.js';
import { clientConfig, type KafkaConnection } from './client/options.js';
import { type OutgoingMessage, Producer } from './client/producer.js';
import { setSchemaId } from './envelope/envelope.js';
import { type Message, type MessageHead, messagesOf } from './messages/message-block.js';
import { partitionOf } from './messages/partition.js';

export interface KafkaSinkOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  /** Shown in the broker's logs and quotas. */
  readonly clientId: string;
  /** Longest time for a message to be taken by all replicas; then the payload is sent again. */
  readonly messageTimeoutMs: number;
  /** Largest message that the client hands to the broker, before compression. */
  readonly messageBytesMax: number;
  /** Id of the schema, known from the configuration or asked of a registry at each opening. */
  readonly schemaId: () => Promise<number>;
}

export interface KafkaSinkDependencies {
  readonly timers: Timers;
  readonly log: (message: string) => void;
  /** For tests; default: the installed client. */
  readonly binding?: Pick<Binding, 'Producer'>;
}

const QUEUE_KIB_MAX = 64 * 1024;

export function createKafkaSink(options: KafkaSinkOptions, deps: KafkaSinkDependencies): Sink {
  return new KafkaSink(options, deps);
}

class KafkaSink implements Sink {
  readonly #options: KafkaSinkOptions;
  readonly #deps: KafkaSinkDependencies;
  #producer: Producer | null = null;
  #partitionCount = 0;
  #schemaId = 0;

  constructor(options: KafkaSinkOptions, deps: KafkaSinkDependencies) {
    this.#options = options;
    this.#deps = deps;
    // Says at once what is wrong with the configuration.
    clientConfig(options.connection, options.clientId);
  }

  async open(): Promise<void> {
    if (this.#producer?.isBroken === true) await this.close();
    this.#producer ??= this.#createProducer();
    await this.#producer.connect();
    const partitionCount = await this.#producer.partitionCount(this.#options.topic);
    if (this.#partitionCount > 0 && partitionCount !== this.#partitionCount)
      this.#deps.log(
        `the topic has ${partitionCount} partitions, it had ${this.#partitionCount}: ` +
          'streams move to other ones',
      );
    this.#partitionCount = partitionCount;
    this.#schemaId = await this.#options.schemaId();
  }

  async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    try {
      if (this.#producer === null) await this.open();
      const messages = payload.blocks.flatMap(messagesOf).map((message) => this.#outgoing(message));
      const aborted = abortOf(signal);
      try {
        const sending = (this.#producer as Producer).send(messages, signal);
        const error = await Promise.race([sending, aborted.promise]);
        return error === null ? { kind: 'delivered' } : this.#failed(error);
      } finally {
        aborted.release();
      }
    } catch (error) {
      return {
        kind: 'retry',
        afterMs: null,
        failure: toFailure(error, 'WEIR_SINK_UNREACHABLE'),
      };
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await producer?.close();
  }

  #createProducer(): Producer {
    const { connection, clientId, messageTimeoutMs, messageBytesMax } = this.#options;
    const config = {
      'linger.ms': 5,
      'message.timeout.ms': messageTimeoutMs,
      'message.max.bytes': messageBytesMax,
      'queue.buffering.max.kbytes': QUEUE_KIB_MAX,
      ...clientConfig(connection, clientId),
    };
    return new Producer(this.#deps.binding ?? loadBinding(), config, this.#deps);
  }

  #outgoing({ head, value }: Message): OutgoingMessage {
    setSchemaId(value, this.#schemaId);
    return {
      topic: this.#options.topic,
      partition: partitionOf(head.stream, this.#partitionCount),
      key: head.stream,
      value,
      headers: headersOf(head),
    };
  }

  #failed(error: ClientError): SinkOutcome {
    const { topic } = this.#options;
    const isTooLarge = error.code === KAFKA_ERROR.messageTooLarge;
    const hint = isTooLarge
      ? '; raise max.message.bytes of the topic, or lower kafka.message_max_bytes'
      : '';
    return {
      kind: 'retry',
      afterMs: null,
      failure: {
        code: 'WEIR_SINK_UNREACHABLE',
        message: `Kafka does not take messages for ${topic}: ${lineOf(error)}${hint}`,
        details: { code: error.code },
      },
    };
  }
}

/** What people see without decoding: whose numbers, and a trace to follow them by. */
function headersOf(head: MessageHead): MessageHeaders {
  const range = `${head.seqFirst}-${head.seqLast}`;
  const id = createHash('sha256')
    .update(`${head.tenant}\0${head.stream}\0${head.epoch}\0${range}`)
    .digest('hex');
  return [
    { 'weir-tenant': head.tenant },
    { 'weir-stream': head.stream },
    { 'weir-epoch': head.epoch },
    { 'weir-seq': range },
    { 'weir-event-count': String(head.eventCount) },
    // W3C Trace Context: the same for the same numbers, whoever sends them and however often.
    { traceparent: `00-${id.slice(0, 32)}-${id.slice(32, 48)}-01` },
  ];
}

function abortOf(signal: AbortSignal): {
  readonly promise: Promise<never>;
  readonly release: () => void;
} {
  let onAbort = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    onAbort = () => reject(new WeirError('WEIR_ABORTED', 'sending to Kafka was cancelled'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  promise.catch(() => undefined);
  return { promise, release: () => signal.removeEventListener('abort', onAbort) };
}

// What lies in the dead letter topic: looking at it, and sending it to the topic again.
import { type Timers, WeirError } from '@weir/pipeline';
import type { Binding, ClientConfig, ConsumedMessage, MessageHeaders } from './client/binding.js';
import { Consumer } from './client/consumer.js';
import { clientConfig, type KafkaConnection } from './client/options.js';
import { Producer } from './client/producer.js';
import { deadLetterTopic, HEADERS, headerOf, identityOf } from './loader/dead-letter.js';
import { partitionOf } from './messages/partition.js';

export interface DeadLetterOptions {
  readonly connection: KafkaConnection;
  /** That of the events. */
  readonly topic: string;
  readonly timers: Timers;
  readonly binding: Binding;
}

export interface DeadLetter {
  /** Of the dead letter topic. */
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
  /** Where it came from, as its headers say; null where they do not. */
  readonly origin: { topic: string; partition: number; offset: number } | null;
  /** Milliseconds since 1970: when it was put aside. */
  readonly timestampMs: number;
  /** The numbers that its headers name; null where they name none. */
  readonly numbers: {
    readonly tenant: string;
    readonly stream: string;
    readonly epoch: string;
    readonly seqFirst: number;
    readonly seqLast: number;
  } | null;
  readonly key: string;
  /** Names and values as text, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly value: Uint8Array;
}

const STALL_MS_MAX = 20_000;
const POLL_MS = 100;

export class DeadLetters {
  readonly #options: DeadLetterOptions;
  readonly #config: ClientConfig;
  readonly #consumer: Consumer;
  #producer: Producer | null = null;

  constructor(options: DeadLetterOptions) {
    const { connection, timers, binding } = options;
    this.#options = options;
    this.#config = clientConfig(connection, 'weir-dlq');
    // The client wants the name of a group; none is joined and nothing is committed.
    const config = { ...this.#config, 'group.id': 'weir-dlq', 'enable.partition.eof': true };
    this.#consumer = new Consumer(binding, config, null, { timers, log: () => undefined });
  }

  /** Rejects with WEIR_KAFKA_UNREACHABLE, also where there is no such topic, as do all below. */
  async open(): Promise<{ readonly messageCount: number }> {
    await this.#consumer.connect();
    let messageCount = 0;
    for (const partition of await this.#partitions()) {
      const { low, high } = await this.#consumer.offsets({ topic: this.#topic, partition });
      messageCount += high - low;
    }
    return { messageCount };
  }

  /** What is there now, partition after partition, oldest first. */
  async *all(): AsyncGenerator<DeadLetter> {
    for (const partition of await this.#partitions()) {
      const { low, high } = await this.#consumer.offsets({ topic: this.#topic, partition });
      if (low < high)
        for await (const message of this.#read(partition, low, high)) yield letterOf(message);
    }
  }

  /** Null where nothing is at the place (any more). */
  async at(partition: number, offset: number): Promise<DeadLetter | null> {
    if (!(await this.#partitions()).includes(partition)) return null;
    const { low, high } = await this.#consumer.offsets({ topic: this.#topic, partition });
    if (offset < low || offset >= high) return null;
    for await (const message of this.#read(partition, offset, offset + 1))
      return message.offset === offset ? letterOf(message) : null;
    return null;
  }

  /** Resolves when it is in the topic of the events, on all replicas that count. */
  async replay(letter: DeadLetter): Promise<void> {
    const { topic, timers, binding } = this.#options;
    const producer = await this.#openProducer(binding, timers);
    const partitionCount = await producer.partitionCount(topic);
    const error = await producer.send(
      [
        {
          ...{ topic, partition: partitionFor(letter, partitionCount), key: letter.key },
          value: letter.value,
          headers: letter.headers
            .filter(([name]) => !Object.values<string>(HEADERS).includes(name))
            .map(([name, value]) => ({ [name]: Buffer.from(value, 'latin1') })),
        },
      ],
      new AbortController().signal,
    );
    if (error !== null)
      throw new WeirError('WEIR_KAFKA_UNREACHABLE', `${topic} does not take it: ${error.message}`);
  }

  async close(): Promise<void> {
    await this.#consumer.close();
    await this.#producer?.close();
  }

  get #topic(): string {
    return deadLetterTopic(this.#options.topic);
  }

  async #openProducer(binding: Binding, timers: Timers): Promise<Producer> {
    if (this.#producer !== null) return this.#producer;
    const producer = new Producer(
      binding,
      { 'message.timeout.ms': STALL_MS_MAX, ...this.#config },
      { timers, log: () => undefined },
    );
    await producer.connect();
    this.#producer = producer;
    return producer;
  }

  async #partitions(): Promise<number[]> {
    const found = await this.#consumer.partitions(this.#topic);
    if (found.length > 0) return found;
    throw new WeirError(
      'WEIR_KAFKA_UNREACHABLE',
      `the topic ${this.#topic} is not there; \`weir kafka doctor --create\` makes it`,
    );
  }

  async *#read(partition: number, from: number, end: number): AsyncGenerator<ConsumedMessage> {
    const place = { topic: this.#topic, partition };
    this.#consumer.assignOnly({ ...place, offset: from });
    let isEnd = false;
    this.#consumer.onEnd = (reached) => {
      isEnd ||= reached.partition === partition;
    };
    let idleMs = 0;
    while (!isEnd) {
      const messages = await this.#consumer.poll();
      for (const message of messages) {
        if (message.offset >= end || message.partition !== partition) continue;
        yield message;
      }
      if ((messages.at(-1)?.offset ?? -1) >= end - 1) return;
      idleMs = messages.length > 0 ? 0 : idleMs + POLL_MS;
      if (idleMs > STALL_MS_MAX)
        throw new WeirError('WEIR_KAFKA_UNREACHABLE', `${this.#topic}/${partition} gives nothing`);
    }
  }
}

/** Of the stream, as the edge chose it, so that one loader has all of a stream. */
function partitionFor({ numbers, origin }: DeadLetter, partitionCount: number): number | null {
  if (numbers !== null) return partitionOf(numbers.stream, partitionCount);
  return origin !== null && origin.partition < partitionCount ? origin.partition : null;
}

function letterOf(message: ConsumedMessage): DeadLetter {
  const headers = message.headers ?? [];
  const { tenant, stream, epoch, seqFirst, seqLast } = identityOf(headers);
  const origin = {
    topic: headerOf(headers, HEADERS.topic),
    partition: Number(headerOf(headers, HEADERS.partition)),
    offset: Number(headerOf(headers, HEADERS.offset)),
  };
  const isKnown = origin.topic !== '' && Number.isSafeInteger(origin.partition + origin.offset);
  return {
    partition: message.partition,
    offset: message.offset,
    reason: headerOf(headers, HEADERS.reason),
    origin: isKnown ? origin : null,
    timestampMs: message.timestamp ?? 0,
    numbers:
      seqLast < seqFirst ? null : { tenant, stream, epoch: String(epoch), seqFirst, seqLast },
    key: message.key?.toString() ?? '',
    headers: textsOf(headers),
    value: message.value ?? new Uint8Array(0),
  };
}

/** Latin-1 keeps every byte, whatever it stands for. */
const textsOf = (headers: MessageHeaders): [string, string][] =>
  headers.flatMap((header) =>
    Object.entries(header).map(([name, value]): [string, string] => [
      name,
      Buffer.from(value as Buffer).toString('latin1'),
    ]),
  );

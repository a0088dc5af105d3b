// Scenario: a client that behaves as librdkafka does, with a broker in memory that is away, hangs,
// refuses messages for their size, or says no to credentials.
// Guarantees: the conformance of sinks; a payload is delivered only with a report for each of its
// messages; every message goes to the partition of its stream with its key, headers and schema id.
import type { SinkPayload } from '@weir/pipeline';
import { nodeTimers } from '@weir/pipeline/node';
import { testSink } from '@weir/pipeline/testing';
import t from 'tap';
import { sampleBatch, sampleEvents } from '../clickhouse/testing/sample-batches.js';
import type { Binding, ClientError, DeliveryReport, MessageHeaders } from './client/binding.js';
import { decodeEnvelope } from './envelope/envelope.js';
import { createKafkaSink } from './kafka-sink.js';
import { textsOfColumn } from './loader/block-rows.js';
import { encodeMessages } from './messages/encode-messages.js';
import { partitionOf } from './messages/partition.js';

interface Kept {
  readonly partition: number;
  readonly key: string;
  readonly value: Buffer;
  readonly timestampMs: number | null;
  readonly headers: MessageHeaders;
}

/** Answers of the broker to come; null for what a good one does. */
class Broker {
  readonly kept: Kept[] = [];
  partitions = 5;
  isAway = false;
  isHanging = false;
  refusal: ClientError | null = null;
  /** Messages that the client's queue still takes. */
  room = Number.POSITIVE_INFINITY;

  readonly binding: Pick<Binding, 'Producer'> = {
    Producer: fakeProducer(this) as unknown as Binding['Producer'],
  };
}

const errorOf = (message: string, code: number): ClientError =>
  Object.assign(new Error(message), { code });

function fakeProducer(broker: Broker) {
  return class {
    #isConnected = false;
    #report: (error: ClientError | null, report: DeliveryReport) => void = () => undefined;

    on(event: string, listener: never): this {
      if (event === 'delivery-report') this.#report = listener;
      return this;
    }
    setPollInterval(): void {}
    isConnected(): boolean {
      return this.#isConnected;
    }
    connect(_options: object, done: (error: ClientError | null) => void): void {
      this.#isConnected = !broker.isAway;
      setImmediate(() =>
        done(broker.isAway ? errorOf('Local: Broker transport failure', -195) : null),
      );
    }
    disconnect(done: () => void): void {
      this.#isConnected = false;
      setImmediate(done);
    }
    getMetadata(
      { topic }: { topic: string },
      done: (error: ClientError | null, found?: object) => void,
    ) {
      const partitions = Array.from({ length: broker.partitions }, (_, id) => ({ id }));
      setImmediate(() =>
        broker.isAway
          ? done(errorOf('Local: Broker transport failure', -195))
          : done(null, { topics: [{ name: topic, partitions }] }),
      );
    }
    produce(
      topic: string,
      partition: number,
      value: Buffer,
      key: string,
      timestampMs: number | null,
      opaque: unknown,
      headers: MessageHeaders,
    ): void {
      if (broker.room <= 0) {
        broker.room = 1_000;
        throw errorOf('Local: Queue full', -184);
      }
      broker.room--;
      if (broker.isHanging) return;
      const report = { topic, partition, offset: 0, opaque };
      const error = broker.isAway ? errorOf('Local: Message timed out', -192) : broker.refusal;
      if (error === null)
        broker.kept.push({ partition, key, value: Buffer.from(value), timestampMs, headers });
      setImmediate(() => this.#report(error, report));
    }
  };
}

const sinkOf = (broker: Broker, brokers = 'a:9092') =>
  createKafkaSink(
    {
      ...{ connection: { brokers }, topic: 'events', clientId: 'test', messageTimeoutMs: 1_000 },
      ...{ messageBytesMax: 1 << 20, schemaId: async () => 70_000 },
    },
    { timers: nodeTimers, log: () => undefined, binding: broker.binding },
  );

let seqNext = 0;
function payloadOf(rows: readonly string[], stream = 'node/syslog/0'): SinkPayload {
  const blocks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < rows.length; at += 10) {
    const batch = sampleBatch({ seqFirst: seqNext, texts: rows.slice(at, at + 10), stream });
    seqNext += batch.eventCount;
    const { events } = encodeMessages(sampleEvents(batch), batch, 'full');
    if (events !== null) blocks.push(events.bytes);
  }
  const bytes = new Uint8Array(Buffer.concat(blocks));
  return { blocks: [bytes], rowCount: rows.length, byteCount: bytes.length };
}

const rowsIn = ({ value }: Kept): string[] => {
  const { events } = decodeEnvelope(value);
  if (events === null) return [];
  return textsOfColumn(events, 'raw_data').map((text) => Buffer.from(text).toString());
};
const never = (): AbortSignal => new AbortController().signal;

t.test('conformance', async (t) => {
  testSink(t, {
    payloadOf: (rows) => payloadOf(rows),
    largeRowCount: 2_000,
    create: () => {
      const broker = new Broker();
      return {
        sink: sinkOf(broker),
        received: () => broker.kept.flatMap(rowsIn),
        breakDown: () => {
          broker.isAway = true;
        },
        hang: () => {
          broker.isHanging = true;
        },
        heal: () => {
          broker.isAway = false;
          broker.isHanging = false;
        },
        dispose: () => undefined,
      };
    },
  });
});

t.test('partition, key, headers and schema id', async (t) => {
  const broker = new Broker();
  const sink = sinkOf(broker);
  await sink.open(never());
  for (const stream of ['0123456789ab/udp/0', '0123456789ab/udp/1', 'agent-7'])
    t.match(await sink.write(payloadOf(['event'], stream), never()), { kind: 'delivered' });
  t.same(
    broker.kept.map(({ partition, key }) => [partition, key]),
    ['0123456789ab/udp/0', '0123456789ab/udp/1', 'agent-7'].map((stream) => [
      partitionOf(stream, 5),
      stream,
    ]),
  );
  const [first, second] = broker.kept;
  t.equal(second?.partition, ((first?.partition ?? 0) + 1) % 5, 'shards lie side by side');
  t.equal(first?.value.readUInt32BE(1), 70_000);
  const times = new Set(broker.kept.map(({ timestampMs }) => timestampMs));
  t.same([...times], [null], 'the topic keeps a message by when it was sent, not by its events');
  const headers = Object.assign({}, ...(first?.headers ?? []));
  t.match(headers, {
    ...{ 'weir-tenant': 'default', 'weir-stream': '0123456789ab/udp/0', 'weir-epoch': '1' },
    ...{ 'weir-seq': /^\d+-\d+$/, 'weir-event-count': '1' },
    traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/,
  });
  await sink.close();
});

t.test('a full queue is waited for; a message that is too large says what to raise', async (t) => {
  const broker = new Broker();
  const sink = sinkOf(broker);
  await sink.open(never());
  broker.room = 1;
  const rows = Array.from({ length: 40 }, (_, i) => `event ${i}`);
  t.match(await sink.write(payloadOf(rows), never()), { kind: 'delivered' });
  t.equal(broker.kept.length, 4);
  broker.refusal = errorOf('Broker: Message size too large', 10);
  t.match(await sink.write(payloadOf(rows), never()), {
    kind: 'retry',
    failure: { message: /max\.message\.bytes of the topic/ },
  });
  await sink.close();
});

t.test('no topic, no broker, and brokers that are none', async (t) => {
  const broker = new Broker();
  const sink = sinkOf(broker);
  broker.partitions = 0;
  await t.rejects(sink.open(never()), { message: /weir kafka doctor --create/ });
  broker.isAway = true;
  await t.rejects(sinkOf(broker).open(never()), { code: 'WEIR_KAFKA_UNREACHABLE' });
  for (const wrong of ['', 'host', 'host:port', 'http://host:9092'])
    t.throws(() => sinkOf(broker, wrong), {
      code: 'WEIR_CONFIG_INVALID',
      message: /KAFKA_BROKERS/,
    });
});

// Kafka in this process, against a real broker beside it: encoded batches into the topic, and from
// the topic to a store that takes everything and keeps nothing. What the broker costs is not in the
// CPU figures; what the client's own threads cost is.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTaskProcessor } from '@weir/collector/parts';
import { createTopic, KafkaCluster } from '@weir/harness/kafka';
import type { EncodedBatch, SequencedBatch } from '@weir/pipeline';
import { nodeClock, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import type { Store } from '@weir/sinks/clickhouse';
import { createKafkaSink, KafkaLoader } from '@weir/sinks/kafka';
import { generateBatches } from '../batches.js';
import {
  type Bench,
  type BenchOptions,
  type BenchResult,
  type Measure,
  type RunFigures,
  repeat,
} from '../bench.js';
import { monotonicSeconds, ownCpuSeconds } from '../clock.js';
import { profiled } from '../profile.js';

const EVENTS_FULL = 400_000;
const EVENTS_SMALL = 4_000;
const PARTITIONS = 6;
const STREAMS = 8;
const WRITE_BATCHES = 16;
const WRITES_AT_ONCE = 8;
/** What is loaded is that many times the input, so that joining the group costs next to nothing. */
const LOAD_EPOCHS = 5;
const LOAD_TIMEOUT_MS = 120_000;

export const kafka: Bench = {
  name: 'kafka',
  summary: 'batches into a topic of a real broker, and from there to a store that keeps nothing',
  run,
};

async function run(options: BenchOptions): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-kafka-'));
  const cluster = await KafkaCluster.start({ directory: join(directory, 'kafka') });
  try {
    return await measure(options, cluster.brokers, join(directory, 'kafka'));
  } finally {
    await cluster.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(
  options: BenchOptions,
  brokers: string,
  brokerDirectory: string,
): Promise<BenchResult> {
  const input = generateBatches(
    options.small ? EVENTS_SMALL : EVENTS_FULL,
    options.seed,
    STREAMS,
    options.lines,
    '3164',
  );
  const seqs = new Map<string, number>();
  const batches = input.batches.map((batch): SequencedBatch => {
    const seqFirst = seqs.get(batch.stream) ?? 0;
    seqs.set(batch.stream, seqFirst + batch.eventCount);
    return { ...batch, epoch: 1n, seqFirst };
  });
  const encode = await encoder();
  const native = batches.map((batch) => encode(batch, 'table'));
  const messages = batches.map((batch) => encode(batch, 'topic'));
  const facts: Record<string, unknown> = {
    eventBytes: Math.round(input.byteCount / input.eventCount),
    nativeBytesAnEvent: Math.round(bytesOf(native) / input.eventCount),
    messageBytesAnEvent: Math.round(bytesOf(messages) / input.eventCount),
  };
  let measures: Record<string, Measure> = {};
  const add = async (name: string, once: (run: number) => Promise<void>): Promise<void> => {
    options.say(name);
    const found = await profiled(options.profileDirectory, `kafka-${name}`, () =>
      repeat(options, async (run) => {
        const cpuBefore = ownCpuSeconds();
        const startedAt = monotonicSeconds();
        await once(run);
        const seconds = monotonicSeconds() - startedAt;
        const cpu = ownCpuSeconds() - cpuBefore;
        return {
          [`${name}EventsPerSecond`]: ['throughput', 'events/s', input.eventCount / seconds],
          [`${name}CpuSecondsPerMillion`]: ['cpu', 'CPU-s/M', (cpu / input.eventCount) * 1e6],
        };
      }),
    );
    measures = { ...measures, ...found };
  };
  // Parse and encode for the table: what the topic costs beyond comes on top of it.
  await add('parseForTable', async () => {
    for (const batch of batches) encode(batch, 'table');
  });
  await add('parseForTopic', async () => {
    for (const batch of batches) encode(batch, 'topic');
  });
  await add('produce', (run) => produce(brokers, topicOf('produce', run), messages));
  const topic = topicOf('load', 0);
  await createTopic(brokers, { topic, partitions: PARTITIONS });
  for (let epoch = 1; epoch <= LOAD_EPOCHS; epoch++) {
    const again = batches.map((batch) => ({ ...batch, epoch: BigInt(epoch) }));
    await send(
      brokers,
      topic,
      again.map((batch) => encode(batch, 'topic')),
    );
  }
  const topicBytes = logBytes(brokerDirectory, topic);
  facts.topicBytesAnEvent = Math.round(topicBytes / (LOAD_EPOCHS * input.eventCount));
  // From the first event that is settled on: joining a group takes seconds whatever comes then.
  options.say('load');
  const loads = await profiled(options.profileDirectory, 'kafka-load', () =>
    repeat(options, (run) => load(brokers, topic, `g${run}`, LOAD_EPOCHS * input.eventCount)),
  );
  measures = { ...measures, ...loads };
  facts.residentMiBMax = Math.round(process.resourceUsage().maxRSS / 1024);
  return { measures, facts, hash: input.hash };
}

/** What the broker keeps of a topic: the segments of its partitions, as the client compressed. */
function logBytes(directory: string, topic: string): number {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return files
    .filter((path) => path.includes(`${topic}-`) && path.endsWith('.log'))
    .reduce((sum, path) => sum + statSync(join(directory, path)).size, 0);
}

const topicOf = (name: string, run: number): string => `${name}.${run}`;

const bytesOf = (encoded: readonly EncodedBatch[]): number =>
  encoded.reduce((sum, { events }) => sum + (events?.bytes.length ?? 0), 0);

async function encoder() {
  const inputs = ['edge'];
  const processTask = await createTaskProcessor({
    nodeId: 'bench',
    sourceOfListener: { syslog_tcp: 'edge' },
    graph: {
      sources: inputs,
      transforms: { parse: { type: 'parse', inputs, pack: 'auto' } },
      sinks: {
        table: { type: 'clickhouse', inputs: ['parse'] },
        topic: { type: 'kafka', inputs: ['parse'] },
      },
    },
    baseUrl: import.meta.url,
    pipelineModule: null,
  });
  return (batch: SequencedBatch, sink: 'table' | 'topic'): EncodedBatch =>
    processTask({ batch, sink, skipSeqs: null, taps: [], spare: null });
}

async function produce(
  brokers: string,
  topic: string,
  messages: readonly EncodedBatch[],
): Promise<void> {
  await createTopic(brokers, { topic, partitions: PARTITIONS });
  await send(brokers, topic, messages);
}

/** Every message has its delivery report when this resolves. */
async function send(
  brokers: string,
  topic: string,
  messages: readonly EncodedBatch[],
): Promise<void> {
  const sink = createKafkaSink(
    {
      ...{ connection: { brokers }, topic, clientId: 'bench', messageTimeoutMs: 60_000 },
      ...{ messageBytesMax: 4 * 1024 * 1024, schemaId: async () => 0 },
    },
    { timers: nodeTimers, log: () => undefined },
  );
  const { signal } = new AbortController();
  await sink.open(signal);
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < messages.length) {
      const part = messages.slice(next, next + WRITE_BATCHES);
      next += part.length;
      const blocks = part.flatMap(({ events }) => (events === null ? [] : [events.bytes]));
      const outcome = await sink.write({ blocks, rowCount: 0, byteCount: 0 }, signal);
      if (outcome.kind !== 'delivered') throw new Error(`not delivered: ${outcome.kind}`);
    }
  };
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, write));
  await sink.close();
}

async function load(
  brokers: string,
  topic: string,
  group: string,
  eventCount: number,
): Promise<RunFigures> {
  const stop = new AbortController();
  const cpuBefore = ownCpuSeconds();
  let settled = 0;
  let first: { readonly atSeconds: number; readonly settled: number } | null = null;
  const loader = new KafkaLoader({
    ...{ connection: { brokers }, topic, group, clientId: group, groupProtocol: 'classic' },
    ...{ sessionTimeoutMs: 10_000, memoryBytesMax: 96 * 1024 * 1024 },
    ...{ store: nullStore(), profile: 'full' },
    ...{ clock: nodeClock, timers: nodeTimers, random: nodeRandom, log: () => undefined },
    onSettled: (outcomes) => {
      for (const { seqs } of outcomes)
        for (let i = 0; i < seqs.length; i += 2)
          settled += (seqs[i + 1] as number) - (seqs[i] as number) + 1;
      first ??= { atSeconds: monotonicSeconds(), settled };
      if (settled < eventCount) return;
      lastAtSeconds = monotonicSeconds();
      stop.abort();
    },
  });
  let lastAtSeconds = 0;
  const late = nodeTimers.after(LOAD_TIMEOUT_MS, () => stop.abort());
  await loader.run(stop.signal);
  late.cancel();
  if (settled < eventCount) throw new Error(`${settled} of ${eventCount} events came`);
  const begun = first ?? { atSeconds: 0, settled: 0 };
  const seconds = lastAtSeconds - begun.atSeconds;
  const cpu = ownCpuSeconds() - cpuBefore;
  return {
    loadEventsPerSecond: ['throughput', 'events/s', (eventCount - begun.settled) / seconds],
    loadCpuSecondsPerMillion: ['cpu', 'CPU-s/M', (cpu / eventCount) * 1e6],
  };
}

/** Takes everything at once; knows nothing of what was there. */
function nullStore(): Store {
  return {
    url: 'null',
    query: async () => [],
    stream: () => Promise.reject(new Error('nothing is streamed')),
    command: async () => undefined,
    insertNative: async () => undefined,
    ping: async () => true,
    close: async () => undefined,
  };
}

// What the commit interval costs and gives: events through admission into the spool at a steady
// rate, for each interval the CPU time, the number of fdatasyncs, and how long an event waits until
// it is durable.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createSequencer, StreamSet } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { openSpool } from '@weir/spool';
import { type GeneratedBatches, generateBatches } from '../batches.js';
import {
  type BenchOptions,
  type BenchResult,
  type Measure,
  type MeasureKind,
  measure,
} from '../bench.js';
import { monotonicSeconds, ownCpuSeconds } from '../clock.js';
import { spreadOf } from '../report.js';

const RATE_DEFAULT = 20_000;
const SECONDS_DEFAULT = 5;
const WARM_UP_SECONDS = 1;
const STREAMS = 4;
const EVENTS_POOL = 51_200;
/** How often what is due is given to the streams, as chunks of a socket would be. */
const TICK_MS = 2;

interface Figures {
  readonly eventsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly syncsPerSecond: number;
  readonly waitP50Ms: number;
  readonly waitP99Ms: number;
}

const columns: readonly (readonly [keyof Figures, MeasureKind, string])[] = [
  ['eventsPerSecond', 'throughput', 'events/s'],
  ['cpuSecondsPerMillion', 'cpu', 'CPU-s/M'],
  ['syncsPerSecond', 'other', 'fdatasyncs/s'],
  ['waitP50Ms', 'other', 'ms'],
  ['waitP99Ms', 'other', 'ms'],
];

export async function fsyncIntervals(options: BenchOptions, work: string): Promise<BenchResult> {
  const input = generateBatches(EVENTS_POOL, options.seed, STREAMS, options.lines);
  const rate = options.rate ?? RATE_DEFAULT;
  const seconds = options.small ? 0.3 : (options.seconds ?? SECONDS_DEFAULT);
  const measures: Record<string, Measure> = {};
  const table: string[] = ['interval | events/s | CPU-s/M | fdatasyncs/s | wait P50 ms | P99 ms'];
  for (const intervalMs of options.fsyncIntervalsMs ?? []) {
    const runs: Figures[] = [];
    for (let run = 0; run < Math.max(1, options.runs); run++)
      runs.push(await pacedRun(input, join(work, 'paced'), { intervalMs, rate, seconds }));
    const row = columns.map(([name, kind, unit]) => {
      const values = runs.map((figures) => figures[name]);
      measures[`interval${intervalMs}Ms${name[0]?.toUpperCase()}${name.slice(1)}`] = measure(
        kind,
        unit,
        ...values,
      );
      return spreadOf(values).median.toLocaleString('en-US', { maximumFractionDigits: 1 });
    });
    table.push([`${intervalMs} ms`, ...row].join(' | '));
    options.say(table.at(-1) ?? '');
  }
  return { measures, facts: { rate, seconds, table }, hash: input.hash };
}

/** Interval 0 writes what each tick brought at once. */
async function pacedRun(
  input: GeneratedBatches,
  directory: string,
  { intervalMs, rate, seconds }: { intervalMs: number; rate: number; seconds: number },
): Promise<Figures> {
  const ports = { clock: nodeClock, timers: nodeTimers };
  const spool = await openSpool({
    ...{ directory, ...ports, files: nodeFiles(), random: nodeRandom, consumers: ['bench'] },
    commitIntervalMs: intervalMs,
  });
  const streams = new StreamSet({
    ...{ node: spool.nodeId, listener: 'bench', shardCount: STREAMS, tenant: 'default' },
    ...{ retentionClass: 'default', format: 'syslog', ...ports, buffer: spool },
    sequencer: createSequencer({ epoch: spool.epoch }),
    limits: { batchLingerMs: Math.max(1, intervalMs) },
  });
  const feed = new Feed(input, streams);
  await feed.run(rate, Math.min(WARM_UP_SECONDS, seconds));
  feed.waits.length = 0;
  const before = { cpu: ownCpuSeconds(), syncs: spool.stats().dataSyncCount };
  const startedAt = monotonicSeconds();
  const eventCount = await feed.run(rate, seconds);
  const passed = monotonicSeconds() - startedAt;
  const cpuSeconds = ownCpuSeconds() - before.cpu;
  const syncs = spool.stats().dataSyncCount - before.syncs;
  await awake(streams.close());
  await awake(spool.close());
  rmSync(directory, { recursive: true });
  const waits = feed.waits.sort((a, b) => a - b);
  return {
    eventsPerSecond: eventCount / passed,
    cpuSecondsPerMillion: (cpuSeconds / eventCount) * 1e6,
    syncsPerSecond: syncs / passed,
    waitP50Ms: waits[Math.floor(waits.length * 0.5)] ?? 0,
    waitP99Ms: waits[Math.floor(waits.length * 0.99)] ?? 0,
  };
}

/** The timers of streams and spool do not keep a process alive; here nothing else does. */
async function awake<T>(promise: Promise<T>): Promise<T> {
  const done = new AbortController();
  const end = (): void => done.abort();
  promise.then(end, end);
  await nodeTimers.sleep(60_000, done.signal);
  return promise;
}

/**
 * Gives generated events to the streams, and notes for each tick and stream how long they waited.
 */
class Feed {
  readonly #input: GeneratedBatches;
  readonly #streams: StreamSet;
  #batch = 0;
  #row = 0;
  /** Milliseconds until durable, once a tick and stream: each has about as many events. */
  readonly waits: number[] = [];

  constructor(input: GeneratedBatches, streams: StreamSet) {
    this.#input = input;
    this.#streams = streams;
  }

  /** Resolves when all is durable; the number of events. */
  async run(rate: number, seconds: number): Promise<number> {
    const startMs = nodeClock.monotonicMs();
    const pending: Promise<unknown>[] = [];
    let eventCount = 0;
    for (let at = 0; at < seconds * 1000; at = nodeClock.monotonicMs() - startMs) {
      const due = Math.floor((at / 1000) * rate) - eventCount;
      for (let shard = 0; shard < STREAMS && due > 0; shard++)
        pending.push(this.#give(shard, Math.ceil(due / STREAMS)));
      eventCount += due > 0 ? Math.ceil(due / STREAMS) * STREAMS : 0;
      await nodeTimers.sleep(TICK_MS);
    }
    await awake(Promise.all(pending));
    return eventCount;
  }

  async #give(shard: number, eventCount: number): Promise<void> {
    const stream = this.#streams.streams[shard];
    if (stream === undefined) return;
    const ticket = stream.ticket(null);
    for (let i = 0; i < eventCount; i++) {
      const batch = this.#input.batches[this.#batch % this.#input.batches.length];
      if (batch === undefined) return;
      const bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.length);
      const from = batch.offsets[this.#row] ?? 0;
      stream.append(bytes, from, batch.offsets[this.#row + 1] ?? 0, 'bench', 0, 0, ticket);
      if (++this.#row < batch.eventCount) continue;
      this.#row = 0;
      this.#batch++;
    }
    const givenMs = nodeClock.monotonicMs();
    await ticket.durable();
    this.waits.push(nodeClock.monotonicMs() - givenMs);
  }
}

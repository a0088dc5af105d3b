// Does an event cost the same whatever there is of it? More and more sources, faster and faster;
// and the quiet case: what a paced trickle costs, and how long a sender waits for durability.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '@weir/harness';
import {
  type Bench,
  type BenchOptions,
  type BenchResult,
  type Measure,
  measure,
} from '../bench.js';
import { monotonicSeconds } from '../clock.js';
import { type Corpus, writeCorpus } from '../feed/corpus.js';
import { buildReader, measureFloor } from '../feed/floor.js';
import { prepareSender } from '../feed/sender.js';
import { startTarget, type Target } from '../feed/target.js';

const SOURCE_STEPS = [10, 100, 1_000, 10_000];
const RATE_STEPS = [50_000, 100_000, 200_000, 300_000];
const SOURCES_OF_RATE_STEPS = 100;
const RATE_OF_SOURCE_STEPS = 50_000;
const PACED_RATE = 5_000;
const CORPUS_EVENTS = 200_000;

export const stress: Bench = {
  name: 'stress',
  summary: 'CPU per event from 10 to 10,000 sources and 50k to 300k events/s; a paced trickle',
  run,
};

interface Plan {
  readonly sources: readonly number[];
  readonly rates: readonly number[];
  readonly stepSeconds: number;
  readonly sourceRate: number;
  readonly pacedRate: number;
}

const FULL: Plan = {
  ...{ sources: SOURCE_STEPS, rates: RATE_STEPS, stepSeconds: 8 },
  ...{ sourceRate: RATE_OF_SOURCE_STEPS, pacedRate: PACED_RATE },
};
const SMALL: Plan = {
  ...{ sources: [4, 40], rates: [2_000, 4_000], stepSeconds: 1, sourceRate: 2_000, pacedRate: 500 },
};

async function run(options: BenchOptions): Promise<BenchResult> {
  const plan = options.small ? SMALL : options.long ? { ...FULL, stepSeconds: 60 } : FULL;
  const work = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const events = options.small ? 5_000 : CORPUS_EVENTS;
  const corpus = writeCorpus(join(work, 'corpus.log'), 'mixed', events, options.seed);
  const target = await startTarget(work, 'type = "blackhole"', options.profileDirectory);
  try {
    const step = (sources: number, rate: number) =>
      runStep(target, corpus, sources, rate, plan.stepSeconds, options.say);
    await step(plan.sources[0] as number, plan.sourceRate); // warm-up
    const bySources: number[] = [];
    for (const sources of plan.sources) bySources.push(await step(sources, plan.sourceRate));
    const byRate: number[] = [];
    for (const rate of plan.rates) byRate.push(await step(SOURCES_OF_RATE_STEPS, rate));
    const floor = await pacedFloor(work, corpus, plan);
    const paced = await runPaced(target, corpus, plan, options);
    const { received, durable } = await target.counts();
    if (received !== durable) throw new Error(`received ${received}, but durable are ${durable}`);
    return {
      measures: {
        ...stepMeasures('sources', plan.sources, bySources),
        ...stepMeasures('rate', plan.rates, byRate),
        ...paced,
        pacedRatioToFloorCpu: measure(
          ...(['other', ''] as const),
          (paced.pacedCpuSecondsPerMillion?.values[0] ?? 0) / floor,
        ),
      },
      facts: {
        ...{ stepSeconds: plan.stepSeconds, sourceRate: plan.sourceRate },
        residentMiBMax: Math.round(target.residentMiBMax),
        allReceivedAreDurable: true,
      },
      hash: corpus.hash,
    };
  } finally {
    await target.weir.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** CPU-seconds per million events at a steady rate from so many sources. */
async function runStep(
  target: Target,
  corpus: Corpus,
  sources: number,
  rate: number,
  seconds: number,
  say: (line: string) => void,
): Promise<number> {
  const events = rate * seconds;
  const plan = { path: corpus.path, connections: sources, ownAddresses: true, rate, events };
  const sender = await prepareSender({ ...plan, ...target.syslog });
  const before = (await target.counts()).delivered;
  const cpuBefore = target.cpuSeconds;
  const sent = await sender.go();
  await target.reach('delivered', before + events);
  const perMillion = ((target.cpuSeconds - cpuBefore) / events) * 1e6;
  say(
    `${sources} sources, ${rate} events/s: ${perMillion.toFixed(2)} CPU-s/M, ` +
      `RSS ${target.residentMiB.toFixed(0)} MiB, sender ${sent.lagMsMax.toFixed(0)} ms late at most`,
  );
  return perMillion;
}

/** The dearest step over the cheapest: 1 is flat. */
function stepMeasures(
  name: string,
  steps: readonly number[],
  values: readonly number[],
): Record<string, Measure> {
  const measures: Record<string, Measure> = {};
  for (const [i, step] of steps.entries())
    measures[`${name}${step}CpuSecondsPerMillion`] = measure('cpu', 'CPU-s/M', values[i] ?? 0);
  const flatness = Math.max(...values) / Math.min(...values);
  measures[`${name}Flatness`] = measure('other', 'dearest / cheapest', flatness);
  return measures;
}

async function pacedFloor(work: string, corpus: Corpus, plan: Plan): Promise<number> {
  const events = plan.pacedRate * plan.stepSeconds;
  const bytes = Math.floor((corpus.byteCount / corpus.eventCount) * events * 0.95);
  const sending = { path: corpus.path, connections: 4, ownAddresses: false };
  const reader = buildReader(work);
  const floor = await measureFloor(reader, join(work, 'floor'), bytes, {
    ...{ ...sending, rate: plan.pacedRate, events },
  });
  return (floor.cpuSeconds / events) * 1e6;
}

/** A trickle over TCP for the cost, then the same rate over HTTP for the wait until durable. */
async function runPaced(
  target: Target,
  corpus: Corpus,
  plan: Plan,
  options: BenchOptions,
): Promise<Record<string, Measure>> {
  const seconds = options.small ? 2 : options.long ? 300 : 15;
  await sleep(options.small ? 100 : 2_000);
  const startedAt = monotonicSeconds();
  const cpuBefore = target.cpuSeconds;
  const perMillion = await runStep(target, corpus, 4, plan.pacedRate, seconds, options.say);
  const busy = (target.cpuSeconds - cpuBefore) / (monotonicSeconds() - startedAt);
  const { residentMiB } = target;
  const latency = await httpLatency(target, plan.pacedRate, seconds, options.seed);
  return {
    pacedCpuSecondsPerMillion: measure('cpu', 'CPU-s/M', perMillion),
    pacedMachinePercent: measure('other', '% of the machine', (busy / cpus().length) * 100),
    pacedResidentMiB: measure('other', 'MiB', residentMiB),
    pacedDurableP50Ms: measure('other', 'ms', latency.p50),
    pacedDurableP99Ms: measure('other', 'ms', latency.p99),
    pacedDurableMaxMs: measure('other', 'ms', latency.max),
  };
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

async function httpLatency(
  target: Target,
  rate: number,
  seconds: number,
  seed: number,
): Promise<Latency> {
  const { weir } = target;
  const loaded = await weir.command(
    ...['load', '--protocol', 'http', '--target', weir.httpUrl.slice('http://'.length)],
    ...['--rate', String(rate), '--duration', String(seconds), '--linger', '0'],
    ...['--connections', '4', '--seed', String(seed), '--json'],
  );
  if (loaded.code !== 0) throw new Error(`weir load ended with ${loaded.code}: ${loaded.stderr}`);
  return (JSON.parse(loaded.stdout) as { latencyMs: Latency }).latencyMs;
}

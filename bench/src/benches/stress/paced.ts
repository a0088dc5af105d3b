// The quiet case: a trickle into a fresh collector. What it costs, what memory it holds, and how
// long events wait until they are durable.
import { mkdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { latencyQuantile } from '@weir/pipeline';
import type { RunFigures } from '../../bench.js';
import type { Corpus } from '../../feed/corpus.js';
import type { Reader } from '../../feed/floor.js';
import { startTarget, type Target } from '../../feed/target.js';
import { checkStep, runFloor, runStep, type Step } from './steps.js';

const CONNECTIONS = 4;
/** Each waits for its answer before it sends again, so fewer cannot carry the rate. */
const HTTP_CONNECTIONS = 64;
const SYSLOG_TCP = 'syslog_tcp';

export interface PacedPlan {
  readonly rate: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly httpSeconds: number;
  readonly floorSeconds: number;
}

export interface PacedOptions {
  readonly work: string;
  readonly corpus: Corpus;
  readonly reader: Reader;
  readonly seed: number;
  readonly profileDirectory: string | null;
}

export async function runPaced(plan: PacedPlan, options: PacedOptions): Promise<RunFigures> {
  const { reader, corpus } = options;
  const work = join(options.work, 'paced');
  mkdirSync(work);
  const target = await startTarget(work, 'type = "blackhole"', options.profileDirectory);
  try {
    const overTcp = await runTcp(target, corpus, plan);
    const http = await httpLatency(target, plan, options.seed);
    const step = stepOf(plan, plan.floorSeconds);
    const floor = (await runFloor(reader, work, corpus, step)).perMillion;
    const perMillion = overTcp.pacedCpuSecondsPerMillion?.[2] ?? 0;
    return {
      ...overTcp,
      pacedFloorCpuSecondsPerMillion: ['other', 'CPU-s/M', floor],
      pacedRatioToFloorCpu: ['other', '', perMillion / floor],
      pacedHttpDurableP50Ms: ['other', 'ms', http.p50],
      pacedHttpDurableP99Ms: ['other', 'ms', http.p99],
      pacedHttpDurableMaxMs: ['other', 'ms', http.max],
    };
  } finally {
    await target.weir.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

const stepOf = (plan: PacedPlan, seconds: number): Step => ({
  protocol: 'tcp',
  sources: CONNECTIONS,
  rate: plan.rate,
  seconds,
});

async function runTcp(target: Target, corpus: Corpus, plan: PacedPlan): Promise<RunFigures> {
  if (plan.warmUpSeconds > 0) await runStep(target, corpus, stepOf(plan, plan.warmUpSeconds));
  const before = await target.latencyCounts(SYSLOG_TCP);
  const step = stepOf(plan, plan.seconds);
  const figures = await runStep(target, corpus, step);
  checkStep(step, figures);
  const { perMillion, cpuSeconds, seconds, reachedPerSecond } = figures;
  const after = await target.latencyCounts(SYSLOG_TCP);
  const { residentMiB, residentMiBMax } = target;
  const counts = after.map((count, i) => count - (before[i] ?? 0));
  const quantileMs = (share: number): number => (latencyQuantile(counts, share) ?? 0) * 1000;
  const batchCount = counts.reduce((sum, count) => sum + count, 0);
  return {
    pacedCpuSecondsPerMillion: ['cpu', 'CPU-s/M', perMillion],
    pacedMachinePercent: [
      'other',
      '% of the machine',
      (cpuSeconds / seconds / cpus().length) * 100,
    ],
    pacedReachedPerSecond: ['other', 'events/s', reachedPerSecond],
    pacedResidentMiB: ['other', 'MiB', residentMiB],
    pacedResidentMiBMax: ['other', 'MiB', residentMiBMax],
    pacedDurableP50Ms: ['other', 'ms', quantileMs(0.5)],
    pacedDurableP99Ms: ['other', 'ms', quantileMs(0.99)],
    pacedEventsPerBatch: ['other', 'events', (plan.rate * plan.seconds) / batchCount],
  };
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Of an event, from its intended send time to the answer that it is durable. A connection that is
 * free sends at once what is due; when none is free, events wait and share the next request.
 */
async function httpLatency(target: Target, plan: PacedPlan, seed: number): Promise<Latency> {
  const { weir } = target;
  const settings = {
    protocol: 'http',
    target: weir.httpUrl.slice('http://'.length),
    rate: plan.rate,
    duration: plan.httpSeconds,
    linger: 0,
    connections: HTTP_CONNECTIONS,
    seed,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const loaded = await weir.command('load', ...options, '--json');
  if (loaded.code !== 0) throw new Error(`weir load ended with ${loaded.code}: ${loaded.stderr}`);
  return (JSON.parse(loaded.stdout) as { latencyMs: Latency }).latencyMs;
}

// From the socket to the table: a real collector with its embedded store, loaded over TCP by
// `weir load` on the same machine. What is reported is what stood in the table, not what was sent.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSecondsOf, residentMiBOf, sleep, WeirProcess, waitFor } from '@weir/harness';
import type { Bench, BenchOptions, BenchResult } from '../bench.js';
import { monotonicSeconds } from '../clock.js';

const SECONDS_DEFAULT = 60;
const RATE_DEFAULT = 45_000;
const CONNECTIONS = 4;
const LONE_EVENTS = 5;
const DRAIN_SECONDS_MAX = 120;

export const endToEnd: Bench = {
  name: 'end_to_end',
  summary: 'TCP syslog through spool and workers into the embedded store, and a lone event',
  run,
};

interface Sample {
  readonly second: number;
  readonly stored: number;
  readonly residentMiB: number;
  readonly storeResidentMiB: number;
}

async function run(options: BenchOptions): Promise<BenchResult> {
  const seconds = options.seconds ?? (options.small ? 3 : SECONDS_DEFAULT);
  const rate = options.rate ?? (options.small ? 5_000 : RATE_DEFAULT);
  const work = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const weir = new WeirProcess(join(work, 'data'));
  await weir.start();
  try {
    const loneMs = await loneEventLatencies(weir, options.small ? 2 : LONE_EVENTS);
    options.say(`lone event in the table after ${loneMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    return await loaded(weir, { seconds, rate, seed: options.seed, loneMs, say: options.say });
  } finally {
    await weir.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Time from the HTTP acknowledgement's request to the first query that sees the row. */
async function loneEventLatencies(weir: WeirProcess, count: number): Promise<number[]> {
  const latencies: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAt = monotonicSeconds();
    await fetch(`${weir.httpUrl}/ingest`, { method: 'POST', body: `{"message":"lone ${i}"}` });
    const seen = async (): Promise<boolean> =>
      (await weir.sql(`SELECT count() FROM dev.events WHERE message = 'lone ${i}'`)) === '1';
    if (!(await waitFor(seen, 10_000, 10)))
      throw new Error(`lone event ${i} did not come within 10 s`);
    latencies.push((monotonicSeconds() - startedAt) * 1000);
    await sleep(300);
  }
  return latencies;
}

interface LoadedRun {
  readonly seconds: number;
  readonly rate: number;
  readonly seed: number;
  readonly loneMs: readonly number[];
  readonly say: (line: string) => void;
}

async function loaded(weir: WeirProcess, options: LoadedRun): Promise<BenchResult> {
  const { pid, storePid } = weir.runFile();
  const eventCount = options.rate * options.seconds;
  const storedBefore = Number(await weir.sql('SELECT count() FROM dev.events'));
  const cpuBefore = cpuSecondsOf(pid);
  const storeCpuBefore = cpuSecondsOf(storePid ?? 0);
  const startedAt = monotonicSeconds();
  const load = weir.command(
    ...[
      'load',
      '--target',
      weir.syslogAddress,
      '--protocol',
      'tcp',
      '--profile',
      'mixed',
      '--json',
    ],
    ...['--count', String(eventCount), '--rate', String(options.rate)],
    ...['--connections', String(CONNECTIONS), '--seed', String(options.seed)],
  );
  const samples: Sample[] = [];
  const allStored = async (): Promise<boolean> => {
    const stored = Number(await weir.sql('SELECT count() FROM dev.events')) - storedBefore;
    const second = monotonicSeconds() - startedAt;
    const sample = {
      second,
      stored,
      residentMiB: residentMiBOf(pid),
      storeResidentMiB: residentMiBOf(storePid ?? 0),
    };
    samples.push(sample);
    options.say(
      `${second.toFixed(0)} s: stored ${stored}, collector ${sample.residentMiB.toFixed(0)} MiB, ` +
        `store ${sample.storeResidentMiB.toFixed(0)} MiB`,
    );
    return stored >= eventCount;
  };
  const complete = await waitFor(allStored, (options.seconds + DRAIN_SECONDS_MAX) * 1000, 1000);
  const loadResult = await load;
  if (loadResult.code !== 0)
    throw new Error(`weir load ended with ${loadResult.code}: ${loadResult.stderr}`);
  if (!complete)
    throw new Error(`only ${samples.at(-1)?.stored} of ${eventCount} events were stored`);
  const verified = await weir.verify(30);
  const millions = eventCount / 1e6;
  const loadFigures = JSON.parse(loadResult.stdout) as { cpuSeconds?: number };
  const elapsed = samples.at(-1)?.second ?? 0;
  const half = samples.filter((sample) => sample.second >= options.seconds / 2);
  const figures = {
    events: eventCount,
    offeredPerSecond: options.rate,
    storedPerSecond: Math.round(eventCount / elapsed),
    storedWhileLoadedPerSecond: rateWithin(samples, options.seconds),
    collectorCpuSecondsPerMillion: (cpuSecondsOf(pid) - cpuBefore) / millions,
    storeCpuSecondsPerMillion: (cpuSecondsOf(storePid ?? 0) - storeCpuBefore) / millions,
    loadCpuSecondsPerMillion: (loadFigures.cpuSeconds ?? 0) / millions,
    collectorResidentMiBMax: Math.round(Math.max(...samples.map((sample) => sample.residentMiB))),
    collectorResidentMiBAtHalf: Math.round(half[0]?.residentMiB ?? 0),
    collectorResidentMiBAtEnd: Math.round(samples.at(-1)?.residentMiB ?? 0),
    storeResidentMiBMax: Math.round(Math.max(...samples.map((sample) => sample.storeResidentMiB))),
    loneEventMs: options.loneMs.map(Math.round),
    ledgerCloses: verified.code === 0,
  };
  const hash = await weir.sql(
    "SELECT hex(sipHash64(groupBitXor(sipHash64(extract(raw_data, 'seq=(\\\\d+)'))))) FROM dev.events " +
      "WHERE raw_data LIKE '%seq=%'",
  );
  return { figures, hash, lines: linesOf(figures) };
}

/** Stored per second over the time during which the load ran. */
function rateWithin(samples: readonly Sample[], seconds: number): number {
  const last = samples.filter((sample) => sample.second <= seconds + 1).at(-1);
  return last === undefined ? 0 : Math.round(last.stored / last.second);
}

function linesOf(figures: Record<string, unknown>): string[] {
  return Object.entries(figures).map(([name, value]) => {
    const text =
      typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value);
    return `${name.padEnd(32)} ${text}`;
  });
}

// From the socket to the table: a real collector with its embedded store, loaded over TCP with
// lines made beforehand. What is reported is what stood in the table, not what was sent.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSecondsOf, residentMiBOf, sleep, WeirProcess, waitFor } from '@weir/harness';
import { type Bench, type BenchOptions, type BenchResult, measure } from '../bench.js';
import { monotonicSeconds } from '../clock.js';
import { writeCorpus } from '../feed/corpus.js';
import { buildReader, measureFloor } from '../feed/floor.js';
import { prepareSender, type Sender } from '../feed/sender.js';
import { profileArguments } from '../profile.js';

const SECONDS_DEFAULT = 60;
const RATE_DEFAULT = 45_000;
const CONNECTIONS = 4;
const LONE_EVENTS = 5;
const DRAIN_SECONDS_MAX = 120;
const SETTLE_SECONDS_MAX = 600;
/** No merge for so long: they have settled. */
const QUIET_SECONDS = 5;
const CORPUS_EVENTS_MAX = 1_000_000;
const FLOOR_EVENTS_FULL = 1_000_000;
const FLOOR_EVENTS_SMALL = 20_000;

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
  const floorPerSecond = await floor(options, work);
  const nodeFlags = profileArguments(options.profileDirectory);
  const environment = { WEIR_STORE__PROFILE: options.storeProfile ?? 'full' };
  const weir = new WeirProcess(join(work, 'data'), environment, [], nodeFlags);
  await weir.start();
  try {
    const loneMs = await loneEventLatencies(weir, options.small ? 2 : LONE_EVENTS);
    options.say(`lone event in the table after ${loneMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    const { settle, say } = options;
    const sender = await senderOf(weir, options, work, rate, rate * seconds);
    return await loaded(weir, { seconds, rate, sender, loneMs, settle, say, floorPerSecond });
  } finally {
    await weir.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Lines are repeated beyond a million: what counts is their number. */
async function senderOf(
  weir: WeirProcess,
  { lines, seed }: BenchOptions,
  work: string,
  rate: number,
  events: number,
): Promise<Sender> {
  const count = Math.min(events, CORPUS_EVENTS_MAX);
  const { path } = writeCorpus(join(work, 'lines.log'), lines, count, seed);
  const [host = '', port] = weir.syslogAddress.split(':');
  const connections = CONNECTIONS;
  return prepareSender({
    ...{ path, host, port: Number(port), connections, ownAddresses: false, rate, events },
  });
}

/** Time from the HTTP acknowledgement's request to the first query that sees the row. */
async function loneEventLatencies(weir: WeirProcess, count: number): Promise<number[]> {
  const latencies: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAt = monotonicSeconds();
    const body = `{"message":"lone ${i}"}`;
    await fetch(`${weir.httpUrl}/ingest`, { method: 'POST', body });
    const seen = async (): Promise<boolean> =>
      (await weir.sql(`SELECT count() FROM dev.events WHERE raw_data = '${body}'`)) === '1';
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
  readonly sender: Sender;
  readonly loneMs: readonly number[];
  readonly settle: boolean;
  readonly floorPerSecond: number;
  readonly say: (line: string) => void;
}

async function loaded(weir: WeirProcess, options: LoadedRun): Promise<BenchResult> {
  const { pid, storePid } = weir.runFile();
  const eventCount = options.rate * options.seconds;
  const storedBefore = Number(await weir.sql('SELECT count() FROM dev.events'));
  const cpuBefore = cpuSecondsOf(pid);
  const storeCpuBefore = cpuSecondsOf(storePid ?? 0);
  const startedAt = monotonicSeconds();
  const sending = options.sender.go();
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
  const sent = await sending;
  if (!complete)
    throw new Error(`only ${samples.at(-1)?.stored} of ${eventCount} events were stored`);
  const verified = await weir.verify(30);
  const settledSeconds = options.settle ? await settle(weir, options.say) : null;
  const millions = eventCount / 1e6;
  const elapsed = samples.at(-1)?.second ?? 0;
  const half = samples.filter((sample) => sample.second >= options.seconds / 2);
  const whileLoaded = rateWithin(samples, options.seconds);
  const perMillion = (seconds: number): number => seconds / millions;
  const cpu = (after: number, before: number) => perMillion(after - before);
  const storeCpu = cpu(cpuSecondsOf(storePid ?? 0), storeCpuBefore);
  return {
    hash: await weir.sql(
      'SELECT hex(sipHash64(groupBitXor(hash))) FROM (SELECT DISTINCT sipHash64(' +
        "extract(raw_data, 'seq=(\\\\d+)')) AS hash FROM dev.events WHERE raw_data LIKE '%seq=%')",
    ),
    measures: {
      storedPerSecond: measure('throughput', 'events/s', eventCount / elapsed),
      storedWhileLoadedPerSecond: measure('throughput', 'events/s', whileLoaded),
      collectorCpuSecondsPerMillion: measure('cpu', 'CPU-s/M', cpu(cpuSecondsOf(pid), cpuBefore)),
      storeCpuSecondsPerMillion: measure('cpu', 'CPU-s/M', storeCpu),
      senderCpuSecondsPerMillion: measure('other', 'CPU-s/M', perMillion(sent.cpuSeconds)),
      senderLagMsMax: measure('other', 'ms', sent.lagMsMax),
      loneEventMs: measure('other', 'ms', ...options.loneMs),
      ratioToSyncedFloor: measure('other', '', whileLoaded / options.floorPerSecond),
    },
    facts: {
      events: eventCount,
      offeredPerSecond: options.rate,
      collectorResidentMiBMax: Math.round(Math.max(...samples.map((s) => s.residentMiB))),
      collectorResidentMiBAtHalf: Math.round(half[0]?.residentMiB ?? 0),
      collectorResidentMiBAtEnd: Math.round(samples.at(-1)?.residentMiB ?? 0),
      storeResidentMiBMax: Math.round(Math.max(...samples.map((s) => s.storeResidentMiB))),
      mergesSettledAfterSeconds: settledSeconds,
      ledgerCloses: verified.code === 0,
    },
  };
}

/**
 * Waits until no merge has run for a while; the store's CPU time then holds all that the rows cost.
 */
async function settle(weir: WeirProcess, say: (line: string) => void): Promise<number> {
  const startedAt = monotonicSeconds();
  let quietSince = startedAt;
  for (;;) {
    const now = monotonicSeconds();
    if ((await weir.sql('SELECT count() FROM system.merges')) !== '0') quietSince = now;
    if (now - quietSince >= QUIET_SECONDS) return Math.round(quietSince - startedAt);
    if (now - startedAt > SETTLE_SECONDS_MAX)
      throw new Error('merges did not settle in 10 minutes');
    if (Math.round(now - startedAt) % 10 === 0) say('waiting for merges to settle');
    await sleep(500);
  }
}

async function floor(options: BenchOptions, work: string): Promise<number> {
  const count = options.small ? FLOOR_EVENTS_SMALL : FLOOR_EVENTS_FULL;
  const { path, byteCount } = writeCorpus(join(work, 'floor.log'), 'mixed', count, options.seed);
  const plan = { path, connections: CONNECTIONS, ownAddresses: false, rate: 0, events: 0 };
  const figures = await measureFloor(buildReader(work), join(work, 'floor'), byteCount, plan);
  rmSync(path);
  return count / figures.seconds;
}

/** Stored per second over the time during which the load ran. */
function rateWithin(samples: readonly Sample[], seconds: number): number {
  const last = samples.filter((sample) => sample.second <= seconds + 1).at(-1);
  return last === undefined ? 0 : Math.round(last.stored / last.second);
}

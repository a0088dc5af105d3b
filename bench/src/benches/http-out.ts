// TCP, synced spool, parse, HTTP JSON sink: into a local receiver that checks that every number
// came.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep } from '@weir/harness';
import {
  type Bench,
  type BenchOptions,
  type BenchResult,
  type RunFigures,
  repeat,
} from '../bench.js';
import { monotonicSeconds } from '../clock.js';
import { type Corpus, writeCorpus } from '../feed/corpus.js';
import { buildReader, measureFloor, type Reader } from '../feed/floor.js';
import { prepareSender, watch } from '../feed/sender.js';
import { startTarget, type Target } from '../feed/target.js';

const EVENTS_FULL = 1_000_000;
const EVENTS_SMALL = 10_000;
const CONNECTIONS = 4;
const POLL_MS = 50;
const STALL_SECONDS = 60;
const RECEIVER = fileURLToPath(new URL('../feed/http-receiver-process.js', import.meta.url));

export const httpOut: Bench = {
  name: 'http_out',
  summary: 'TCP through synced spool and parsers to an HTTP JSON receiver that counts',
  run,
};

interface Received {
  readonly rows: number;
  readonly distinct: number;
  readonly bytes: number;
  readonly hash: string;
  readonly cpuSeconds: number;
}

/** `/reset` forgets what came, `/hash` tells the hash of the numbers that came. */
type Question = '/' | '/reset' | '/hash';

interface Receiver {
  readonly url: string;
  ask(path: Question): Promise<Received>;
  stop(): void;
}

async function run(options: BenchOptions): Promise<BenchResult> {
  const work = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const eventCount = options.small ? EVENTS_SMALL : EVENTS_FULL;
  const reader = buildReader(work);
  const corpora = (['mixed', 'peers'] as const).map((profile) => ({
    profile,
    corpus: writeCorpus(join(work, `${profile}.log`), profile, eventCount, options.seed),
  }));
  const receiver = await startReceiver(eventCount);
  const sink = `type = "http"\nurl = "${receiver.url}"`;
  const target = await startTarget(join(work, 'collector'), sink, options.profileDirectory);
  try {
    const measures = {};
    const hashes: string[] = [];
    for (const { profile, corpus } of corpora) {
      const once = () => sendOnce(profile, corpus, { target, receiver, reader, work, hashes });
      Object.assign(measures, await repeat(options, once));
    }
    const facts = {
      events: eventCount,
      connections: CONNECTIONS,
      residentMiBMax: Math.round(target.residentMiBMax),
      everyNumberCame: true,
      floorReader: reader.kind,
    };
    return { measures, facts, hash: hashes.at(-1) ?? '' };
  } finally {
    await target.weir.stop();
    receiver.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

interface Parts {
  readonly target: Target;
  readonly receiver: Receiver;
  readonly reader: Reader;
  readonly work: string;
  readonly hashes: string[];
}

async function sendOnce(name: string, corpus: Corpus, parts: Parts): Promise<RunFigures> {
  const { target, receiver, reader, work } = parts;
  const { eventCount, byteCount, path } = corpus;
  const plan = { path, connections: CONNECTIONS, ownAddresses: false, rate: 0, events: 0 };
  const floor = await measureFloor(reader, join(work, 'floor'), byteCount, plan);
  const sender = await prepareSender({ ...plan, ...target.syslog });
  const receiverCpuBefore = (await receiver.ask('/reset')).cpuSeconds;
  const cpuBefore = target.cpuSeconds;
  const startedAt = monotonicSeconds();
  const sending = sender.go();
  const { received, endedAt } = await untilAllCame(eventCount, parts);
  const sent = await sending;
  const cpuSeconds = target.cpuSeconds - cpuBefore;
  parts.hashes.push((await receiver.ask('/hash')).hash);
  const perSecond = eventCount / (endedAt - startedAt);
  const perMillion = (seconds: number): number => (seconds / eventCount) * 1e6;
  return {
    [`${name}EventsPerSecond`]: ['throughput', 'events/s', perSecond],
    [`${name}CpuSecondsPerMillion`]: ['cpu', 'CPU-s/M', perMillion(cpuSeconds)],
    [`${name}ReceiverCpuSecondsPerMillion`]: [
      ...(['other', 'CPU-s/M'] as const),
      perMillion(received.cpuSeconds - receiverCpuBefore),
    ],
    [`${name}SenderCpuSecondsPerMillion`]: ['other', 'CPU-s/M', perMillion(sent.cpuSeconds)],
    [`${name}BytesOutPerEvent`]: ['other', 'bytes', received.bytes / eventCount],
    [`${name}RatioToSyncedFloor`]: ['other', '', perSecond / (eventCount / floor.seconds)],
  };
}

/** Every number must come, and none may come twice while nothing fails. */
async function untilAllCame(
  eventCount: number,
  { receiver }: Parts,
): Promise<{ readonly received: Received; readonly endedAt: number }> {
  let last = -1;
  let movedAt = monotonicSeconds();
  for (;;) {
    await sleep(POLL_MS);
    const received = await receiver.ask('/');
    const endedAt = monotonicSeconds();
    if (received.rows > eventCount)
      throw new Error(`${received.rows} rows came, of ${eventCount} events`);
    if (received.distinct === eventCount) return { received, endedAt };
    if (received.rows !== last) {
      last = received.rows;
      movedAt = endedAt;
    }
    if (endedAt - movedAt > STALL_SECONDS)
      throw new Error(`only ${received.distinct} of ${eventCount} numbers came`);
  }
}

async function startReceiver(eventCount: number): Promise<Receiver> {
  const child = spawn(process.execPath, [RECEIVER, String(eventCount)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  await watch(child).until('\n');
  const url = `http://127.0.0.1:${/port (\d+)/.exec(text)?.[1]}`;
  return {
    url: `${url}/`,
    ask: async (path) => (await (await fetch(`${url}${path}`)).json()) as Received,
    stop: () => void child.kill(),
  };
}

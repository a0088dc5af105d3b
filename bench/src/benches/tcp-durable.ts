// Lines over four TCP connections into a real collector that throws rows away once they are
// durable. Beside it, fed by the same sender: a bare reader that discards, and one that writes and
// syncs.
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type BenchOptions, type BenchResult, type RunFigures, repeat } from '../bench.js';
import { monotonicSeconds } from '../clock.js';
import { type Corpus, writeCorpus } from '../feed/corpus.js';
import { buildReader, measureFloor, type Reader } from '../feed/floor.js';
import { prepareSender, watch } from '../feed/sender.js';
import { startTarget, type Target } from '../feed/target.js';

const EVENTS_FULL = 2_000_000;
const EVENTS_SMALL = 20_000;
const CONNECTIONS = 4;

/** Sends once; resolves when the kernel has taken everything, with the sender's CPU time. */
type Send = (target: Target) => Promise<() => Promise<{ readonly cpuSeconds: number }>>;

export async function tcpDurable(options: BenchOptions, work: string): Promise<BenchResult> {
  const eventCount = options.small ? EVENTS_SMALL : EVENTS_FULL;
  const reader = buildReader(work);
  const varied = writeCorpus(join(work, 'varied.log'), 'mixed', eventCount, options.seed);
  const peers = writeCorpus(join(work, 'peers.log'), 'peers', eventCount, options.seed);
  const foreign = options.peersDirectory === null ? null : buildLoadgen(options, work);
  const target = await startTarget(
    join(work, 'tcp'),
    'type = "blackhole"',
    options.profileDirectory,
  );
  try {
    const variedSend = (to: Target) => sendCorpus(varied, to);
    const peersSend = foreign ?? ((to: Target) => sendCorpus(peers, to));
    const variedRuns = await repeat(options, (run) =>
      once('tcpVaried', varied, variedSend, target, { run, reader, work }),
    );
    const peersRuns = await repeat(options, (run) =>
      once('tcpPeers', peers, peersSend, target, { run, reader, work }),
    );
    const { received, durable } = await target.counts();
    if (received !== durable) throw new Error(`received ${received}, but durable are ${durable}`);
    const facts = {
      tcpEvents: eventCount,
      tcpConnections: CONNECTIONS,
      tcpVariedBytesPerEvent: Math.round(varied.byteCount / eventCount),
      tcpPeersBytesPerEvent: Math.round(peers.byteCount / eventCount),
      tcpPeersGenerator: foreign === null ? 'profile peers' : 'loadgen.c',
      tcpResidentMiBMax: Math.round(target.residentMiBMax),
      tcpAllReceivedAreDurable: received === 2 * (options.runs + 1) * eventCount,
      floorReader: reader.kind,
    };
    const hash = `${varied.hash.slice(0, 16)}${peers.hash.slice(0, 16)}`;
    return { measures: { ...variedRuns, ...peersRuns }, facts, hash };
  } finally {
    await target.weir.stop();
  }
}

async function once(
  name: string,
  corpus: Corpus,
  send: Send,
  target: Target,
  { reader, work }: { readonly run: number; readonly reader: Reader; readonly work: string },
): Promise<RunFigures> {
  const { eventCount, byteCount, path } = corpus;
  const plan = { path, connections: CONNECTIONS, ownAddresses: false, rate: 0, events: 0 };
  const discarded = await measureFloor(reader, null, byteCount, plan);
  const synced = await measureFloor(reader, join(work, 'floor'), byteCount, plan);
  const before = (await target.counts()).durable;
  const go = await send(target);
  const cpuBefore = target.cpuSeconds;
  const startedAt = monotonicSeconds();
  const sent = await go();
  const endedAt = await target.reach('durable', before + eventCount);
  const cpuSeconds = target.cpuSeconds - cpuBefore;
  await target.reach('delivered', before + eventCount);
  const perSecond = eventCount / (endedAt - startedAt);
  const perMillion = (seconds: number): number => (seconds / eventCount) * 1e6;
  return {
    [`${name}EventsPerSecond`]: ['throughput', 'events/s', perSecond],
    [`${name}CpuSecondsPerMillion`]: ['cpu', 'CPU-s/M', perMillion(cpuSeconds)],
    [`${name}SenderCpuSecondsPerMillion`]: ['other', 'CPU-s/M', perMillion(sent.cpuSeconds)],
    [`${name}FloorDiscardEventsPerSecond`]: ['other', 'events/s', eventCount / discarded.seconds],
    [`${name}FloorSyncedEventsPerSecond`]: ['other', 'events/s', eventCount / synced.seconds],
    [`${name}FloorSyncedCpuSecondsPerMillion`]: ['other', 'CPU-s/M', perMillion(synced.cpuSeconds)],
    // The sender outruns the target when it is several times as fast into a reader that discards.
    [`${name}SenderToTargetRatio`]: ['other', '', eventCount / discarded.seconds / perSecond],
    [`${name}RatioToSyncedFloor`]: ['other', '', perSecond / (eventCount / synced.seconds)],
  };
}

const sendCorpus = async (corpus: Corpus, target: Target) => {
  const sender = await prepareSender({
    ...{ path: corpus.path, connections: CONNECTIONS, ownAddresses: false, rate: 0, events: 0 },
    ...target.syslog,
  });
  return () => sender.go();
};

/** The generator that other collectors were measured with. */
function buildLoadgen(options: BenchOptions, work: string): Send {
  const command = join(work, 'loadgen');
  const source = join(options.peersDirectory ?? '', 'loadgen', 'loadgen.c');
  execFileSync('cc', ['-O2', '-w', '-o', command, source]);
  const eventCount = options.small ? EVENTS_SMALL : EVENTS_FULL;
  return async (target) => async () => {
    const { host, port } = target.syslog;
    const counts = ['-n', String(eventCount), '-c', String(CONNECTIONS)];
    const child = spawn(command, ['-a', host, '-p', String(port), ...counts]);
    const printed = await watch(child).atEnd();
    return { cpuSeconds: (JSON.parse(printed) as { loadgen_cpu_s: number }).loadgen_cpu_s };
  };
}

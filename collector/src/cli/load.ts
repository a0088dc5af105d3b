// `weir load`: sends a seeded mix of device logs that carry sequence numbers, or a user's own lines.
import { WeirError } from '@weir/pipeline';
import { Command, InvalidArgumentError, Option } from 'commander';
import { wallClockMs } from '../load/clock.js';
import { newCounters } from '../load/counters.js';
import {
  createGenerator,
  type Framing,
  formatTarget,
  type Generator,
  type LoadPlan,
  type LoadSummary,
  openReplay,
  PROFILE_NAMES,
  PROTOCOLS,
  type ProfileName,
  type Protocol,
  parseTarget,
  runLoad,
  SEQUENCE_MAX,
} from '../load/index.js';
import { LoadError } from '../load/plan.js';
import { startProgress } from '../load/progress.js';
import { integer } from './integer.js';

const SEED_DEFAULT = 1;
const COUNT_DEFAULT = 100_000;
const LINGER_MS_DEFAULT = 100;
const FRAMINGS = ['newline', 'octet', 'nul'] as const;
const DEFAULT_TARGETS: Readonly<Record<Protocol, string>> = {
  tcp: '127.0.0.1:5514',
  udp: '127.0.0.1:5514',
  http: '127.0.0.1:8514',
};

interface LoadOptions {
  readonly profile?: ProfileName;
  readonly replay?: string;
  readonly stamp?: true;
  readonly count?: number;
  readonly duration?: number;
  readonly rate: number;
  readonly protocol: Protocol;
  readonly target?: string;
  readonly framing?: Exclude<Framing, 'none'>;
  readonly rfc?: '3164' | '5424';
  readonly connections: number;
  readonly linger?: number;
  readonly seed: number;
  readonly runId?: string;
  readonly start?: number;
  readonly timeout: number;
  readonly json?: true;
}

export function loadCommand(): Command {
  return new Command('load')
    .addOption(choice('--profile <name>', 'what to send (default mixed)', PROFILE_NAMES))
    .option('--replay <file>', 'send the lines of this file instead, again and again, unchanged')
    .option('--stamp', 'with --replay: append seq=0000000123 run=ID to each line')
    .option(
      '--count <n>',
      `events to send (default ${COUNT_DEFAULT}, with --duration no limit)`,
      integer(1, SEQUENCE_MAX + 1),
    )
    .option('--duration <seconds>', 'stop after this time', integer(1, 7 * 86_400))
    .option('--rate <n>', 'events per second; 0 is as fast as possible', integer(0, 1e7), 0)
    .addOption(choice('--protocol <name>', 'how to send', PROTOCOLS).default('tcp'))
    .option('--target <host:port>', 'default 127.0.0.1:5514, for http 127.0.0.1:8514')
    .addOption(choice('--framing <name>', 'tcp only (default newline)', FRAMINGS))
    .addOption(choice('--rfc <number>', 'tcp and udp only (default 3164)', ['3164', '5424']))
    .option('--connections <n>', 'connections or sockets', integer(1, 1_000), 1)
    .option(
      '--linger <ms>',
      'http with --rate: what comes due in this time goes in one request (default 100)',
      integer(0, 10_000),
    )
    .option(
      '--seed <n>',
      'the same seed makes the same events',
      integer(0, 2 ** 32 - 1),
      SEED_DEFAULT,
    )
    .option('--run-id <id>', 'stands in every event as run=ID (default: from time and process)')
    .option('--start <time>', 'time of the first event, ISO 8601 (default: now)', time)
    .option(
      '--timeout <seconds>',
      'give up when nothing moves for this long',
      integer(1, 86_400),
      30,
    )
    .option('--json', 'print the summary as one JSON object')
    .addHelpText(
      'after',
      '\nEvery event contains the text seq=0000000123 run=ID.' +
        '\nLatencies with --rate count from the time at which an event was due, so that a receiver that' +
        '\nstalls the sender cannot hide it: until the acknowledgement (http) or until the kernel took it.' +
        '\nHTTP requests carry an Idempotency-Key and are repeated until acknowledged. Plain TCP and' +
        '\nUDP have no acknowledgement: sent means taken by the kernel.' +
        '\nExit codes: 0 everything was sent, 1 not everything, 2 wrong usage.',
    )
    .action(async (options: LoadOptions) => {
      const failure = await load(options);
      if (failure !== null) process.exitCode = 1;
    });
}

async function load(options: LoadOptions): Promise<string | null> {
  const startMs = options.start ?? wallClockMs();
  const runId = options.runId ?? `${startMs.toString(36)}-${process.pid.toString(36)}`;
  const plan = planOf(options, startMs, runId);
  const counters = newCounters();
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const progress = startProgress({
    eventCount: plan.eventCount > SEQUENCE_MAX ? null : plan.eventCount,
    counters,
    stream: process.stderr,
    isPlain: (process.env.NO_COLOR ?? '') !== '',
  });
  let summary: LoadSummary;
  try {
    const notice = (text: string): void => progress.notice(text);
    const trouble = (reason: string | null): void => progress.trouble(reason);
    summary = await runLoad(plan, { signal: stopping.signal, counters, notice, trouble });
  } finally {
    progress.stop();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  const { seed } = options;
  const profile = options.replay === undefined ? (options.profile ?? 'mixed') : 'replay';
  const target = formatTarget(plan.target);
  if (options.json) {
    const facts = { runId, seed, profile, protocol: plan.protocol, target, count: plan.eventCount };
    process.stdout.write(`${JSON.stringify({ ...facts, ...summary })}\n`);
  } else {
    process.stdout.write(describe(summary, `${plan.protocol} ${target}`, runId));
  }
  if (summary.failure !== null) process.stderr.write(`weir load: ${summary.failure}\n`);
  return summary.failure;
}

/** Checks what concerns several options at once. */
function planOf(options: LoadOptions, startMs: number, runId: string): LoadPlan {
  const { protocol } = options;
  checkCombination(options);
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(runId))
    throw usage(`--run-id must be 1 to 32 letters, digits, - and _; got "${runId}"`);
  const targetText = options.target ?? DEFAULT_TARGETS[protocol];
  const target = parseTarget(targetText);
  if (target === null)
    throw usage(`--target must be HOST:PORT or [IPV6]:PORT; got "${targetText}"`);
  return {
    protocol,
    target,
    generator: generatorOf(options, startMs, runId),
    framing: options.framing ?? 'newline',
    eventCount: countOf(options),
    durationMs: options.duration === undefined ? null : options.duration * 1000,
    rate: options.rate,
    connectionCount: options.connections,
    lingerMs: options.linger ?? LINGER_MS_DEFAULT,
    timeoutMs: options.timeout * 1000,
    keyPrefix: `weir-load-${runId}/${startMs}`,
  };
}

/** A timed run with a rate has its count too: what is due in the time. */
function countOf({ count, duration, rate }: LoadOptions): number {
  if (duration === undefined) return count ?? COUNT_DEFAULT;
  const due = rate > 0 ? duration * rate : SEQUENCE_MAX + 1;
  return Math.min(count ?? SEQUENCE_MAX + 1, due);
}

function generatorOf(options: LoadOptions, startMs: number, runId: string): Generator {
  if (options.replay !== undefined) {
    try {
      return openReplay({ path: options.replay, stampRunId: options.stamp ? runId : null });
    } catch (error) {
      throw error instanceof LoadError ? usage(error.message) : error;
    }
  }
  return createGenerator({
    profile: options.profile ?? 'mixed',
    seed: options.seed,
    rfc: options.protocol === 'http' ? 'json' : (options.rfc ?? '3164'),
    startMs,
    runId,
    ...(options.rate > 0 ? { eventRate: options.rate } : {}),
  });
}

/** Options that mean nothing without, or beside, another. */
function checkCombination(options: LoadOptions): void {
  const { protocol, replay } = options;
  if (options.framing !== undefined && protocol !== 'tcp')
    throw usage(`--framing applies to tcp only, not to ${protocol}`);
  if (options.rfc !== undefined && protocol === 'http')
    throw usage('--rfc applies to tcp and udp only: http sends JSON');
  if (replay !== undefined && (options.profile !== undefined || options.rfc !== undefined))
    throw usage('--replay sends lines as they are: --profile and --rfc do not apply');
  if (options.stamp && replay === undefined) throw usage('--stamp needs --replay');
  if (options.stamp && protocol === 'http')
    throw usage('--stamp applies to tcp and udp only: it would break the JSON of an item');
  if (options.linger !== undefined && (protocol !== 'http' || options.rate === 0))
    throw usage('--linger needs --protocol http and --rate');
}

function describe(summary: LoadSummary, where: string, runId: string): string {
  const megabytes = (summary.bytes / 1e6).toFixed(1);
  const parts = [
    `${summary.events} events to ${where} in ${summary.seconds.toFixed(2)} s`,
    `${Math.round(summary.eventsPerSecond)} events/s`,
    `${megabytes} MB`,
    `${summary.reconnects} reconnects`,
    `${summary.retries} retries`,
    `${summary.cpuSeconds.toFixed(2)} CPU-s of its own`,
    `run=${runId}`,
  ];
  if (summary.lagMsMax > 0) parts.push(`at most ${Math.round(summary.lagMsMax)} ms late`);
  const { latencyMs } = summary;
  if (latencyMs !== null) {
    const figures = (['p50', 'p90', 'p99', 'max'] as const).map(
      (name) => `${name} ${latencyMs[name].toFixed(1)}`,
    );
    parts.push(`latency ${figures.join(' ')} ms`);
  }
  if (summary.maybeTwice + summary.maybeLost > 0)
    parts.push(`perhaps twice: ${summary.maybeTwice}, perhaps lost: ${summary.maybeLost}`);
  return `${parts.join(', ')}\n`;
}

const usage = (message: string): WeirError => new WeirError('WEIR_USAGE', message);

const choice = (flags: string, description: string, choices: readonly string[]): Option =>
  new Option(flags, description).choices([...choices]);

function time(text: string): number {
  const timeMs = Date.parse(text);
  if (Number.isNaN(timeMs) || timeMs < 0)
    throw new InvalidArgumentError('It must be a time such as 2026-11-21T13:00:00Z.');
  return timeMs;
}

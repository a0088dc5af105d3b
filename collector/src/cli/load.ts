// `weir load`: sends a seeded mix of device logs that carry sequence numbers.
import { WeirError } from '@weir/pipeline';
import { Command, InvalidArgumentError, Option } from 'commander';
import { wallClockMs } from '../load/clock.js';
import {
  createGenerator,
  formatTarget,
  type LoadPlan,
  type LoadSummary,
  PROFILE_NAMES,
  PROTOCOLS,
  type ProfileName,
  type Protocol,
  parseTarget,
  runLoad,
  SEQUENCE_MAX,
} from '../load/index.js';
import { newCounters } from '../load/plan.js';
import { startProgress } from '../load/progress.js';

const SEED_DEFAULT = 1;
const DEFAULT_TARGETS: Readonly<Record<Protocol, string>> = {
  tcp: '127.0.0.1:5514',
  udp: '127.0.0.1:5514',
  http: '127.0.0.1:8514',
};

interface LoadOptions {
  readonly profile: ProfileName;
  readonly count: number;
  readonly rate: number;
  readonly protocol: Protocol;
  readonly target?: string;
  readonly framing?: 'newline' | 'octet';
  readonly rfc?: '3164' | '5424';
  readonly connections: number;
  readonly seed: number;
  readonly runId?: string;
  readonly start?: number;
  readonly timeout: number;
  readonly json?: true;
}

export function loadCommand(): Command {
  return new Command('load')
    .description('Send a seeded mix of device logs with sequence numbers.')
    .addOption(choice('--profile <name>', 'what to send', PROFILE_NAMES).default('mixed'))
    .option('--count <n>', 'events to send', integer(1, SEQUENCE_MAX + 1), 100_000)
    .option('--rate <n>', 'events per second; 0 is as fast as possible', integer(0, 1e7), 0)
    .addOption(choice('--protocol <name>', 'how to send', PROTOCOLS).default('tcp'))
    .option('--target <host:port>', 'default 127.0.0.1:5514, for http 127.0.0.1:8514')
    .addOption(choice('--framing <name>', 'tcp only (default newline)', ['newline', 'octet']))
    .addOption(choice('--rfc <number>', 'tcp and udp only (default 3164)', ['3164', '5424']))
    .option('--connections <n>', 'connections or sockets', integer(1, 1_000), 1)
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
    eventCount: plan.eventCount,
    counters,
    stream: process.stderr,
    isPlain: (process.env.NO_COLOR ?? '') !== '',
  });
  let summary: LoadSummary;
  try {
    const notice = (text: string): void => progress.notice(text);
    summary = await runLoad(plan, { signal: stopping.signal, counters, notice });
  } finally {
    progress.stop();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  const { seed, profile } = options;
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
  if (options.framing !== undefined && protocol !== 'tcp')
    throw usage(`--framing applies to tcp only, not to ${protocol}`);
  if (options.rfc !== undefined && protocol === 'http')
    throw usage('--rfc applies to tcp and udp only: http sends JSON');
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(runId))
    throw usage(`--run-id must be 1 to 32 letters, digits, - and _; got "${runId}"`);
  const targetText = options.target ?? DEFAULT_TARGETS[protocol];
  const target = parseTarget(targetText);
  if (target === null)
    throw usage(`--target must be HOST:PORT or [IPV6]:PORT; got "${targetText}"`);
  const generator = createGenerator({
    profile: options.profile,
    seed: options.seed,
    rfc: protocol === 'http' ? 'json' : (options.rfc ?? '3164'),
    startMs,
    runId,
    ...(options.rate > 0 ? { eventRate: options.rate } : {}),
  });
  return {
    protocol,
    target,
    generator,
    framing: options.framing ?? 'newline',
    eventCount: options.count,
    rate: options.rate,
    connectionCount: options.connections,
    timeoutMs: options.timeout * 1000,
    keyPrefix: `weir-load-${runId}/${startMs}`,
  };
}

function describe(summary: LoadSummary, where: string, runId: string): string {
  const megabytes = (summary.bytes / 1e6).toFixed(1);
  const parts = [
    `${summary.events} events to ${where} in ${summary.seconds.toFixed(2)} s`,
    `${Math.round(summary.eventsPerSecond)} events/s`,
    `${megabytes} MB`,
    `${summary.reconnects} reconnects`,
    `${summary.retries} retries`,
    `${summary.cpuSeconds.toFixed(2)} CPU-s`,
    `run=${runId}`,
  ];
  if (summary.lagMsMax > 0) parts.push(`at most ${Math.round(summary.lagMsMax)} ms late`);
  if (summary.maybeTwice + summary.maybeLost > 0)
    parts.push(`perhaps twice: ${summary.maybeTwice}, perhaps lost: ${summary.maybeLost}`);
  return `${parts.join(', ')}\n`;
}

const usage = (message: string): WeirError => new WeirError('WEIR_USAGE', message);

const choice = (flags: string, description: string, choices: readonly string[]): Option =>
  new Option(flags, description).choices([...choices]);

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw new InvalidArgumentError(`It must be an integer from ${min} to ${max}.`);
    return value;
  };
}

function time(text: string): number {
  const timeMs = Date.parse(text);
  if (Number.isNaN(timeMs) || timeMs < 0)
    throw new InvalidArgumentError('It must be a time such as 2026-11-21T13:00:00Z.');
  return timeMs;
}

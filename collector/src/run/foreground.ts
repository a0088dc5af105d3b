// The collector in the foreground, as `weir run` has it. Prints where it listens, how to send an
// event and how to find it, then a status line each second. SIGINT or SIGTERM drains; a second one
// ends at once.
import { resolve } from 'node:path';
import { messageOf } from '@weir/pipeline';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import { chooseDestination } from '../config/destination.js';
import { graphOf } from '../config/graph.js';
import { type ConfigFlags, loadConfig } from '../config/load.js';
import { version } from '../version.js';
import { formatAddress, type RunningCollector, startCollector } from './collector.js';
import { LineOutput } from './line-output.js';
import { createLog } from './log.js';
import { collectStartGarbage } from './start-garbage.js';
import { formatStatus } from './status-line.js';

const STATUS_INTERVAL_MS = 1_000;
const REPEATED_SIGNAL_MS = 1_000;
/** Last lines get this long to be read. */
const FLUSH_MS = 1_000;

export interface RunOptions extends ConfigFlags {
  readonly quiet?: true;
}

export async function runInForeground(options: RunOptions): Promise<void> {
  const loaded = loadConfig(options, process.env);
  const { config } = loaded;
  const { log, flush } = createLog(config);
  const destination = chooseDestination(config, process.env);
  // Events have standard output for themselves where a sink writes there.
  const isStdoutTaken = Object.values(destination.sinks).some(({ type }) => type === 'stdout');
  const output = new LineOutput(isStdoutTaken ? process.stderr : process.stdout);
  const say = (line: string): void => output.line(line);
  const files = loaded.files.length === 0 ? 'default configuration' : loaded.files.join(', ');
  say(`weir ${version}, ${files}`);
  for (const warning of loaded.warnings) log.warn({ component: 'config' }, warning);
  const collector = await startCollector({
    config,
    destination,
    graph: graphOf(config, destination.sinks),
    baseUrl: loaded.baseUrl,
    pipelineModule: loaded.pipelineModule,
    log,
    sabotage: process.env.WEIR_SABOTAGE ?? null,
    say,
  }).catch((error: unknown) => {
    throw loaded.named(error);
  });
  collectStartGarbage();
  const dataFlag = config.data_dir === resolve('./var') ? '' : ` --data ${config.data_dir}`;
  for (const line of greeting(collector, destination.why, dataFlag)) say(line);
  const stopStatus = options.quiet ? () => {} : startStatusLines(collector, say);

  const signal = await nextEnd(collector);
  stopStatus();
  say(`${signal}: draining; what was accepted is kept, delivery gets 10 s`);
  endAtOnceOnNextSignal();
  const { pendingEventCount } = await collector.drain();
  say(
    pendingEventCount === 0
      ? 'drained: everything accepted is delivered'
      : `drained: ${pendingEventCount} events stay in the spool and are delivered after the next start`,
  );
  await Promise.all([output.flush(FLUSH_MS), flush(FLUSH_MS)]);
  // The engine's client and the worker pool may hold handles; nothing is left to do.
  process.exit(collector.failure === null ? 0 : 1);
}

/**
 * A second signal ends at once: everything acknowledged is on disk already. Not within the first
 * second, since a terminal and npm both pass the same Ctrl-C on.
 */
function endAtOnceOnNextSignal(): void {
  const sinceMs = nodeClock.monotonicMs();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (nodeClock.monotonicMs() - sinceMs > REPEATED_SIGNAL_MS) process.exit(1);
    });
  }
}

/** Resolves with the reason to end: a signal, or a failure that leaves nothing to do. */
function nextEnd(collector: RunningCollector): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(name));
    void collector.failed.then((error) => resolve(`failed: ${messageOf(error)}`));
  });
}

function greeting(collector: RunningCollector, why: string, dataFlag: string): string[] {
  const { listeners, sinks, eventsTable } = collector;
  const shown = listeners.map(({ name, address }) => `${name} ${formatAddress(address)}`);
  const lines = [
    `to         ${why}`,
    ...sinks.map(
      ({ id, description, isRequired }) =>
        `sink       ${id}: ${description}${isRequired ? '' : ' (optional)'}`,
    ),
    `listening  ${shown.join(', ')}`,
  ];
  const tcp = listeners.find(({ address }) => address.protocol === 'tcp')?.address;
  if (tcp !== undefined) {
    const { host, port } = reachable(tcp);
    lines.push(`send one   logger --server ${host} --port ${port} --tcp --rfc5424 "hello weir"`);
  }
  const http = listeners.find(({ address }) => address.protocol === 'http')?.address;
  if (http !== undefined) {
    lines.push(
      `send one   curl -sS http://${formatAddress(reachable(http))}/ingest -d '{"message":"hello weir"}'`,
    );
  }
  if (eventsTable === null) return lines;
  lines.push(
    `find it    npx weir query "SELECT time, source, raw_data FROM ${eventsTable} ` +
      `WHERE raw_data LIKE '%hello%'"${dataFlag}`,
  );
  return lines;
}

/** Who listens on all addresses is reached on loopback from this machine. */
function reachable({ host, port }: { host: string; port: number }): { host: string; port: number } {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  return { host: host === '::' ? '::1' : host, port };
}

function startStatusLines(collector: RunningCollector, say: (line: string) => void): () => void {
  const stop = new AbortController();
  void (async () => {
    let previous = collector.sample(nodeClock.monotonicMs());
    for (;;) {
      await nodeTimers.sleep(STATUS_INTERVAL_MS, stop.signal);
      if (stop.signal.aborted) return;
      const now = collector.sample(nodeClock.monotonicMs());
      say(formatStatus(previous, now));
      previous = now;
    }
  })();
  return () => stop.abort();
}

// `weir loader` in the foreground: messages of the topic into ClickHouse, as a member of the
// consumer group. SIGINT or SIGTERM finishes what is under way and gives the partitions away.
import { hostname } from 'node:os';
import { messageOf, WeirError } from '@weir/pipeline';
import { nodeClock, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { applyMigrations, createStore, type Store } from '@weir/sinks/clickhouse';
import { KafkaLoader, type LoaderSabotage } from '@weir/sinks/kafka';
import type { Logger } from 'pino';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { LineOutput } from '../run/line-output.js';
import { createLog } from '../run/log.js';
import { kafkaConnectionOf } from '../run/sinks/kafka-writer.js';
import { version } from '../version.js';
import { serveLoaderHttp } from './http.js';
import { loaderMetrics } from './metrics.js';

/** CLK-01. */
const STORE_URL_DEFAULT = 'http://localhost:8123';
const STATUS_INTERVAL_MS = 1_000;
const MIGRATION_RETRY_MS = 2_000;
const FLUSH_MS = 1_000;

export interface LoaderCommandOptions {
  readonly config?: string;
  readonly http?: string;
  readonly quiet?: true;
}

export async function runLoader(options: LoaderCommandOptions): Promise<void> {
  const { config } = loadConfig({ config: options.config }, process.env);
  if (config.kafka.brokers === '')
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      'the loader needs brokers: set KAFKA_BROKERS, or brokers in [kafka]',
    );
  const { log, flush } = createLog(config);
  const output = new LineOutput(process.stdout);
  const say = (line: string): void => output.line(line);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

  const url = config.store.url === '' ? STORE_URL_DEFAULT : config.store.url;
  const store = createStore({ url, compress: true });
  const { topic, group_id: group } = config.kafka;
  say(`weir ${version} loader`);
  say(`from       ${topic} at ${config.kafka.brokers}, group ${group}`);
  say(`to         ${config.store.events_table} at ${withoutPassword(url)}`);
  await migrate(store, config, log, stop.signal);
  const loader = createLoader(config, store, log);
  const metrics = loaderMetrics(loader);
  const http =
    options.http === undefined ? null : await serveLoaderHttp(options.http, loader, metrics);
  if (http !== null) say(`listening  ${http.url} (/healthz, /readyz, /metrics)`);
  const stopStatus = options.quiet ? () => undefined : startStatusLines(loader, say);
  try {
    await loader.run(stop.signal);
  } finally {
    stopStatus();
    await http?.close();
    await store.close();
  }
  say('stopped: positions are committed, what was not stored stays in the topic');
  await Promise.all([output.flush(FLUSH_MS), flush(FLUSH_MS)]);
  // The client may keep threads; nothing is left to do.
  process.exit(0);
}

function createLoader(config: Config, store: Store, log: Logger): KafkaLoader {
  const { kafka } = config;
  const sabotage = process.env.WEIR_SABOTAGE;
  const loaderLog = log.child({ component: 'loader' });
  return new KafkaLoader({
    connection: kafkaConnectionOf(config),
    topic: kafka.topic,
    group: kafka.group_id,
    groupProtocol: kafka.group_protocol,
    sessionTimeoutMs: kafka.session_timeout_ms,
    memoryBytesMax: kafka.memory_max_bytes,
    clientId: `weir-loader-${hostname()}-${process.pid}`,
    ...{ store, eventsTable: config.store.events_table, profile: config.store.profile },
    limits: { rowsMax: config.store.max_rows, lingerMs: config.store.linger_ms },
    ...{ clock: nodeClock, timers: nodeTimers, random: nodeRandom },
    log: (line) => loaderLog.info(line),
    ...(sabotage === undefined ? {} : { sabotage: sabotage as LoaderSabotage }),
  });
}

/** A server that is away may come: the topic keeps everything until then. */
async function migrate(
  store: Store,
  config: Config,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { events_table: eventsTable, ttl_days: retentionDays, profile } = config.store;
  let told = '';
  while (!signal.aborted) {
    try {
      await applyMigrations(store, { eventsTable, retentionDays, profile });
      return;
    } catch (error) {
      const isAway = error instanceof WeirError && error.code === 'WEIR_STORE_UNREACHABLE';
      if (!isAway) throw error;
      const message = messageOf(error);
      if (message !== told) log.warn({ component: 'loader' }, `${message}; the topic keeps events`);
      told = message;
      await nodeTimers.sleep(MIGRATION_RETRY_MS, signal).catch(() => undefined);
    }
  }
}

function startStatusLines(loader: KafkaLoader, say: (line: string) => void): () => void {
  let before = 0;
  const timer = setInterval(() => {
    const { partitions, totals, deadLetterMessages } = loader.stats();
    const { storedEvents, quarantinedEvents } = totals;
    const lag = partitions.reduce((sum, one) => sum + one.lag, 0);
    const trouble = partitions.find((one) => (one.loader?.lastError ?? null) !== null);
    const rate = Math.round(((storedEvents - before) * 1000) / STATUS_INTERVAL_MS);
    before = storedEvents;
    say(
      `${rate} events/s  stored ${storedEvents}  quarantined ${quarantinedEvents}  ` +
        `partitions ${partitions.length}  lag ${lag} messages  dead letters ${deadLetterMessages}` +
        (trouble === undefined ? '' : `  ${trouble.loader?.lastError}`),
    );
  }, STATUS_INTERVAL_MS);
  return () => clearInterval(timer);
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  if (url.password !== '') url.password = '***';
  return String(url);
}

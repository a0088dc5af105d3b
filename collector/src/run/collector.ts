// The running collector: everything of one process, started in the direction of the data's end,
// stopped in the direction of its way.
import { join } from 'node:path';
import {
  createSequencer,
  type EncodedBatch,
  LIMITS,
  Metrics,
  messageOf,
  OrderedProcessor,
  type ProcessTask,
  WeirError,
  type Workers,
} from '@weir/pipeline';
import {
  nodeClock,
  nodeFiles,
  nodeNetwork,
  nodeRandom,
  nodeTimers,
  nodeWorkers,
  processStart,
} from '@weir/pipeline/node';
import { applyMigrations, Loader } from '@weir/sinks/clickhouse';
import { openSpool, type Sabotage, type Spool } from '@weir/spool';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.js';
import { version } from '../version.js';
import { Closers, endsWithin } from './closers.js';
import {
  type DataDirectory,
  makeDirectories,
  openDataDirectory,
  writeRunFile,
} from './data-directory.js';
import { type Destination, openDestination } from './destination.js';
import { GapWatch } from './gap-watch.js';
import { LoaderMetrics, registerGauges } from './gauges.js';
import { type Readiness, registerHealthRoutes } from './health-routes.js';
import { Listeners, type StartedListener } from './listeners.js';
import type { StatusSample } from './status-line.js';
import type { Totals } from './totals.js';

const CONSUMER = 'clickhouse';
const WORKER_HEAP_MIB_MAX = 256;
const MIGRATION_RETRY_MS = 2_000;
const SOURCES_STOP_MS = 10_000;
const LOADER_STOP_MS = 5_000;
/** The embedded store takes up to 20 s to end a statement that runs. */
const CLOSE_MS = 25_000;

export interface RunningCollector {
  readonly listeners: readonly StartedListener[];
  readonly storeDescription: string;
  readonly eventsTable: string;
  sample(monotonicMs: number): StatusSample;
  /** Stops accepting, makes all durable, waits up to 10 s for delivery, closes. */
  drain(): Promise<{ readonly pendingEventCount: number }>;
  /** Resolves when something broke that leaves the collector unable to go on. */
  readonly failed: Promise<Error>;
  readonly failure: Error | null;
}

/**
 * Rejects with a WeirError that says in one sentence why it cannot start; then nothing is left
 * running.
 * `sabotage` plants a fault for proofs. `say` gets progress for people.
 */
export async function startCollector(
  config: Config,
  log: Logger,
  sabotage: string | null,
  say: (line: string) => void,
): Promise<RunningCollector> {
  const closers = new Closers(nodeTimers);
  try {
    return await new Collector(config, log, sabotage as Sabotage | null, closers).start(say);
  } catch (error) {
    await closers.closeAll(CLOSE_MS, (sentence) => log.warn(sentence));
    throw error;
  }
}

class Collector implements RunningCollector {
  listeners: readonly StartedListener[] = [];
  failure: Error | null = null;
  readonly failed: Promise<Error>;
  readonly #config: Config;
  readonly #log: Logger;
  readonly #sabotage: Sabotage | null;
  readonly #closers: Closers;
  readonly #metrics = new Metrics();
  readonly #totals: Totals = { receivedEvents: 0, refusedEvents: 0 };
  readonly #stopLoader = new AbortController();
  #fail: (error: Error) => void = () => {};
  #isDraining = false;
  #isMigrated = false;
  /** Why the tables are not ready yet, null when they are or nothing was tried. */
  #migrationError: string | null = null;
  #loaderMetrics!: LoaderMetrics;
  #directory!: DataDirectory;
  #spool!: Spool;
  #consumer!: GapWatch;
  #destination!: Destination;
  #loader!: Loader;
  #loading: Promise<void> = Promise.resolve();
  #sources!: Listeners;

  constructor(config: Config, log: Logger, sabotage: Sabotage | null, closers: Closers) {
    this.#config = config;
    this.#log = log;
    this.#sabotage = sabotage;
    this.#closers = closers;
    this.failed = new Promise((resolve) => {
      this.#fail = (error) => {
        this.failure ??= error;
        resolve(error);
      };
    });
  }

  get storeDescription(): string {
    return this.#destination.description;
  }
  get eventsTable(): string {
    return this.#config.store.events_table;
  }

  async start(say: (line: string) => void): Promise<RunningCollector> {
    this.#directory = openDataDirectory(this.#config.data_dir);
    this.#closers.add('data directory', () => this.#directory.release());
    await this.#openSpool();
    say('starting the store');
    this.#destination = await openDestination(this.#config, this.#log, () => this.#writeRunFile());
    this.#closers.add('store', () => this.#destination.stop());
    // The embedded store is there; a server may be slow or away, and events are spooled meanwhile.
    if (this.#destination.storePid !== null) await this.#migrate();
    this.#createLoader();
    this.#sources = new Listeners(this.#config, {
      node: this.#spool.nodeId,
      sequencer: createSequencer({ epoch: this.#spool.epoch }),
      buffer: this.#spool,
      clock: nodeClock,
      timers: nodeTimers,
      network: nodeNetwork,
      metrics: this.#metrics,
      totals: this.#totals,
      recoveredRequestParts: this.#spool.recoveredRequestParts,
      registerRoutes: (app) => this.#registerRoutes(app),
      onError: (error) =>
        this.#log.error({ component: 'http', error: error.stack }, 'a request failed'),
    });
    this.listeners = await this.#sources.start();
    this.#loading = this.#load();
    this.#writeRunFile();
    return this;
  }

  #registerRoutes(app: FastifyInstance): void {
    registerHealthRoutes(app, {
      readiness: () => this.#readiness(),
      metricsText: () => {
        this.#loaderMetrics.update();
        return this.#metrics.text();
      },
    });
  }

  async #openSpool(): Promise<void> {
    const { spool } = this.#config;
    this.#spool = await openSpool({
      directory: join(this.#config.data_dir, 'spool'),
      files: nodeFiles(),
      clock: nodeClock,
      timers: nodeTimers,
      random: nodeRandom,
      consumers: [CONSUMER],
      segmentBytes: spool.segment_bytes,
      bytesMax: spool.max_bytes,
      commitIntervalMs: spool.commit_interval_ms,
      zstdLevel: spool.zstd_level,
      sabotage: this.#sabotage,
    });
    this.#closers.add('spool', () => this.#spool.close());
    this.#logRecovery();
    void this.#spool.failed.then((error) => this.#fail(error));
    this.#consumer = new GapWatch(this.#spool.consumer(CONSUMER));
  }

  /** An ordinary start is no news; what a crash or a bad disk left behind is. */
  #logRecovery(): void {
    const { report } = this.#spool;
    const { tornBytes, damage, lost, missingSegmentIds, damagedConsumers } = report;
    const isNews =
      tornBytes > 0 ||
      damage.length + lost.length + missingSegmentIds.length > 0 ||
      damagedConsumers.length > 0 ||
      report.isCheckpointRebuilt ||
      report.isEpochsDamaged;
    const line = { component: 'spool', recovery: report };
    if (isNews) this.#log.warn(line, 'the spool was not closed in order, and was recovered');
    else this.#log.debug(line, 'spool opened');
  }

  #createLoader(): void {
    const { store, workers: pool, data_dir: dataDirectory } = this.#config;
    const workers: Workers<ProcessTask, EncodedBatch> = nodeWorkers({
      entry: new URL('./worker.js', import.meta.url),
      workerCount: pool.count,
      queueTaskCountMax: LIMITS.poolBatchesInFlightMax,
      heapMiBMax: WORKER_HEAP_MIB_MAX,
    });
    this.#closers.add('worker pool', () => workers.close());
    const intentDirectory = join(dataDirectory, 'loader');
    makeDirectories(intentDirectory);
    this.#loader = new Loader({
      consumer: this.#consumer,
      processor: this.#createProcessor(workers),
      store: this.#destination.store,
      fence: this.#destination.fence,
      files: nodeFiles(),
      clock: nodeClock,
      timers: nodeTimers,
      random: nodeRandom,
      intentDirectory,
      // A fence on a shared server must end the statements of this collector only.
      loaderName: this.#spool.nodeId,
      eventsTable: store.events_table,
      limits: { rowsMax: store.max_rows, lingerMs: store.linger_ms },
      log: (line) => this.#log.info({ component: 'loader' }, line),
    });
    this.#loaderMetrics = new LoaderMetrics(this.#metrics, this.#loader);
    registerGauges(this.#metrics, this.#spool, this.#consumer, this.#loader);
  }

  #createProcessor(workers: Workers<ProcessTask, EncodedBatch>): OrderedProcessor {
    const metrics = this.#metrics.component('parsers', 'transform', 'parse');
    return new OrderedProcessor({
      sink: CONSUMER,
      workers,
      clock: nodeClock,
      onProcessed: (seconds) => metrics.latency(seconds),
      onFailure: (failure, { stream, seqFirst, eventCount }) => {
        metrics.error('worker_failed', 'processing');
        const where = { component: 'parsers', stream, seqFirst, eventCount };
        this.#log.error({ ...where, ...failure }, failure.message);
      },
    });
  }

  /** Runs until the drain. An unreachable server is no failure: the spool keeps what comes. */
  async #load(): Promise<void> {
    const { signal } = this.#stopLoader;
    try {
      while (!signal.aborted && !this.#isMigrated) {
        if (!(await this.#tryToMigrate())) await nodeTimers.sleep(MIGRATION_RETRY_MS, signal);
      }
      if (!signal.aborted) await this.#loader.run(signal);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  async #migrate(): Promise<void> {
    const { events_table: eventsTable, ttl_days: retentionDays } = this.#config.store;
    const applied = await applyMigrations(this.#destination.store, { eventsTable, retentionDays });
    if (applied.length > 0) this.#log.debug({ component: 'store', applied }, 'migrations applied');
    this.#isMigrated = true;
    this.#migrationError = null;
  }

  /** A server that is away, busy or lacks a grant may be mended while events are spooled. */
  async #tryToMigrate(): Promise<boolean> {
    try {
      await this.#migrate();
      return true;
    } catch (error) {
      if (error instanceof WeirError && error.code === 'WEIR_MIGRATION_CHANGED') throw error;
      const message = messageOf(error);
      if (this.#migrationError !== message) {
        this.#log.warn({ component: 'store' }, `${message}; events are kept in the spool`);
      }
      this.#migrationError = message;
      return false;
    }
  }

  sample(monotonicMs: number): StatusSample {
    const loader = this.#loader.stats();
    return {
      monotonicMs,
      ...this.#totals,
      storedEvents: loader.storedEvents,
      quarantinedEvents: loader.quarantinedEvents,
      spoolPendingEvents: this.#consumer.pendingEventCount,
      spoolBytes: this.#spool.stats().bytesUsed,
      missingEvents: this.#consumer.missingEvents,
      storeState: this.#storeState(),
    };
  }

  #storeState(): string {
    return this.#migrationError === null ? this.#loader.stats().state : 'unreachable';
  }

  #readiness(): Readiness {
    const { bytesUsed, bytesMax } = this.#spool.stats();
    const { state, lastError, lagMs, lastIntentId } = this.#loader.stats();
    const reason = this.#isDraining
      ? 'draining'
      : this.failure !== null
        ? this.failure.message
        : this.#spool.isFull
          ? 'the spool is full'
          : '';
    return {
      ready: reason === '',
      reason,
      spool: {
        bytesUsed,
        bytesMax,
        pendingEventCount: this.#consumer.pendingEventCount,
        missingEventCount: this.#consumer.missingEvents,
      },
      store: {
        state: this.#migrationError === null ? state : 'unreachable',
        error: this.#migrationError ?? lastError,
        lagMs: Math.round(lagMs),
        lastIntentId,
      },
    };
  }

  #writeRunFile(): void {
    if (this.listeners.length === 0) return;
    writeRunFile(this.#directory.path, {
      pid: process.pid,
      pidIdentity: processStart(process.pid) ?? '',
      version,
      startedAt: new Date(Number(nodeClock.nowNs() / 1_000_000n)).toISOString(),
      storeUrl: this.#destination.url,
      storePid: this.#destination.storePid,
      eventsTable: this.#config.store.events_table,
      listeners: Object.fromEntries(
        this.listeners.map(({ name, address }) => [name, formatAddress(address)]),
      ),
    });
  }

  /**
   * What was accepted is made durable first, even when the spool is full; then delivery gets its
   * time. Every step is bounded: whatever hangs, the process ends, and the next start goes on.
   */
  async drain(): Promise<{ readonly pendingEventCount: number }> {
    this.#isDraining = true;
    const warn = (sentence: string): void => this.#log.warn({ component: 'drain' }, sentence);
    this.#spool.startDrain();
    const isStopped = await endsWithin(this.#sources.stop(), SOURCES_STOP_MS, nodeTimers, warn);
    if (!isStopped) {
      warn(`${this.#sources.pendingBytes} bytes that no sender was told of could not be written`);
    }
    if (this.#isMigrated && this.failure === null) await this.#loader.drain(LIMITS.drainDeliveryMs);
    const { pendingEventCount } = this.#consumer;
    this.#stopLoader.abort();
    await endsWithin(this.#loading, LOADER_STOP_MS, nodeTimers, warn);
    await this.#closers.closeAll(CLOSE_MS, warn);
    return { pendingEventCount };
  }
}

/** `HOST:PORT`, with brackets around an IPv6 address. */
export function formatAddress(address: { readonly host: string; readonly port: number }): string {
  const { host, port } = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

// The running collector: everything of one process, started in the direction of the data's end,
// stopped in the direction of its way.
import { join } from 'node:path';
import {
  BufferPool,
  compileCondition,
  createSequencer,
  type EncodedBatch,
  type GraphDocument,
  isNoSpace,
  LIMITS,
  Metrics,
  messageOf,
  type ProcessTask,
  WeirError,
  type WorkerSetup,
  type Workers,
} from '@weir/pipeline';
import {
  nodeClock,
  nodeFiles,
  nodeNetwork,
  nodeRandom,
  nodeTimers,
  processStart,
} from '@weir/pipeline/node';
import { type EvidenceOptions, openSpool, type Sabotage, type Spool } from '@weir/spool';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { ChosenDestination } from '../config/destination.js';
import { splitHostPort } from '../config/host-port.js';
import type { Config } from '../config/schema.js';
import { KEYS_FOLDER } from '../verify/sink-record.js';
import { version } from '../version.js';
import { Announcement } from './announcement.js';
import { Closers, endsWithin } from './closers.js';
import { BufferAccounts } from './conservation/buffer-accounts.js';
import { Conservation } from './conservation/conservation.js';
import { type DataDirectory, writeRunFile } from './data-directory.js';
import { DirectoryLease, freeSpaceOf } from './directory-lease.js';
import { registerEvidenceMetrics } from './gauges.js';
import { type Readiness, registerHealthRoutes } from './health-routes.js';
import { Insight } from './insight.js';
import { Listeners, type StartedListener } from './listeners.js';
import { setupOf, startPool } from './pool.js';
import type { ManagedSink } from './sinks/managed-sink.js';
import { clickhouseOf, openSinks } from './sinks/open-sinks.js';
import type { StatusSample } from './status-line.js';
import { TableFiles } from './tables/table-files.js';
import { registerTableMetrics } from './tables/table-metrics.js';
import type { Totals } from './totals.js';
import { whenThereIsSpace } from './wait-for-space.js';
import { type CheckedModules, checkModules } from './worker/modules.js';

const SOURCES_STOP_MS = 10_000;
const SINKS_STOP_MS = 5_000;
const CONSERVATION_CHECK_MS = 1_000;
/** The embedded store takes up to 20 s to end a statement that runs. */
const CLOSE_MS = 25_000;

export interface CollectorOptions {
  readonly config: Config;
  readonly destination: ChosenDestination;
  readonly graph: GraphDocument;
  /** Directory URL of the configuration: relative module names start there. */
  readonly baseUrl: string;
  /** URL of a pipeline in code, null for a configuration file. */
  readonly pipelineModule: string | null;
  readonly log: Logger;
  /** Plants a fault for proofs. */
  readonly sabotage: string | null;
  /** Gets progress for people. */
  readonly say: (line: string) => void;
}

export interface RunningCollector {
  readonly listeners: readonly StartedListener[];
  readonly sinks: readonly ManagedSink[];
  /** Null where no sink is ClickHouse. */
  readonly eventsTable: string | null;
  sample(monotonicMs: number): StatusSample;
  /** Stops accepting, makes all durable, waits up to 10 s for delivery, closes. */
  drain(): Promise<{ readonly pendingEventCount: number }>;
  /** Resolves when something broke that leaves the collector unable to go on. */
  readonly failed: Promise<Error>;
  readonly failure: Error | null;
}

/**
 * Rejects with a WeirError that says in one sentence why it cannot start; then nothing is left
 * running. For want of space on the disk it waits.
 */
export function startCollector(options: CollectorOptions): Promise<RunningCollector> {
  const addresses = Object.values(options.config.sources).flatMap((source) =>
    source.type === 'http' ? [splitHostPort(source.listen)] : [],
  );
  const waiting = {
    addresses,
    sleep: (ms: number) => nodeTimers.sleep(ms),
    freeSpace: () => freeSpaceOf(options.config.data_dir),
    say: (sentence: string) => options.log.error({ component: 'start' }, sentence),
  };
  const lease = new DirectoryLease(options.config.data_dir);
  return whenThereIsSpace(waiting, () => startOnce(options, lease));
}

async function startOnce(
  options: CollectorOptions,
  lease: DirectoryLease,
): Promise<RunningCollector> {
  const closers = new Closers(nodeTimers);
  try {
    return await new Collector(options, closers, lease).start();
  } catch (error) {
    lease.isKept = isNoSpace(error);
    await closers.closeAll(CLOSE_MS, (sentence) => options.log.warn(sentence));
    throw error;
  }
}

class Collector implements RunningCollector {
  listeners: readonly StartedListener[] = [];
  sinks: readonly ManagedSink[] = [];
  failure: Error | null = null;
  readonly failed: Promise<Error>;
  readonly #options: CollectorOptions;
  readonly #config: Config;
  readonly #log: Logger;
  readonly #closers: Closers;
  readonly #lease: DirectoryLease;
  readonly #metrics = new Metrics();
  readonly #totals: Totals = { receivedEvents: 0, refusedEvents: 0 };
  readonly #batchMemory = new BufferPool(LIMITS.batchMemoryFreeBytesMax);
  readonly #stopSinks = new AbortController();
  #fail: (error: Error) => void = () => {};
  #isDraining = false;
  #directory!: DataDirectory;
  #spool!: Spool;
  #buffer!: BufferAccounts;
  #conservation!: Conservation;
  #insight!: Insight;
  #controlSocket = '';
  /** Null until the listeners are there. */
  #announcement: Announcement | null = null;
  #delivering: Promise<void> = Promise.resolve();
  #sources!: Listeners;

  constructor(options: CollectorOptions, closers: Closers, lease: DirectoryLease) {
    this.#options = options;
    this.#config = options.config;
    this.#log = options.log;
    this.#closers = closers;
    this.#lease = lease;
    this.failed = new Promise((resolve) => {
      this.#fail = (error) => {
        this.failure ??= error;
        resolve(error);
      };
    });
  }

  get eventsTable(): string | null {
    return clickhouseOf(this.sinks) === null ? null : this.#config.store.events_table;
  }

  async start(): Promise<RunningCollector> {
    this.#directory = this.#lease.take();
    this.#closers.add('data directory', () => this.#lease.leave());
    await this.#openSpool();
    this.#conservation = this.#watchConservation();
    const checked = await this.#checkModules();
    this.#insight = this.#createInsight(this.#startPool(), checked);
    this.#closers.add('insight', () => this.#insight.stop());
    const tables = this.#readTables();
    this.#options.say('starting the sinks');
    this.sinks = await openSinks({
      config: this.#config,
      sinks: this.#options.destination.sinks,
      log: this.#log,
      spool: this.#spool,
      workers: this.#insight.workers,
      batchMemory: this.#batchMemory,
      metrics: this.#metrics,
      taps: (sink) => this.#insight.tapRequests(sink),
      tables: () => tables.current(),
      onEncoded: (sink, encoded) => this.#insight.onEncoded(sink, encoded),
      onClose: (name, close) => this.#closers.add(name, close),
      onChange: () => this.#announcement?.write(),
      sabotage: this.#options.sabotage,
    });
    this.#insight.watchSinks(this.sinks);
    registerEvidenceMetrics(this.#metrics, () => this.#spool.evidence);
    for (const sink of this.sinks) this.#conservation.watchSink(sink.id, sink.accounts);
    this.#sources = this.#createSources();
    this.#conservation.watchStreams(this.#sources.streams);
    this.listeners = await this.#sources.start();
    this.#delivering = this.#deliver();
    const { data_dir: dataDirectory } = this.#config;
    this.#announcement = new Announcement({
      openSocket: async () => {
        const path = join(dataDirectory, 'control.sock');
        this.#controlSocket = await this.#insight.startControl(path, clickhouseOf(this.sinks));
      },
      writeRunFile: () => this.#writeRunFile(),
      warn: (error) =>
        this.#log.warn({ component: 'start', error }, 'commands do not find this process yet'),
    });
    this.#closers.add('announcement', () => this.#announcement?.stop());
    await this.#announcement.make();
    return this;
  }

  async #openSpool(): Promise<void> {
    const { spool } = this.#config;
    this.#spool = await openSpool({
      directory: join(this.#config.data_dir, 'spool'),
      files: nodeFiles(),
      clock: nodeClock,
      timers: nodeTimers,
      random: nodeRandom,
      consumers: Object.keys(this.#options.destination.sinks),
      segmentBytes: spool.segment_bytes,
      bytesMax: spool.max_bytes,
      commitIntervalMs: spool.commit_interval_ms,
      zstdLevel: spool.zstd_level,
      scrubBytesPerSecond: spool.scrub_bytes_per_second,
      batchMemory: this.#batchMemory,
      sabotage: this.#options.sabotage as Sabotage | null,
      evidence: this.#evidenceOptions(),
    });
    this.#closers.add('spool', () => this.#spool.close());
    this.#logRecovery();
    void this.#spool.failed.then((error) => this.#fail(error));
  }

  #watchConservation(): Conservation {
    this.#buffer = new BufferAccounts(this.#spool, this.#spool.nodeId);
    const conservation = new Conservation({
      metrics: this.#metrics,
      buffer: this.#buffer,
      onImbalance: (problem) => this.#log.error({ component: 'ledger' }, problem),
    });
    const timer = setInterval(() => conservation.check(), CONSERVATION_CHECK_MS);
    timer.unref();
    this.#closers.add('conservation', () => clearInterval(timer));
    return conservation;
  }

  #evidenceOptions(): EvidenceOptions {
    const line = { component: 'evidence' };
    return {
      keysDirectory: join(this.#config.data_dir, KEYS_FOLDER),
      checkpointIntervalMs: this.#config.ledger.checkpoint_interval_ms,
      onProblem: (problem) => {
        if (problem === null) this.#log.info(line, 'checkpoints are signed again');
        else this.#log.error({ ...line, ...problem }, 'no checkpoint could be signed');
      },
      onNewTree: (tree, reason) => this.#log.error({ ...line, tree, reason }, 'a new tree begins'),
    };
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

  /** A module that does not load is found here, and not in each worker. */
  async #checkModules(): Promise<CheckedModules> {
    const checked = await checkModules(this.#setup());
    for (const warning of checked.warnings) this.#log.warn({ component: 'config' }, warning);
    return checked;
  }

  #setup(): WorkerSetup {
    const { config, graph, baseUrl, pipelineModule } = this.#options;
    return setupOf({ config, nodeId: this.#spool.nodeId, graph, baseUrl, pipelineModule });
  }

  #startPool(): Workers<ProcessTask, EncodedBatch> {
    const workers = startPool(this.#config.workers.count, this.#setup(), (sentence) =>
      this.#log.warn({ component: 'workers' }, sentence),
    );
    this.#closers.add('worker pool', () => workers.close());
    return workers;
  }

  /** In the background: events are accepted meanwhile, and their processing waits for it. */
  #readTables(): TableFiles {
    const { graph } = this.#options;
    const dataDirectory = this.#config.data_dir;
    const tables = new TableFiles({ graph, dataDirectory, log: this.#log });
    registerTableMetrics(this.#metrics, tables);
    this.#closers.add('tables', () => tables.stop());
    return tables;
  }

  #createInsight(workers: Workers<ProcessTask, EncodedBatch>, checked: CheckedModules): Insight {
    const { graph } = this.#options;
    const { data_dir: dataDirectory, sources } = this.#config;
    return new Insight({
      version,
      dataDirectory,
      graph,
      sourceTypes: Object.fromEntries(Object.entries(sources).map(([id, { type }]) => [id, type])),
      metrics: this.#metrics,
      clock: nodeClock,
      spool: this.#spool,
      freeBytes: () => nodeFiles().freeBytes(dataDirectory),
      workers,
      checkCondition: (condition) => conditionProblem(condition, checked),
      state: () => this.#notReadyReason() || 'running',
      onClockStep: (stepSeconds) =>
        this.#log.warn(
          { component: 'clock', step_seconds: stepSeconds },
          'the wall clock was set; order and delivery do not depend on it, stamps of events do',
        ),
      onComponentError: ({ component, failedEvents, message }) =>
        this.#log.warn({ component, failed_events: failedEvents, error: message }, 'it threw'),
    });
  }

  #createSources(): Listeners {
    return new Listeners(this.#config, {
      node: this.#spool.nodeId,
      sequencer: this.#insight.sequencer(createSequencer({ epoch: this.#spool.epoch })),
      buffer: this.#buffer,
      batchMemory: this.#batchMemory,
      batchLingerMs: this.#config.spool.commit_interval_ms,
      whenFull: this.#config.spool.when_full,
      clock: nodeClock,
      timers: nodeTimers,
      network: nodeNetwork,
      metrics: this.#metrics,
      totals: this.#totals,
      recoveredRequestParts: this.#spool.recoveredRequestParts,
      foreignStreams: this.#spool.foreignStreams(),
      evidence: {
        nodeId: this.#spool.nodeId,
        checkpoint: () => this.#spool.latestCheckpoint?.noteBase64 ?? null,
        sign: (text) => this.#spool.signNote(text),
      },
      registerRoutes: (app) => this.#registerRoutes(app),
      onError: (error) =>
        this.#log.error({ component: 'http', error: error.stack }, 'a request failed'),
    });
  }

  #registerRoutes(app: FastifyInstance): void {
    registerHealthRoutes(app, {
      readiness: () => this.#readiness(),
      metricsText: () => this.#metrics.text(),
    });
  }

  /**
   * All sinks at once; one that fails for good ends the collector, and the spool keeps the rest.
   */
  async #deliver(): Promise<void> {
    const { signal } = this.#stopSinks;
    await Promise.all(
      this.sinks.map(async (sink) => {
        try {
          await sink.run(signal);
        } catch (error) {
          this.#fail(error instanceof Error ? error : new Error(messageOf(error)));
        }
      }),
    );
  }

  sample(monotonicMs: number): StatusSample {
    const sinks = this.sinks.map((sink) => ({
      id: sink.id,
      ...sink.stats(),
      pending: sink.pending(),
    }));
    return {
      monotonicMs,
      ...this.#totals,
      spoolBytes: this.#spool.stats().bytesUsed,
      missingEvents: this.sinks.reduce((sum, sink) => Math.max(sum, sink.missingEvents), 0),
      sinks,
    };
  }

  /** Empty while events can be accepted durably. */
  #notReadyReason(): string {
    if (this.#isDraining) return 'draining';
    if (this.failure !== null) return this.failure.message;
    if (!this.#spool.isFull) return '';
    const { preparationError } = this.#spool.stats();
    return preparationError === ''
      ? 'the spool is full'
      : `the spool is full: its disk has no space for the next segment (${preparationError})`;
  }

  #readiness(): Readiness {
    const { bytesUsed, bytesMax } = this.#spool.stats();
    const reason = this.#notReadyReason();
    return {
      ready: reason === '',
      reason,
      spool: { bytesUsed, bytesMax },
      ledger: this.#conservation.report,
      sinks: Object.fromEntries(
        this.sinks.map((sink) => {
          const { state, lastError, lagMs, breaker } = sink.stats();
          const { events, bytes } = sink.pending();
          return [
            sink.id,
            {
              type: sink.type,
              required: sink.isRequired,
              state,
              error: lastError,
              ...(breaker === undefined ? {} : { breaker: breaker.state }),
              lagMs: Math.round(lagMs),
              pendingEventCount: events,
              pendingEventBytes: bytes,
              missingEventCount: sink.missingEvents,
              lastIntentId: sink.lastIntentId,
            },
          ];
        }),
      ),
    };
  }

  #writeRunFile(): void {
    if (this.listeners.length === 0) return;
    const store = clickhouseOf(this.sinks)?.store ?? null;
    writeRunFile(this.#directory.path, {
      pid: process.pid,
      pidIdentity: processStart(process.pid) ?? '',
      version,
      startedAt: new Date(Number(nodeClock.nowNs() / 1_000_000n)).toISOString(),
      storeUrl: store?.url ?? null,
      storePid: store?.storePid ?? null,
      eventsTable: this.#config.store.events_table,
      controlSocket: this.#controlSocket,
      sinks: Object.fromEntries(this.sinks.map((sink) => [sink.id, sink.record])),
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
    if (this.failure === null) {
      await Promise.all(this.sinks.map((sink) => sink.drain(LIMITS.drainDeliveryMs)));
    }
    const pendingEventCount = Math.max(0, ...this.sinks.map((sink) => sink.pending().events));
    this.#stopSinks.abort();
    await endsWithin(this.#delivering, SINKS_STOP_MS, nodeTimers, warn);
    await this.#closers.closeAll(CLOSE_MS, warn);
    return { pendingEventCount };
  }
}

/** What is wrong with a condition that someone watches with, null when nothing is. */
function conditionProblem(condition: string, checked: CheckedModules): string | null {
  const { adds, isOpen } = checked;
  try {
    compileCondition(condition, { adds, isOpen });
    return null;
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return error.message;
  }
}

/** `HOST:PORT`, with brackets around an IPv6 address. */
export function formatAddress(address: { readonly host: string; readonly port: number }): string {
  const { host, port } = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

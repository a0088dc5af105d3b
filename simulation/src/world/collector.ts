// A collector with its loader, put together as run/collector.ts and clickhouse-sink.ts do it, on
// the ports of one simulated process.
import {
  createProcessor,
  createStoreEvidence,
  createSyslogSource,
  createTaskProcessor,
  type HttpIngest,
  KEYS_FOLDER,
  RECEIPTS_FOLDER,
  registerIngest,
  SinkAccounts,
  type Source,
  type StoreEvidence,
  type TaskProcessor,
} from '@weir/collector/parts';
import {
  BufferPool,
  type Clock,
  createSequencer,
  type EncodedBatch,
  type Files,
  type GraphDocument,
  LIMITS,
  Metrics,
  type Network,
  type ProcessTask,
  type Random,
  StreamSet,
  type Timers,
  type WeirError,
  type WorkerSetup,
  type Workers,
} from '@weir/pipeline';
import { type Fence, IntentFile, Loader, type Store, tableNames } from '@weir/sinks/clickhouse';
import { type Checkpoint, openSpool, type Spool } from '@weir/spool';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { FakeApp } from './http.js';

export const DATA = '/data';
/** As the collector makes them before anything is in them. */
export const DATA_FOLDERS = ['spool', 'loader', KEYS_FOLDER, RECEIPTS_FOLDER].map(
  (name) => `${DATA}/${name}`,
);
export const SINK = 'clickhouse';
export const SYSLOG_PORT = 5514;
/** Events with this word are dropped by the pipeline's filter. */
export const FILTERED_WORD = 'chatter';

/** As ClickhouseSink has it. */
const LAST_ANCHOR_MS = 2_000;
const SINKS_STOP_MS = 5_000;
const SOURCES_STOP_MS = 10_000;

const graph: GraphDocument = {
  sources: ['tcp', 'udp', 'http'],
  transforms: {
    quiet: {
      type: 'filter',
      inputs: ['*'],
      condition: `!raw_data.contains("${FILTERED_WORD}")`,
    },
  },
  sinks: { [SINK]: { type: 'clickhouse', inputs: ['quiet'] } },
};

/** The worker's code keeps nothing from one batch to the next: all processes share it. */
export class WorkerCode {
  readonly #setup: { -readonly [Key in keyof WorkerSetup]: WorkerSetup[Key] };
  readonly #process: TaskProcessor;

  private constructor(setup: WorkerSetup, process: TaskProcessor) {
    this.#setup = setup;
    this.#process = process;
  }

  static async load(): Promise<WorkerCode> {
    const setup: WorkerSetup = {
      nodeId: '',
      sourceOfListener: { tcp: 'tcp', udp: 'udp', http: 'http' },
      graph,
      baseUrl: import.meta.url,
      pipelineModule: null,
      storeProfile: 'slim',
    };
    return new WorkerCode(setup, await createTaskProcessor(setup));
  }

  process(nodeId: string, task: ProcessTask): EncodedBatch {
    this.#setup.nodeId = nodeId;
    return this.#process(task);
  }
}

export interface CollectorParts {
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
  readonly kernelSocket: () => { readonly drops: number; readonly queuedBytes: number } | null;
  readonly store: Store;
  readonly fence: Fence;
  readonly workers: (nodeId: () => string) => Workers<ProcessTask, EncodedBatch>;
  readonly segmentBytes: number;
  readonly spoolBytesMax: number;
  readonly shardCount: number;
  readonly lingerMs: number;
  readonly rowsMax: number;
  readonly log: (line: string) => void;
  /** `key` is the verifier key of the node. */
  readonly onCheckpoint: (checkpoint: Checkpoint, key: string | null) => void;
  readonly onNewTree: (treeNumber: number, reason: string) => void;
}

/** Only for what nobody looks at here. */
const metrics = new Metrics();
const ignore = (): void => undefined;
const silentLog = {
  child: () => silentLog,
  info: ignore,
  warn: ignore,
  error: ignore,
  debug: ignore,
};

export class SimCollector {
  readonly spool: Spool;
  readonly app = new FakeApp();
  readonly accounts: SinkAccounts;
  readonly streamSets: readonly StreamSet[];
  readonly loader: Loader;
  readonly evidence: StoreEvidence;
  readonly #timers: Timers;
  readonly #sources: readonly Source[];
  readonly #ingest: HttpIngest;
  readonly #stopSinks = new AbortController();
  readonly #workers: Workers<ProcessTask, EncodedBatch>;
  #delivering: Promise<void> = Promise.resolve();
  /** The loader ended by an error that no retry mends. */
  deliveryError: unknown = null;

  /** Rejects as a start of the collector does. */
  static async start(parts: CollectorParts): Promise<SimCollector> {
    const batchMemory = new BufferPool(LIMITS.batchMemoryFreeBytesMax);
    const { files, clock, timers, random } = parts;
    const spool = await openSpool({
      directory: `${DATA}/spool`,
      files,
      clock,
      timers,
      random,
      consumers: [SINK],
      segmentBytes: parts.segmentBytes,
      bytesMax: parts.spoolBytesMax,
      batchMemory,
      evidence: { keysDirectory: `${DATA}/${KEYS_FOLDER}`, onNewTree: parts.onNewTree },
    });
    spool.onCheckpoint((checkpoint) => parts.onCheckpoint(checkpoint, spool.nodeVerifierKey));
    const collector = new SimCollector(parts, spool, batchMemory);
    for (const source of collector.#sources) await source.start();
    collector.#deliver();
    return collector;
  }

  private constructor(parts: CollectorParts, spool: Spool, batchMemory: BufferPool) {
    const { clock, timers, files, random, log } = parts;
    this.spool = spool;
    this.#timers = timers;
    const sequencer = createSequencer({ epoch: spool.epoch });
    const streamsOf = (listener: 'tcp' | 'udp' | 'http'): StreamSet =>
      new StreamSet({
        node: spool.nodeId,
        listener,
        shardCount: parts.shardCount,
        tenant: listener === 'udp' ? 'second' : 'default',
        retentionClass: listener === 'http' ? 'long' : 'default',
        format: listener === 'http' ? 'json' : 'syslog',
        sequencer,
        buffer: spool,
        batchMemory,
        clock,
        timers,
        metrics: metrics.component(listener, 'source', listener),
      });
    const [tcp, udp, http] = (['tcp', 'udp', 'http'] as const).map(streamsOf) as [
      StreamSet,
      StreamSet,
      StreamSet,
    ];
    this.streamSets = [tcp, udp, http];
    const syslog = (protocol: 'tcp' | 'udp', streams: StreamSet): Source =>
      createSyslogSource({
        host: '192.0.2.250',
        port: SYSLOG_PORT,
        protocols: [protocol],
        streams,
        network: parts.network,
        clock,
        timers,
        metrics: metrics.component(protocol, 'source', protocol),
        limits: { syslogMessageBytesMax: 2_048 },
        readKernelSocket: async () => parts.kernelSocket(),
      });
    this.#sources = [syslog('tcp', tcp), syslog('udp', udp)];
    this.#ingest = registerIngest(this.app as unknown as FastifyInstance, {
      streams: http,
      clock,
      timers,
      metrics: metrics.component('http', 'source', 'http'),
      recoveredRequestParts: spool.recoveredRequestParts,
      evidence: {
        nodeId: spool.nodeId,
        checkpoint: () => spool.latestCheckpoint?.noteBase64 ?? null,
        sign: (text) => spool.signNote(text),
      },
    });
    this.#workers = parts.workers(() => spool.nodeId);
    const processor = createProcessor({
      sink: SINK,
      type: 'clickhouse',
      inputs: ['quiet'],
      workers: this.#workers,
      batchTimeoutMs: LIMITS.workerBatchTimeoutMs,
      metrics,
      log: silentLog as unknown as Logger,
      clock,
      batchMemory,
      taps: () => [],
      tables: () => [],
      onEncoded: ignore,
    });
    this.accounts = new SinkAccounts(spool.consumer(SINK), spool);
    this.evidence = createStoreEvidence({
      ...{ sink: SINK, dataDirectory: DATA, spool, store: parts.store, tables: tableNames() },
      ...{ files, clock, timers, random, before: [], log },
    });
    this.loader = new Loader({
      consumer: this.accounts,
      onSettled: (outcomes) => this.accounts.note(outcomes),
      processor,
      store: parts.store,
      fence: parts.fence,
      clock,
      timers,
      random,
      intents: new IntentFile(files, `${DATA}/loader`),
      loaderName: spool.nodeId,
      profile: 'slim',
      receipts: this.evidence.receipts,
      limits: { rowsMax: parts.rowsMax, lingerMs: parts.lingerMs },
      log,
    });
  }

  #deliver(): void {
    const { signal } = this.#stopSinks;
    this.#delivering = Promise.all([
      this.loader.run(signal),
      this.evidence.anchors.run(signal),
    ]).then(ignore, (error: unknown) => {
      this.deliveryError = error;
    });
  }

  /** Durable and not settled. */
  get pendingEventCount(): number {
    return this.accounts.pendingEventCount;
  }
  get pendingFrameCount(): number {
    return this.accounts.pendingFrameCount;
  }

  /**
   * As collector.drain() does it; every step is bounded. False when what was taken could not be
   * made durable in time, as on a full disk.
   */
  async drain(failure: WeirError | null): Promise<boolean> {
    this.spool.startDrain();
    const stopped = Promise.all([
      ...this.#sources.map((source) => source.stop()),
      this.#ingest.stop(),
    ])
      .then(() => Promise.allSettled(this.streamSets.map((streams) => streams.close())))
      .then(ignore, ignore);
    const isWhole = await this.#within(stopped, SOURCES_STOP_MS);
    if (failure === null) {
      await this.loader.drain(LIMITS.drainDeliveryMs);
      await this.spool.checkpointNow();
      await this.evidence.anchors.finish(LAST_ANCHOR_MS);
    }
    this.#stopSinks.abort();
    await this.#within(this.#delivering, SINKS_STOP_MS);
    await this.#within(this.evidence.receipts.close(), SINKS_STOP_MS);
    await this.#within(this.#workers.close(), SINKS_STOP_MS);
    await this.#within(this.spool.close(), 25_000);
    return isWhole;
  }

  async #within(step: Promise<unknown>, ms: number): Promise<boolean> {
    const done = new AbortController();
    const ended = step.then(
      () => true,
      () => true,
    );
    const isInTime = await Promise.race([
      ended,
      this.#timers.sleep(ms, done.signal).then(() => false),
    ]);
    done.abort();
    return isInTime;
  }
}

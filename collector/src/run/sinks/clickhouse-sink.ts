// The ClickHouse sink: store, tables and loader. A server that is away is no failure: the spool
// keeps what comes until the tables are there.
import { join } from 'node:path';
import { messageOf, type SinkStats, WeirError } from '@weir/pipeline';
import {
  applyMigrations,
  checkProfile,
  IntentFile,
  Loader,
  type RequeueReport,
  type RequeueRequest,
  type Requeuer,
  tableNames,
} from '@weir/sinks/clickhouse';
import { openSinkLedger, patientFiles } from '@weir/spool';
import { endsWithin } from '../closers.js';
import { SinkAccounts } from '../conservation/sink-accounts.js';
import { makeDirectories } from '../data-directory.js';
import { createRequeuer } from '../quarantine/create-requeuer.js';
import { noteBeginningOf } from './beginning.js';
import {
  LEDGER_FOLDER,
  type ManagedSink,
  type SinkDependencies,
  type SinkRecord,
} from './managed-sink.js';
import { migrationOptions } from './migration-options.js';
import { type OpenStore, openStore } from './open-store.js';
import { anchorLast, openStoreEvidence, type StoreEvidence } from './store-evidence.js';

const MIGRATION_RETRY_MS = 2_000;
/** A requeue gets so long to finish its portion; what it leaves open is made good at a start. */
const REQUEUE_END_MS = 2_000;
/** How long the start waits for a server to say which profile its table has. */
const SERVER_LOOK_MS = 2_000;

export interface ClickhouseSinkOptions {
  readonly id: string;
  readonly isRequired: boolean;
}

/** Starts the embedded store, or opens the connection to the server. */
export async function openClickhouseSink(
  options: ClickhouseSinkOptions,
  dependencies: SinkDependencies,
): Promise<ClickhouseSink> {
  const { config, log, onChange, onClose } = dependencies;
  await noteBeginningWithoutLedger(options.id, dependencies);
  const store = await openStore(config, log, onChange);
  onClose('store', () => store.stop());
  const tables = tableNames(config.store.events_table);
  const evidence = await openStoreEvidence(options.id, store.store, tables, dependencies);
  const sink = new ClickhouseSink(options, dependencies, store, evidence);
  // The embedded store is there; a server may be slow or away, and events are spooled meanwhile.
  if (store.storePid !== null) await sink.migrate();
  else await refuseOtherProfile(store, dependencies);
  return sink;
}

/** No retry mends these. */
const isForPeople = (error: unknown): boolean =>
  error instanceof WeirError &&
  (error.code === 'WEIR_MIGRATION_CHANGED' || error.code === 'WEIR_STORE_PROFILE');

/** Of a server that answers at once; of another, migrate() looks before any row is sent. */
async function refuseOtherProfile(
  { store }: OpenStore,
  { config, timers }: SinkDependencies,
): Promise<void> {
  const { profile, events_table: eventsTable } = config.store;
  const answered = new AbortController();
  const look = checkProfile(store, profile, eventsTable).then(
    () => null,
    (error: unknown) => (isForPeople(error) ? error : null),
  );
  const tooLate = timers.sleep(SERVER_LOOK_MS, answered.signal).then(() => null);
  const found = await Promise.race([look, tooLate]);
  answered.abort();
  if (found !== null) throw found;
}

/** The ledger of this sink is in its tables; what came before it was there is kept beside them. */
async function noteBeginningWithoutLedger(
  id: string,
  dependencies: SinkDependencies,
): Promise<void> {
  const { config, timers, random } = dependencies;
  const files = patientFiles(dependencies.files, timers);
  const parent = join(config.data_dir, LEDGER_FOLDER);
  makeDirectories(parent);
  const ledger = await openSinkLedger({ files, random, directory: join(parent, `${id}.before`) });
  try {
    await noteBeginningOf({ id, type: 'clickhouse' }, ledger, dependencies);
  } finally {
    await ledger.close();
  }
}

export class ClickhouseSink implements ManagedSink {
  readonly type = 'clickhouse';
  readonly id: string;
  readonly isRequired: boolean;
  readonly description: string;
  readonly store: OpenStore;
  readonly accounts: SinkAccounts;
  readonly #dependencies: SinkDependencies;
  readonly #loader: Loader;
  readonly #evidence: StoreEvidence;
  readonly #requeuer: Requeuer;
  readonly #stopRequeue = new AbortController();
  #requeuing: Promise<unknown> = Promise.resolve();
  #isMigrated = false;
  /** Why the tables are not ready yet, null when they are or nothing was tried. */
  #migrationError: string | null = null;

  constructor(
    options: ClickhouseSinkOptions,
    dependencies: SinkDependencies,
    store: OpenStore,
    evidence: StoreEvidence,
  ) {
    this.#evidence = evidence;
    this.id = options.id;
    this.isRequired = options.isRequired;
    this.store = store;
    this.description = store.description;
    this.#dependencies = dependencies;
    const { config, spool, consumer, processor, files, clock, timers, random, log } = dependencies;
    this.accounts = new SinkAccounts(consumer, spool);
    const intentDirectory = join(config.data_dir, 'loader');
    makeDirectories(intentDirectory);
    this.#loader = new Loader({
      consumer: this.accounts,
      onSettled: (outcomes) => this.accounts.note(outcomes),
      processor,
      store: store.store,
      fence: store.fence,
      ...(store.revive === undefined ? {} : { revive: store.revive }),
      clock,
      timers,
      random,
      intents: new IntentFile(files, intentDirectory),
      // A fence on a shared server must end the statements of this collector only.
      loaderName: spool.nodeId,
      eventsTable: config.store.events_table,
      profile: config.store.profile,
      receipts: evidence.receipts,
      limits: { rowsMax: config.store.max_rows, lingerMs: config.store.linger_ms },
      log: (line) => log.info({ component: options.id }, line),
    });
    this.#requeuer = createRequeuer({
      ...dependencies,
      nodeId: spool.nodeId,
      foreignStreams: () => spool.foreignStreams(),
      store,
      receipts: evidence.receipts,
      processorOf: dependencies.requeueProcessorOf,
      log: (line) => log.info({ component: options.id }, line),
    });
  }

  get record(): SinkRecord {
    return { type: this.type, required: this.isRequired, target: this.store.target };
  }
  get missingEvents(): number {
    return this.accounts.missingEvents;
  }
  get lastIntentId(): number {
    return this.#loader.stats().lastIntentId;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#isMigrated) {
      if (!(await this.#tryToMigrate())) {
        await this.#dependencies.timers.sleep(MIGRATION_RETRY_MS, signal);
      }
    }
    if (signal.aborted) return;
    // A requeue that was cut off is completed before new rows are sent, unless the store is away.
    const isRecovered = await this.#recoverRequeue();
    await Promise.all([
      this.#loader.run(signal),
      this.#evidence.anchors.run(signal),
      isRecovered ? null : this.#recoverRequeueLater(signal),
    ]);
  }

  /** Rejects as Requeuer.run does, and while the tables are not there. */
  async requeue(
    request: RequeueRequest,
    signal: AbortSignal,
    onProgress: (report: RequeueReport) => void,
  ): Promise<RequeueReport> {
    if (!this.#isMigrated)
      throw new WeirError('WEIR_STORE_UNREACHABLE', 'the tables of the store are not ready yet');
    const stop = AbortSignal.any([signal, this.#stopRequeue.signal]);
    const requeuing = this.#requeuer.run(request, stop, onProgress);
    this.#requeuing = requeuing.catch(() => undefined);
    try {
      return await requeuing;
    } catch (error) {
      // What was left open is made good as soon as the store answers.
      const isBusy = error instanceof WeirError && error.code === 'WEIR_REQUEUE_BUSY';
      if (!isBusy) void this.#recoverRequeueLater(this.#stopRequeue.signal);
      throw error;
    }
  }

  async #recoverRequeue(): Promise<boolean> {
    try {
      await this.#requeuer.recover();
      return true;
    } catch (error) {
      if (error instanceof WeirError && error.code === 'WEIR_REQUEUE_BUSY') return true;
      this.#dependencies.log.warn({ component: this.id }, `requeue: ${messageOf(error)}`);
      return false;
    }
  }

  async #recoverRequeueLater(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await this.#recoverRequeue()))
      await this.#dependencies.timers.sleep(MIGRATION_RETRY_MS, signal);
  }

  async drain(deadlineMs: number): Promise<boolean> {
    this.#stopRequeue.abort();
    if (!this.#isMigrated) return false;
    await endsWithin(this.#requeuing, REQUEUE_END_MS, this.#dependencies.timers, () => undefined);
    const isDrained = await this.#loader.drain(deadlineMs);
    const { spool, timers } = this.#dependencies;
    await anchorLast(spool, this.#evidence.anchors, timers);
    return isDrained;
  }

  stats(): SinkStats {
    const stats = this.#loader.stats();
    return {
      ...stats,
      lostEvents: 0,
      sentBytes: stats.insertedBytes,
      state: this.#migrationError === null ? stats.state : 'unreachable',
      lastError: this.#migrationError ?? stats.lastError,
    };
  }

  pending(): { readonly events: number; readonly bytes: number } {
    const { pendingEventCount, pendingBytes } = this.#dependencies.spool.stats().consumers[
      this.id
    ] ?? { pendingEventCount: 0, pendingBytes: 0 };
    return { events: pendingEventCount, bytes: pendingBytes };
  }

  async migrate(): Promise<void> {
    const { config, log } = this.#dependencies;
    const applied = await applyMigrations(this.store.store, migrationOptions(config));
    if (applied.length > 0) log.debug({ component: this.id, applied }, 'migrations applied');
    this.#isMigrated = true;
    this.#migrationError = null;
  }

  /** A server that is away, busy or lacks a grant may be mended while events are spooled. */
  async #tryToMigrate(): Promise<boolean> {
    try {
      await this.migrate();
      return true;
    } catch (error) {
      if (isForPeople(error)) throw error;
      const message = messageOf(error);
      if (this.#migrationError !== message) {
        this.#dependencies.log.warn(
          { component: this.id },
          `${message}; events are kept in the spool`,
        );
      }
      this.#migrationError = message;
      return false;
    }
  }
}

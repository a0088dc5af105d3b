// A requeue on an instance that does not run: the command holds its directory meanwhile, so that
// nothing can start on it, and works with the store, keys and pipeline that `weir run` would have.
import { join } from 'node:path';
import { BufferPool, LIMITS, WeirError } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import {
  applyMigrations,
  type RequeueReport,
  type RequeueRequest,
  tableNames,
} from '@weir/sinks/clickhouse';
import { inspectSpool } from '@weir/spool';
import { chooseDestination } from '../../config/destination.js';
import { graphOf } from '../../config/graph.js';
import type { LoadedConfig } from '../../config/load.js';
import { RECEIPTS_FOLDER } from '../../verify/sink-record.js';
import { Closers } from '../closers.js';
import { makeDirectories } from '../data-directory.js';
import { DirectoryLease } from '../directory-lease.js';
import { createLog } from '../log.js';
import { setupOf, startPool } from '../pool.js';
import { migrationOptions } from '../sinks/migration-options.js';
import { openStore } from '../sinks/open-store.js';
import { requeueProcessor } from '../sinks/processor.js';
import { createStoreEvidence } from '../sinks/store-evidence.js';
import { TableFiles } from '../tables/table-files.js';
import { checkModules } from '../worker/modules.js';
import { createRequeuer } from './create-requeuer.js';

const CLOSE_MS = 25_000;

/** Rejects with WEIR_DATA_DIR_LOCKED when something holds the directory. */
export async function requeueStopped(
  loaded: LoadedConfig,
  request: RequeueRequest,
  signal: AbortSignal,
  onProgress: (report: RequeueReport) => void,
): Promise<RequeueReport> {
  const closers = new Closers(nodeTimers);
  try {
    return await requeueWith(loaded, request, signal, onProgress, closers);
  } finally {
    await closers.closeAll(CLOSE_MS, (sentence) => process.stderr.write(`weir: ${sentence}\n`));
  }
}

async function requeueWith(
  loaded: LoadedConfig,
  request: RequeueRequest,
  signal: AbortSignal,
  onProgress: (report: RequeueReport) => void,
  closers: Closers,
): Promise<RequeueReport> {
  const { config, baseUrl, pipelineModule } = loaded;
  const files = nodeFiles();
  const { nodeId, streams } = await inspectSpool(files, join(config.data_dir, 'spool'));
  if (nodeId === null)
    throw new WeirError(
      'WEIR_NOT_RUNNING',
      `nothing ran on ${config.data_dir} yet: it has no spool; name the directory with --data`,
    );
  const { sinks } = chooseDestination(config, process.env);
  const [found] = Object.entries(sinks).filter(([, { type }]) => type === 'clickhouse');
  if (found === undefined)
    throw new WeirError('WEIR_USAGE', 'no sink of the configuration is ClickHouse: no quarantine');
  const [id, sink] = found;
  const lease = new DirectoryLease(config.data_dir);
  lease.take();
  closers.add('data directory', () => lease.leave());
  const { log } = createLog({ log_level: 'warn' });
  const graph = graphOf(config, sinks);
  const setup = setupOf({ config, nodeId, graph, baseUrl, pipelineModule });
  await checkModules(setup);
  const store = await openStore(config, log, () => undefined);
  closers.add('store', () => store.stop());
  const { events_table: eventsTable } = config.store;
  await applyMigrations(store.store, migrationOptions(config));
  const workers = startPool(config.workers.count, setup, (sentence) => log.warn(sentence));
  closers.add('worker pool', () => workers.close());
  const tables = new TableFiles({ graph, dataDirectory: config.data_dir, log });
  closers.add('tables', () => tables.stop());
  const foreign = streams.filter(({ received }) => received !== undefined);
  const ports = { files, clock: nodeClock, timers: nodeTimers, random: nodeRandom };
  makeDirectories(join(config.data_dir, RECEIPTS_FOLDER));
  const { receipts } = createStoreEvidence({
    ...ports,
    ...{ sink: id, dataDirectory: config.data_dir, store: store.store, before: [] },
    spool: { nodeId, foreignStreams: () => [], latestCheckpoint: null },
    tables: tableNames(eventsTable),
    log: (line) => log.warn({ component: id }, line),
  });
  closers.add('receipts', () => receipts.close());
  const requeuer = createRequeuer({
    ...ports,
    ...{ config, nodeId, store, receipts },
    foreignStreams: () => foreign,
    processorOf: (pack) =>
      requeueProcessor(
        {
          ...{ sink: id, type: sink.type, inputs: sink.inputs, workers, log, clock: nodeClock },
          tables: () => tables.current(),
          batchTimeoutMs: config.workers.batch_timeout_ms,
          batchMemory: new BufferPool(LIMITS.batchMemoryFreeBytesMax),
        },
        pack,
      ),
    sabotage: process.env.WEIR_SABOTAGE ?? null,
    log: (line) => log.warn({ component: id }, line),
  });
  return requeuer.run(request, signal, onProgress);
}

// All sinks of a configuration, each on its own consumer of the spool. The order of opening is the
// order in the configuration; one that cannot open leaves nothing behind.
import type {
  BufferPool,
  Consumer,
  EncodedBatch,
  Metrics,
  ProcessTask,
  SharedTable,
  TapRequest,
  Workers,
} from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import type { Spool } from '@weir/spool';
import type { Logger } from 'pino';
import type { Config, SinkConfig } from '../../config/schema.js';
import { ClickhouseSink, openClickhouseSink } from './clickhouse-sink.js';
import { openDeliverySink } from './delivery-sink.js';
import type { ManagedSink, SinkDependencies } from './managed-sink.js';
import { createProcessor, requeueProcessor } from './processor.js';
import { SourceGaps } from './source-gaps.js';

export interface OpenSinksOptions {
  readonly config: Config;
  readonly sinks: Readonly<Record<string, SinkConfig>>;
  readonly log: Logger;
  readonly spool: Spool;
  readonly workers: Workers<ProcessTask, EncodedBatch>;
  readonly batchMemory: BufferPool;
  readonly metrics: Metrics;
  readonly taps: (sink: string) => readonly TapRequest[];
  readonly tables: () => readonly SharedTable[] | Promise<readonly SharedTable[]>;
  readonly onEncoded: (sink: string, encoded: EncodedBatch) => void;
  readonly onClose: SinkDependencies['onClose'];
  readonly onChange: () => void;
  readonly sabotage: string | null;
}

export async function openSinks(options: OpenSinksOptions): Promise<readonly ManagedSink[]> {
  const opened: ManagedSink[] = [];
  for (const [id, config] of Object.entries(options.sinks)) {
    let consumer = options.spool.consumer(id);
    // Every sink is given every batch: one watches them all.
    if (opened.length === 0) {
      const gaps = new SourceGaps(consumer, options.spool.nodeId);
      gaps.register(options.metrics);
      consumer = gaps;
    }
    opened.push(await openSink(id, config, consumer, options));
  }
  return opened;
}

function openSink(
  id: string,
  sink: SinkConfig,
  consumer: Consumer,
  options: OpenSinksOptions,
): Promise<ManagedSink> {
  const processorOptions = {
    ...options,
    sink: id,
    type: sink.type,
    inputs: sink.inputs,
    batchTimeoutMs: options.config.workers.batch_timeout_ms,
    clock: nodeClock,
  };
  const dependencies: SinkDependencies = {
    config: options.config,
    log: options.log,
    spool: options.spool,
    consumer,
    requiredSinks: Object.entries(options.sinks).flatMap(([name, { required }]) =>
      required ? [name] : [],
    ),
    processor: createProcessor(processorOptions),
    requeueProcessorOf: (pack) => requeueProcessor(processorOptions, pack),
    metrics: options.metrics,
    files: nodeFiles(),
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    onClose: options.onClose,
    onChange: options.onChange,
    sabotage: options.sabotage,
  };
  if (sink.type === 'clickhouse') {
    return openClickhouseSink({ id, isRequired: sink.required }, dependencies);
  }
  return openDeliverySink(id, sink, dependencies);
}

/** The one ClickHouse sink, null where there is none. */
export const clickhouseOf = (sinks: readonly ManagedSink[]): ClickhouseSink | null =>
  sinks.find((sink) => sink instanceof ClickhouseSink) ?? null;

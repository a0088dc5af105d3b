// The way of a sink's batches through the shared pool: ordered, isolated, watched.
import {
  type BatchProcessor,
  type BufferPool,
  type Clock,
  type EncodedBatch,
  EVERY_SOURCE,
  errorTypeOf,
  IsolatingWorkers,
  IsolationLog,
  Metrics,
  OrderedProcessor,
  type ProcessTask,
  type QuarantineRows,
  type SequencedBatch,
  type SharedTable,
  type TapRequest,
  type Workers,
} from '@weir/pipeline';
import { quarantineWhole } from '@weir/sinks/clickhouse';
import { encodeMessages } from '@weir/sinks/kafka/messages';
import { quarantineRows } from '@weir/sinks/ndjson';
import { unparsedBatch } from '@weir/sinks/rows';
import { encodeFrames, unsent } from '@weir/sinks/weir/frames';
import type { Logger } from 'pino';
import type { SinkConfig } from '../../config/schema.js';
import { batchFields } from '../log.js';

export interface ProcessorOptions {
  /** Id of the sink. */
  readonly sink: string;
  readonly type: SinkConfig['type'];
  readonly inputs: readonly string[];
  readonly workers: Workers<ProcessTask, EncodedBatch>;
  readonly batchTimeoutMs: number;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly batchMemory: BufferPool;
  readonly taps: (sink: string) => readonly TapRequest[];
  readonly tables: () => readonly SharedTable[] | Promise<readonly SharedTable[]>;
  readonly onEncoded: (sink: string, encoded: EncodedBatch) => void;
}

/** Rows that no worker can process, put aside in the encoding of the sink. */
const QUARANTINE: Readonly<Record<SinkConfig['type'], QuarantineRows>> = {
  clickhouse: quarantineWhole,
  http: quarantineRows,
  file: quarantineRows,
  stdout: quarantineRows,
  splunk_hec: quarantineRows,
  elasticsearch: quarantineRows,
  s3: quarantineRows,
  syslog: quarantineRows,
  // Its rows travel raw: the other Weir parses them, and puts them aside if it cannot.
  weir: (batch) => encodeFrames(null, batch),
  // The quarantine table is the same in every profile.
  kafka: (batch, mark) => encodeMessages(unparsedBatch(batch, mark), batch, 'full'),
  blackhole: quarantineRows,
};

export function createProcessor(options: ProcessorOptions): BatchProcessor {
  // A sink that keeps nothing and whose events pass no transform has nothing to process, unless
  // someone watches them.
  const isCountOnly = options.type === 'blackhole' && options.inputs.includes(EVERY_SOURCE);
  const { sink, log: parentLog, clock, batchMemory, taps, onEncoded } = options;
  const log = parentLog.child({ component: sink });
  const metrics = options.metrics.component(sink, 'sink', options.type);
  const isolations = new IsolationLog(clock, ({ level, message, fields }) =>
    log[level](fields, message),
  );
  const ordered = new OrderedProcessor({
    sink,
    workers: new IsolatingWorkers({
      workers: options.workers,
      quarantineRows: QUARANTINE[options.type],
      clock,
      batchMemory,
      batchTimeoutMs: options.batchTimeoutMs,
      onIsolated: (report) => isolations.note(report),
      onFailure: (failure) => metrics.error(errorTypeOf(failure), 'processing'),
    }),
    clock,
    batchMemory,
    taps: () => taps(sink),
    tables: options.tables,
    onProcessed: (seconds) => metrics.latency(seconds),
    onFailure: (failure, batch) =>
      log.error({ ...batchFields(batch), error_code: failure.code }, failure.message),
  });
  return {
    async process(batch: SequencedBatch, skipSeqs: Float64Array | null) {
      if (isCountOnly && taps(sink).length === 0) {
        const counted = unsent(batch);
        batchMemory.give(batch.bytes.buffer);
        return counted;
      }
      const encoded = await ordered.process(batch, skipSeqs);
      onEncoded(sink, encoded);
      // Watching changes no number: with or without it, what cannot be parsed is taken, too.
      return isCountOnly ? unsent(batch) : encoded;
    },
    recycle: (encoded) => ordered.recycle(encoded),
  };
}

/**
 * The way of a sink for events that are parsed again: what they come through was counted when they
 * came first. With a pack, that parses in the place of the graph's own parser.
 */
export function requeueProcessor(
  options: Omit<ProcessorOptions, 'metrics' | 'taps' | 'onEncoded'>,
  pack: string | null,
): BatchProcessor {
  const { workers } = options;
  return createProcessor({
    ...options,
    workers:
      pack === null
        ? workers
        : {
            workerCount: workers.workerCount,
            run: (task, transfer, runOptions) =>
              workers.run({ ...task, pack }, transfer, runOptions),
            close: () => workers.close(),
          },
    metrics: new Metrics(),
    taps: () => [],
    onEncoded: () => undefined,
  });
}

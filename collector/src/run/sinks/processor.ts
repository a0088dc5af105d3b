// The way of a sink's batches through the shared pool: ordered, isolated, watched.
import {
  type BatchProcessor,
  type EncodedBatch,
  type Metrics,
  OrderedProcessor,
  type ProcessTask,
  type SequencedBatch,
  type TapRequest,
  type Workers,
} from '@weir/pipeline';
import { nodeClock } from '@weir/pipeline/node';
import type { Logger } from 'pino';

export interface ProcessorOptions {
  /** Id of the sink. */
  readonly sink: string;
  readonly type: string;
  readonly workers: Workers<ProcessTask, EncodedBatch>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly taps: (sink: string) => readonly TapRequest[];
  readonly onEncoded: (sink: string, encoded: EncodedBatch) => void;
}

export function createProcessor(options: ProcessorOptions): BatchProcessor {
  const { sink, workers, log, taps, onEncoded } = options;
  const metrics = options.metrics.component(sink, 'sink', options.type);
  const ordered = new OrderedProcessor({
    sink,
    workers,
    clock: nodeClock,
    taps: () => taps(sink),
    onProcessed: (seconds) => metrics.latency(seconds),
    onFailure: (failure, { stream, seqFirst, eventCount }) => {
      metrics.error('worker_failed', 'processing');
      const where = { component: sink, stream, first_seq: seqFirst, event_count: eventCount };
      log.error({ ...where, error_code: failure.code }, failure.message);
    },
  });
  return {
    async process(batch: SequencedBatch, skipSeqs: Float64Array | null) {
      const encoded = await ordered.process(batch, skipSeqs);
      onEncoded(sink, encoded);
      return encoded;
    },
  };
}

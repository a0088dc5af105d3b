// Takes everything and keeps nothing: for measuring, and for trying a pipeline.
import type { Sink, SinkPayload } from '@weir/pipeline';

export interface BlackholeSink extends Sink {
  /** Since it was made. A sink of encoding `none` is given no rows at all. */
  readonly counts: { readonly rows: number; readonly bytes: number };
}

export function createBlackholeSink(): BlackholeSink {
  const counts = { rows: 0, bytes: 0 };
  return {
    counts,
    async open() {},
    async write({ rowCount, byteCount }: SinkPayload, signal) {
      if (signal.aborted) {
        const failure = { code: 'WEIR_ABORTED', message: 'stopped', details: {} } as const;
        return { kind: 'retry', afterMs: null, failure };
      }
      counts.rows += rowCount;
      counts.bytes += byteCount;
      return { kind: 'delivered' };
    },
    async close() {},
  };
}

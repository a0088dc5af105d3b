// A requeue that was asked for over the control socket: lines of progress, then what became of it.
import { Readable } from 'node:stream';
import { PACK_NAMES } from '@weir/parsers';
import { toFailure } from '@weir/pipeline';
import type { RequeueReport, RequeueRequest } from '@weir/sinks/clickhouse';

export type RequeueBody = RequeueRequest;

/** The sink whose quarantine it is. */
export interface Requeuing {
  requeue(
    request: RequeueRequest,
    signal: AbortSignal,
    onProgress: (report: RequeueReport) => void,
  ): Promise<RequeueReport>;
}

const text = { type: 'string', maxLength: 1_000 } as const;
const number = { type: 'integer', minimum: 0 } as const;

export const REQUEUE_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['filter', 'pack', 'limit', 'isDryRun'],
  properties: {
    filter: {
      type: 'object',
      additionalProperties: false,
      properties: {
        ...{ reason: text, parser: text, source: text, sinceUs: number, untilUs: number },
        event: {
          type: 'object',
          additionalProperties: false,
          required: ['tenant', 'stream', 'epoch', 'seq'],
          properties: {
            ...{ tenant: text, stream: text, seq: number },
            epoch: { type: 'string', pattern: '^\\d{1,20}$' },
          },
        },
      },
    },
    pack: { enum: [null, ...PACK_NAMES] },
    limit: { anyOf: [{ type: 'null' }, { type: 'integer', minimum: 1 }] },
    isDryRun: { type: 'boolean' },
  },
} as const;

/** `{progress}` lines, then one of `{report}` or `{failure}`. Who goes away ends the requeue. */
export function requeueStream(requeuing: Requeuing, request: RequeueRequest): Readable {
  const stop = new AbortController();
  const stream = new Readable({
    read: () => undefined,
    destroy(error, done) {
      stop.abort();
      done(error);
    },
  });
  const line = (value: object): void => void stream.push(`${JSON.stringify(value)}\n`);
  void requeuing
    .requeue(request, stop.signal, (progress) => line({ progress }))
    .then(
      (report) => line({ report }),
      (error: unknown) => line({ failure: toFailure(error, 'WEIR_STORE_REJECTED') }),
    )
    .finally(() => stream.push(null));
  return stream;
}

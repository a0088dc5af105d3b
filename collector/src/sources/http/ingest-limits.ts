// Limits of an HTTP listener; a configuration may change some of them.
import { LIMITS } from '@weir/pipeline';
import { BODY_LIMITS, type BodyLimits } from './body.js';
import type { ReadBudgetLimits } from './body-budget.js';
import type { SplitLimits } from './items.js';

export interface HttpIngestLimits extends BodyLimits, SplitLimits, ReadBudgetLimits {
  readonly httpRequestsInFlightMax: number;
  readonly httpDecodedBytesMax: number;
  readonly httpDecodeWaitMs: number;
  readonly httpFullWaitMs: number;
  readonly idempotencyWindowMs: number;
  readonly idempotencyKeysMax: number;
  /** On stop: time for bodies that are being read, and for requests that wait for space. */
  readonly stopGraceMs: number;
  /** On stop: time after it for what was admitted to become durable. */
  readonly stopDurableMs: number;
}

export function limitsOf(configured: Partial<HttpIngestLimits>): HttpIngestLimits {
  const limits = {
    ...LIMITS,
    ...BODY_LIMITS,
    stopGraceMs: 2_000,
    stopDurableMs: 5_000,
    ...configured,
  };
  // A body as large as the configuration allows must fit while no other is there.
  const bodyBytesMax = Math.max(limits.httpBodyBytesMax, limits.httpBodyCompressedBytesMax);
  return {
    ...limits,
    httpBodiesBytesMax: Math.max(limits.httpBodiesBytesMax, bodyBytesMax),
    httpPeerBodiesBytesMax: Math.max(limits.httpPeerBodiesBytesMax, bodyBytesMax),
    httpDecodedBytesMax: Math.max(limits.httpDecodedBytesMax, bodyBytesMax),
  };
}

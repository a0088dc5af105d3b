// What a type of sink gives the delivery, and the settings that several of them share.
import type { Clock, Sink, Timers } from '@weir/pipeline';
import type { BlockEncoding, DeliveryLimits } from '@weir/sinks/delivery';

export interface Writer {
  readonly sink: Sink;
  readonly encoding: BlockEncoding;
  /** Where it delivers to, without secrets. */
  readonly target: string;
  readonly writesMax?: number;
  readonly limits?: Partial<DeliveryLimits>;
}

export interface WriterDependencies {
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Settings of batches that go out in requests, as limits. */
export const batchLimits = (config: {
  readonly batch_max_events: number;
  readonly batch_max_bytes: number;
  readonly linger_ms: number;
  readonly retry_max_delay_ms: number;
}): Partial<DeliveryLimits> => ({
  groupEventsMax: config.batch_max_events,
  groupBytesMax: config.batch_max_bytes,
  payloadEventsMax: config.batch_max_events,
  payloadBytesMax: config.batch_max_bytes,
  lingerMs: config.linger_ms,
  retryDelayMsMax: config.retry_max_delay_ms,
});

/** A query may carry a key, a user name a token: only the place is shown. */
export function withoutSecrets(text: string): string {
  const url = new URL(text);
  return `${url.origin}${url.pathname}`;
}

// What a splunk_hec sink is told.
import type { Clock } from '@weir/pipeline';
import type { HttpClientDependencies } from '../http/client.js';

export interface SplunkSinkOptions {
  /** Base address, a path prefix included; /services/collector/event is added. */
  readonly url: string;
  readonly token: string;
  /** Sent with every request; they win over those of the sink, but for length and encoding. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Content-Encoding of the body. Default gzip. */
  readonly compression?: 'none' | 'gzip';
  /** Longest time from the beginning of a request to the end of its answer. Default 30,000. */
  readonly timeoutMs?: number;
  /** PEM file with the certificates that are trusted, instead of those of Node.js. */
  readonly tlsCaFile?: string | null;
  /** Requests at once. Default 4. */
  readonly connectionsMax?: number;
  /** Waits until Splunk says that the events are indexed. Default false. */
  readonly acknowledge?: boolean;
  /** How often it is asked. Default 2,000. */
  readonly ackPollMs?: number;
  /** After this the events are sent again. Default 300,000. */
  readonly ackTimeoutMs?: number;
  /** Payloads that wait for it at once. Default 32. */
  readonly ackPendingMax?: number;
}

export interface SplunkSinkDependencies extends HttpClientDependencies {
  readonly clock: Clock;
}

export const SPLUNK_SINK_DEFAULTS = {
  headers: {},
  compression: 'gzip',
  timeoutMs: 30_000,
  tlsCaFile: null,
  connectionsMax: 4,
  acknowledge: false,
  ackPollMs: 2_000,
  ackTimeoutMs: 300_000,
  ackPendingMax: 32,
} as const;

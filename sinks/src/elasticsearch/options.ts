// What an elasticsearch sink is told.
import type { Clock } from '@weir/pipeline';
import type { HttpClientDependencies } from '../http/client.js';

export interface ElasticsearchSinkOptions {
  /** Base address, a path prefix included; user and password in it are sent as Basic. */
  readonly url: string;
  /** Encoded API key. */
  readonly apiKey?: string | null;
  /** Ingest pipeline. */
  readonly pipeline?: string | null;
  /** Sent with every request; they win over those of the sink, but for length and encoding. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Content-Encoding of the body. Default gzip. */
  readonly compression?: 'none' | 'gzip';
  /** Longest time from the beginning of a request to the end of its answer. Default 60,000. */
  readonly timeoutMs?: number;
  /** PEM file with the certificates that are trusted, instead of those of Node.js. */
  readonly tlsCaFile?: string | null;
  /** Requests at once. Default 4. */
  readonly connectionsMax?: number;
}

export interface ElasticsearchSinkDependencies extends HttpClientDependencies {
  readonly clock: Clock;
}

export const ELASTICSEARCH_SINK_DEFAULTS = {
  apiKey: null,
  pipeline: null,
  headers: {},
  compression: 'gzip',
  timeoutMs: 60_000,
  tlsCaFile: null,
  connectionsMax: 4,
} as const;

// What an http sink is told.
import type { Clock, Timers } from '@weir/pipeline';
import type { Dispatcher } from 'undici';

export interface HttpSinkOptions {
  /** http:// or https://; user and password in it become a Basic Authorization header. */
  readonly url: string;
  /** Sent with every request; they win over those of the sink, but for length and encoding. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `json_array`: the lines of a payload as one array. Default ndjson. */
  readonly format?: 'ndjson' | 'json_array';
  /** Content-Encoding of the body. Default none. */
  readonly compression?: 'none' | 'gzip' | 'zstd';
  /** Longest time from the beginning of a request to the end of its answer. Default 30,000. */
  readonly timeoutMs?: number;
  /** PEM file with the certificates that are trusted, instead of those of Node.js. */
  readonly tlsCaFile?: string | null;
  /**
   * Header that names the batch: `<tenant>/<stream>/<epoch>/<seq>+<rows>` of its first row, each
   * part percent-encoded. The same rows have the same name whenever they come. null: no such
   * header.
   */
  readonly batchIdHeader?: string | null;
  /** Requests at once; the runtime asks writesInFlightMax. Default 4. */
  readonly connectionsMax?: number;
}

export interface HttpSinkDependencies {
  readonly clock: Clock;
  readonly timers: Timers;
  /** For HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Default: that of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For tests: the way to the network. */
  readonly dispatcher?: Dispatcher;
}

export const HTTP_SINK_DEFAULTS = {
  format: 'ndjson',
  compression: 'none',
  timeoutMs: 30_000,
  tlsCaFile: null,
  batchIdHeader: 'weir-batch-id',
  connectionsMax: 4,
} as const;

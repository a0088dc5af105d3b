// Options of sources and sinks in code: the keys of the configuration file, as typed objects.

/** Keys that these types do not name are checked by the configuration's schema at the start. */
type More = Readonly<Record<string, unknown>>;

export interface ListenerOptions {
  /** HOST:PORT or [IPv6]:PORT. */
  readonly listen: string;
  readonly tenant?: string;
  readonly retention_class?: string;
  readonly shards?: number;
}
export interface SyslogOptions extends ListenerOptions {
  readonly protocols?: readonly ('udp' | 'tcp')[];
  readonly max_message_bytes?: number;
}
export interface HttpSourceOptions extends ListenerOptions {
  readonly max_body_bytes?: number;
  readonly max_item_bytes?: number;
}

export interface SinkCommon {
  /** False: the sink is skipped, with a declared loss, rather than filling the spool. */
  readonly required?: boolean;
  /** How far an optional sink may fall behind. */
  readonly max_lag_bytes?: number;
}
export interface HttpSinkOptions extends SinkCommon {
  readonly url: string;
  /** Values may be `file:PATH`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly format?: 'ndjson' | 'json_array';
  readonly compression?: 'none' | 'zstd' | 'gzip';
  readonly batch_max_bytes?: number;
  readonly batch_max_events?: number;
  readonly linger_ms?: number;
  readonly timeout_ms?: number;
  readonly retry_max_delay_ms?: number;
  readonly tls_ca_file?: string;
}
export interface FileSinkOptions extends SinkCommon {
  readonly path: string;
  readonly max_file_bytes?: number;
  readonly max_files?: number;
  readonly compression?: 'none' | 'zstd';
}
export interface WeirSinkOptions extends SinkCommon {
  readonly url: string;
  readonly compression?: 'none' | 'zstd';
}

/** A source as it stands under `[sources.ID]`. */
export interface SourceConfiguration extends More {
  readonly type: string;
}
/** A sink as it stands under `[sinks.ID]`, without its inputs. */
export interface SinkConfiguration extends More {
  readonly type: string;
}
/** A source that a call such as `syslog()` made; `role` keeps sources and sinks apart. */
export interface SourceOptions {
  readonly role: 'source';
  readonly configuration: SourceConfiguration;
}
export interface SinkOptions {
  readonly role: 'sink';
  readonly configuration: SinkConfiguration;
}

const sourceOf = (type: string, options: object): SourceOptions => ({
  role: 'source',
  configuration: { ...options, type },
});
const sinkOf = (type: string, options: object): SinkOptions => ({
  role: 'sink',
  configuration: { ...options, type },
});

/** Syslog over UDP and TCP. */
export const syslog = (options: SyslogOptions & More): SourceOptions => sourceOf('syslog', options);

/** With `listen` a source that takes `POST /ingest`, with `url` a sink that posts events. */
export function http(options: HttpSourceOptions & More & { readonly url?: never }): SourceOptions;
export function http(options: HttpSinkOptions & More & { readonly listen?: never }): SinkOptions;
export function http(options: object): SourceOptions | SinkOptions {
  return 'url' in options ? sinkOf('http', options) : sourceOf('http', options);
}

/** The store of the `store` settings: the embedded one, or a server. */
export const clickhouse = (options: SinkCommon & More = {}): SinkOptions =>
  sinkOf('clickhouse', options);
/** NDJSON lines in a file that is rotated by size. */
export const file = (options: FileSinkOptions & More): SinkOptions => sinkOf('file', options);
/** NDJSON lines on standard output. */
export const stdout = (options: SinkCommon & More = {}): SinkOptions => sinkOf('stdout', options);
/** Another Weir's `/ingest`; events keep their identity. */
export const weir = (options: WeirSinkOptions & More): SinkOptions => sinkOf('weir', options);
/** Takes everything and keeps nothing. */
export const blackhole = (options: SinkCommon & More = {}): SinkOptions =>
  sinkOf('blackhole', options);

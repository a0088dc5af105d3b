// The configuration of the collector: one JSON Schema, with defaults and descriptions inside it.
// The types below are derived from it, so there is one description and no second.
import { LIMITS } from '@weir/pipeline';
import Type, { type Static } from 'typebox';

const closed = { additionalProperties: false } as const;
const HOST_PORT = '^(\\[[0-9a-fA-F:.]+\\]|[^:\\[\\]]+):\\d{1,5}$';
const LABEL = '^[A-Za-z0-9_.-]{1,64}$';

const listen = (example: string) =>
  Type.String({ pattern: HOST_PORT, description: 'HOST:PORT or [IPv6]:PORT', examples: [example] });
const common = {
  tenant: Type.String({
    pattern: LABEL,
    default: 'default',
    description: 'Tenant of all events of this listener.',
  }),
  retention_class: Type.String({
    pattern: LABEL,
    default: 'default',
    description: 'Retention class of the stored rows.',
  }),
  shards: Type.Integer({
    minimum: 1,
    maximum: 64,
    default: 4,
    description: 'Streams per listener; a peer always goes to the same one.',
  }),
};

const SyslogSource = Type.Object(
  {
    type: Type.Literal('syslog'),
    listen: listen('127.0.0.1:5514'),
    protocols: Type.Array(Type.Union([Type.Literal('udp'), Type.Literal('tcp')]), {
      minItems: 1,
      uniqueItems: true,
      default: ['udp', 'tcp'],
      description: 'Transports to listen on.',
    }),
    max_message_bytes: Type.Integer({
      minimum: 480,
      maximum: 1024 * 1024,
      default: LIMITS.syslogMessageBytesMax,
      description: 'A longer message is quarantined, cut at this length.',
    }),
    ...common,
  },
  {
    ...closed,
    description: 'Syslog over UDP and TCP, RFC 3164 and RFC 5424, newline or octet counted.',
  },
);

const HttpSource = Type.Object(
  {
    type: Type.Literal('http'),
    listen: listen('127.0.0.1:8514'),
    max_body_bytes: Type.Integer({
      minimum: 1024,
      maximum: 256 * 1024 * 1024,
      default: LIMITS.httpBodyBytesMax,
      description: 'Larger bodies, after decompression, are answered with 413.',
    }),
    max_item_bytes: Type.Integer({
      minimum: 480,
      maximum: 4 * 1024 * 1024,
      default: LIMITS.httpItemBytesMax,
      description: 'A longer item is quarantined, cut at this length.',
    }),
    ...common,
  },
  {
    ...closed,
    description: 'POST /ingest with NDJSON or a JSON array; also /healthz, /readyz and /metrics.',
  },
);

export const ConfigSchema = Type.Object(
  {
    data_dir: Type.String({
      minLength: 1,
      default: './var',
      description: 'Where spool and embedded store live.',
    }),
    log_level: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      default: 'info',
      description: 'Least severe level that is logged, as JSON lines on standard error.',
    }),
    sources: Type.Record(
      Type.String({ pattern: '^[a-z][a-z0-9_]{0,31}$' }),
      Type.Unsafe<Static<typeof SyslogSource> | Static<typeof HttpSource>>({
        type: 'object',
        discriminator: { propertyName: 'type' },
        required: ['type'],
        oneOf: [SyslogSource, HttpSource],
      }),
      {
        additionalProperties: false,
        minProperties: 1,
        description: 'Listeners by name.',
        default: {
          syslog: { type: 'syslog', listen: '127.0.0.1:5514' },
          http: { type: 'http', listen: '127.0.0.1:8514' },
        },
      },
    ),
    spool: Type.Object(
      {
        max_bytes: Type.Integer({
          minimum: 16 * 1024 * 1024,
          default: LIMITS.spoolBytesMax,
          description: 'Size on disk at which inputs are slowed.',
        }),
        segment_bytes: Type.Integer({
          minimum: 1024 * 1024,
          maximum: 1024 * 1024 * 1024,
          default: LIMITS.spoolSegmentBytes,
          description: 'Size of one segment file; at most a quarter of max_bytes is used.',
        }),
        commit_interval_ms: Type.Integer({
          minimum: 1,
          maximum: 1000,
          default: LIMITS.spoolCommitIntervalMs,
          description: 'Longest wait for company before an fdatasync.',
        }),
        zstd_level: Type.Integer({
          minimum: 1,
          maximum: 19,
          default: 1,
          description: 'Compression of frames.',
        }),
      },
      { ...closed, default: {}, description: 'The disk buffer.' },
    ),
    workers: Type.Object(
      {
        count: Type.Integer({
          minimum: 1,
          maximum: 64,
          default: 2,
          description: 'Threads that parse.',
        }),
      },
      { ...closed, default: {}, description: 'The worker pool.' },
    ),
    store: Type.Object(
      {
        url: Type.String({
          default: '',
          pattern: '^(|https?://.+)$',
          description: 'ClickHouse server, http:// or https://; empty means the embedded store.',
        }),
        events_table: Type.String({
          pattern: '^[A-Za-z_][A-Za-z0-9_]*\\.[A-Za-z_][A-Za-z0-9_]*$',
          default: 'dev.events',
          description:
            'DATABASE.TABLE of the events; quarantine, dispositions and ledger stand beside it.',
        }),
        ttl_days: Type.Integer({
          minimum: 1,
          maximum: 36500,
          default: 90,
          description: 'Retention of rows.',
        }),
        max_rows: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: LIMITS.loaderRowsMax,
          description: 'Rows in one insert.',
        }),
        linger_ms: Type.Integer({
          minimum: 0,
          maximum: 60_000,
          default: LIMITS.loaderLingerMs,
          description: 'Longest wait of a row for company before an insert.',
        }),
      },
      { ...closed, default: {}, description: 'Where rows go.' },
    ),
  },
  { ...closed, $id: 'weir-config', title: 'Configuration of weir run' },
);

export type Config = Static<typeof ConfigSchema>;
export type SourceConfig = Config['sources'][string];
export type SyslogSourceConfig = Static<typeof SyslogSource>;
export type HttpSourceConfig = Static<typeof HttpSource>;

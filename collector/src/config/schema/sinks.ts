// Where events go. Each sink reads the spool on its own, at its own pace.

import {
  choice,
  closed,
  componentByType,
  count,
  inputs,
  KiB,
  MiB,
  SECRET,
  SECRET_HINT,
  secret,
} from './nodes.js';
import Type, { type Static } from './type.js';

const GiB = 1024 * MiB;

const common = {
  inputs: inputs(['*']),
  required: Type.Boolean({
    default: true,
    description:
      'The spool keeps every event until this sink has it. If not required, the sink may fall ' +
      'behind by max_lag_bytes, and then loses its oldest events, declared as sink_overrun.',
    examples: [false],
  }),
  max_lag_bytes: Type.Integer({
    minimum: MiB,
    default: 256 * MiB,
    description: 'Spooled bytes that a sink with required = false may be behind.',
    examples: [GiB],
  }),
};
const url = (description: string, example: string) =>
  Type.String({
    pattern: '^https?://.+$',
    description: `${description} ${SECRET_HINT}`,
    examples: [example],
    [SECRET]: 'url',
  });
const HEADER_NAME = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$";
const headers = Type.Record(Type.String({ pattern: HEADER_NAME }), secret('Value of the header.'), {
  ...closed,
  default: {},
  description: `Headers of every request, by name; values are secret. ${SECRET_HINT}`,
  examples: [{ Authorization: 'file:secrets/token' }],
  [SECRET]: 'value',
});
const tls_ca_file = Type.Optional(
  Type.String({
    minLength: 1,
    description:
      'PEM file with the certificates that the server is checked against, relative to the ' +
      'configuration; without it those of Node.js.',
    examples: ['ca.pem'],
  }),
);
const wire = {
  headers,
  tls_ca_file,
  timeout_ms: count(
    [100, 600_000],
    30_000,
    'Longest wait for the answer to a request; then it is sent again.',
    10_000,
  ),
  retry_max_delay_ms: count(
    [100, 3_600_000],
    30_000,
    'Longest pause between two tries. Pauses double and vary at random.',
    60_000,
  ),
};

const batches = (bytes: number, events: number) => ({
  batch_max_bytes: count(
    [KiB, 64 * MiB],
    bytes,
    'Bytes of a body before compression; one longer event goes alone.',
    MiB,
  ),
  batch_max_events: count([1, 100_000], events, 'Events in one body.', 1_000),
  linger_ms: count(
    [0, 60_000],
    300,
    'Longest wait of an event for company before a request.',
    1_000,
  ),
});

export const ClickhouseSink = Type.Object(
  {
    type: Type.Literal('clickhouse'),
    ...common,
    required: Type.Boolean({
      default: true,
      description: 'A clickhouse sink is always required; only true is taken.',
      examples: [true],
    }),
    max_lag_bytes: Type.Integer({
      minimum: MiB,
      default: 256 * MiB,
      description: 'Of no effect here: nothing is ever skipped for a clickhouse sink.',
      examples: [GiB],
    }),
  },
  {
    ...closed,
    description:
      'Rows into ClickHouse, each event once: the server or the embedded store of [store]. At most ' +
      'one.',
  },
);

export const HttpSink = Type.Object(
  {
    type: Type.Literal('http'),
    ...common,
    url: url('Where batches are POSTed, http:// or https://.', 'https://logs.example/ingest'),
    ...wire,
    format: choice(
      ['ndjson', 'json_array'],
      'ndjson',
      'Body: one JSON object a line, or one JSON array.',
    ),
    compression: choice(
      ['none', 'zstd', 'gzip'],
      'none',
      'Content-Encoding of the body; the server must know it.',
    ),
    ...batches(4 * MiB, 10_000),
  },
  { ...closed, description: 'JSON over HTTP POST to any server.' },
);

const SPLUNK_NAME = '^[^\\s"]{1,1024}$';
const splunkIndex = (description: string) =>
  Type.Optional(Type.String({ pattern: SPLUNK_NAME, description, examples: ['netfw'] }));

export const SplunkHecSink = Type.Object(
  {
    type: Type.Literal('splunk_hec'),
    ...common,
    url: url(
      'Address of the event collector; /services/collector/event is added.',
      'https://splunk.example:8088',
    ),
    token: secret('Token of the event collector.', {
      minLength: 1,
      examples: ['file:secrets/splunk-token'],
    }),
    event: choice(
      ['ocsf', 'raw', 'ecs'],
      'ocsf',
      'The event: OCSF, ECS, or the bytes that came, for add-ons of Splunk that read those.',
    ),
    sourcetype: Type.String({
      pattern: SPLUNK_NAME,
      default: 'weir:event',
      description: 'Source type of every event that by_parser says nothing of.',
      examples: ['weir:ocsf'],
    }),
    index: splunkIndex('Index; without it that of the token. The token must allow it.'),
    by_parser: Type.Record(
      Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }),
      Type.Object(
        {
          sourcetype: Type.Optional(
            Type.String({
              pattern: SPLUNK_NAME,
              description: 'Source type of events that this parser read.',
              examples: ['cisco:asa'],
            }),
          ),
          index: splunkIndex('Index of events that this parser read.'),
        },
        { ...closed, description: 'Where events of one parser go.' },
      ),
      {
        ...closed,
        default: {},
        description: 'Source type and index by the name of the pack that read the event.',
        examples: [{ cisco_asa: { sourcetype: 'cisco:asa', index: 'netfw' } }],
      },
    ),
    acknowledge: Type.Boolean({
      default: false,
      description:
        'Events are settled when Splunk says that they are indexed. The token must have ' +
        'acknowledgement turned on, and every request must reach the same server.',
      examples: [true],
    }),
    ack_poll_ms: count([100, 60_000], 2_000, 'How often Splunk is asked what is indexed.'),
    ack_timeout_ms: count(
      [1_000, 3_600_000],
      300_000,
      'Events that are not indexed by then are sent again.',
      600_000,
    ),
    ...wire,
    compression: choice(['gzip', 'none'], 'gzip', 'Content-Encoding of the body.'),
    ...batches(MiB, 10_000),
  },
  { ...closed, description: 'Events to the HTTP Event Collector of Splunk.' },
);

/** Lower case, as indexes are named; a name begins with a letter or digit. */
const INDEX_NAME = '^[a-z0-9]([a-z0-9._-]|\\{(tenant|date|month)\\}){0,200}$';

export const ElasticsearchSink = Type.Object(
  {
    type: Type.Literal('elasticsearch'),
    ...common,
    url: url(
      'Address of Elasticsearch or OpenSearch; /_bulk is added.',
      'https://elastic.example:9200',
    ),
    api_key: Type.Optional(
      secret('Encoded API key, instead of a user and password in the url.', {
        minLength: 1,
        examples: ['file:secrets/api-key'],
      }),
    ),
    event: choice(['ecs', 'ocsf'], 'ecs', 'Form of the documents: ECS 8.17 or OCSF 1.8.'),
    index: Type.String({
      pattern: INDEX_NAME,
      default: 'weir-{date}',
      description:
        'Index, or name of a data stream. {tenant}; {date} (yyyy.MM.dd) and {month} (yyyy.MM) of ' +
        'the time at which the event was taken in, so that a repeat goes to the same index.',
      examples: ['weir-{tenant}-{month}'],
    }),
    pipeline: Type.Optional(
      Type.String({
        pattern: '^[^\\s/]{1,255}$',
        description: 'Ingest pipeline that every document passes.',
        examples: ['geoip'],
      }),
    ),
    ...wire,
    timeout_ms: count(
      [100, 600_000],
      60_000,
      'Longest wait for the answer to a request; then it is sent again.',
      10_000,
    ),
    compression: choice(['gzip', 'none'], 'gzip', 'Content-Encoding of the body.'),
    ...batches(5 * MiB, 5_000),
  },
  { ...closed, description: 'Documents into Elasticsearch or OpenSearch, each event once.' },
);

/** Without a comma, a quote or a space: it stands in a path. */
const S3_PREFIX = '^([A-Za-z0-9._=/-]|\\{date\\}){0,300}$';

export const S3Sink = Type.Object(
  {
    type: Type.Literal('s3'),
    ...common,
    endpoint: url(
      'Address of the service, without the bucket.',
      'https://s3.eu-central-1.amazonaws.com',
    ),
    bucket: Type.String({
      pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$',
      description: 'Bucket; it must exist.',
      examples: ['siem-archive'],
    }),
    region: Type.String({
      pattern: '^[a-z0-9-]{1,64}$',
      default: 'us-east-1',
      description: 'Region of the bucket; it is part of each signature.',
      examples: ['eu-central-1'],
    }),
    access_key_id: Type.Optional(
      secret('Access key; without it AWS_ACCESS_KEY_ID.', {
        minLength: 1,
        examples: ['env:S3_KEY_ID'],
      }),
    ),
    secret_access_key: Type.Optional(
      secret('Its secret; without it AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.', {
        minLength: 1,
        examples: ['file:secrets/s3-key'],
      }),
    ),
    path_style: Type.Boolean({
      default: true,
      description: 'The bucket stands in the path; false: in the host name, as AWS prefers.',
      examples: [false],
    }),
    prefix: Type.String({
      pattern: S3_PREFIX,
      default: 'weir/{date}/',
      description: 'Before the name of each object; {date} is the day on which it came in (UTC).',
      examples: ['siem/date={date}/'],
    }),
    compression: choice(['zstd', 'gzip', 'none'], 'zstd', 'Compression of each object.'),
    storage_class: Type.Optional(
      Type.String({
        pattern: '^[A-Z_]{1,64}$',
        description: 'Storage class; without it that of the bucket.',
        examples: ['STANDARD_IA'],
      }),
    ),
    server_side_encryption: Type.Optional(
      Type.Enum(['AES256', 'aws:kms'], {
        description: 'Encryption that is asked of the store; without it what the bucket does.',
        examples: ['AES256'],
      }),
    ),
    kms_key_id: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9:/_-]{1,2048}$',
        description: 'Key for aws:kms; without it that of the account.',
        examples: ['alias/siem'],
      }),
    ),
    tls_ca_file,
    timeout_ms: count(
      [100, 600_000],
      60_000,
      'Longest wait for the answer to a request; then it is sent again.',
      10_000,
    ),
    retry_max_delay_ms: wire.retry_max_delay_ms,
    batch_max_bytes: count(
      [KiB, 64 * MiB],
      16 * MiB,
      'Bytes of an object before compression; one longer event goes alone.',
      MiB,
    ),
    batch_max_events: count([1, 1_000_000], 100_000, 'Events in one object.', 1_000),
    linger_ms: count(
      [0, 3_600_000],
      60_000,
      'Longest wait of an event for company before its object is written.',
      1_000,
    ),
  },
  { ...closed, description: 'Objects in an S3-compatible store, one JSON object a line.' },
);

const pemFile = (description: string, example: string) =>
  Type.Optional(Type.String({ minLength: 1, description, examples: [example] }));

export const SyslogSink = Type.Object(
  {
    type: Type.Literal('syslog'),
    ...common,
    address: Type.String({
      pattern: '^(\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9._-]+):[0-9]{1,5}$',
      description: 'HOST:PORT of the server; an IPv6 address in brackets.',
      examples: ['syslog.example:6514'],
    }),
    tls: Type.Boolean({
      default: false,
      description: 'TLS (RFC 5425). Without it whoever is on the way can read and change events.',
      examples: [true],
    }),
    tls_ca_file,
    tls_certificate_file: pemFile(
      'PEM file with the certificate of this client, where the server asks for one.',
      'client.pem',
    ),
    tls_key_file: pemFile('PEM file with the key of that certificate.', 'client.key'),
    event: choice(
      ['raw', 'ocsf', 'ecs'],
      'raw',
      'The message: the bytes that came, or JSON in OCSF or ECS. Raw bytes that are a syslog ' +
        'message go as they are, with the head that they have.',
    ),
    format: choice(['rfc5424', 'rfc3164'], 'rfc5424', 'Head of messages that have none.'),
    framing: choice(
      ['octet_counting', 'newline'],
      'octet_counting',
      'Where a message ends (RFC 6587). newline: a line feed in a message becomes a space.',
    ),
    facility: Type.Integer({
      minimum: 0,
      maximum: 23,
      default: 16,
      description: 'Facility of messages that get a head; 16 is local0. Severity is of the event.',
      examples: [4],
    }),
    identity: Type.Boolean({
      default: true,
      description:
        'Tenant, stream, epoch and seq as structured data of messages that get a head (rfc5424).',
      examples: [false],
    }),
    timeout_ms: wire.timeout_ms,
    retry_max_delay_ms: wire.retry_max_delay_ms,
    linger_ms: count(
      [0, 60_000],
      20,
      'Longest wait of an event for company before it is written.',
      100,
    ),
  },
  { ...closed, description: 'Messages to a syslog server over TCP or TLS.' },
);

export const FileSink = Type.Object(
  {
    type: Type.Literal('file'),
    ...common,
    path: Type.String({
      minLength: 1,
      description: 'File that is written, relative to the working directory.',
      examples: ['var/out/events.ndjson'],
    }),
    max_file_bytes: Type.Integer({
      minimum: 64 * KiB,
      maximum: 1024 * GiB,
      default: 256 * MiB,
      description:
        'A file that would become larger is renamed to PATH.NUMBER first, and a new one begun.',
      examples: [64 * MiB],
    }),
    max_files: count(
      [0, 100_000],
      0,
      'Closed files that are kept; the oldest beyond are deleted. 0 keeps all.',
      48,
    ),
    compression: choice(['none', 'zstd'], 'none', 'Compression of closed files.'),
  },
  { ...closed, description: 'Newline delimited JSON into a file, with rotation.' },
);

export const StdoutSink = Type.Object(
  { type: Type.Literal('stdout'), ...common },
  { ...closed, description: 'One JSON object a line on standard output.' },
);

export const WeirSink = Type.Object(
  {
    type: Type.Literal('weir'),
    ...common,
    url: url(
      'Base address of the other Weir, a path prefix included; /ingest is added.',
      'http://central.example:8514',
    ),
    ...wire,
  },
  {
    ...closed,
    description: 'Frames, compressed with zstd, to another Weir; events keep their identity.',
  },
);

export const KafkaSink = Type.Object(
  {
    type: Type.Literal('kafka'),
    ...common,
    envelope: choice(
      ['batch', 'event'],
      'batch',
      'batch: one message for up to 512 events, which the loader reads. event: one Avro record an ' +
        'event, for other consumers; events in quarantine stay here.',
    ),
    topic: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,200}$',
        description: 'Instead of kafka.topic.',
        examples: ['siem.plain.v1'],
      }),
    ),
    linger_ms: count(
      [0, 60_000],
      20,
      'Longest wait of a batch for company before it is handed to the client.',
      100,
    ),
    retry_max_delay_ms: wire.retry_max_delay_ms,
  },
  { ...closed, description: 'Messages to the topic of the cluster in [kafka].' },
);

export const BlackholeSink = Type.Object(
  { type: Type.Literal('blackhole'), ...common },
  { ...closed, description: 'Takes everything and keeps nothing; to measure what is before it.' },
);

export const SINK_TYPES = {
  clickhouse: ClickhouseSink,
  http: HttpSink,
  file: FileSink,
  stdout: StdoutSink,
  weir: WeirSink,
  kafka: KafkaSink,
  splunk_hec: SplunkHecSink,
  elasticsearch: ElasticsearchSink,
  s3: S3Sink,
  syslog: SyslogSink,
  blackhole: BlackholeSink,
} as const;
export const SinkSchema = componentByType(
  [
    ClickhouseSink,
    HttpSink,
    FileSink,
    StdoutSink,
    WeirSink,
    KafkaSink,
    SplunkHecSink,
    ElasticsearchSink,
    S3Sink,
    SyslogSink,
    BlackholeSink,
  ],
  'A destination: clickhouse, http, file, stdout, weir, kafka, splunk_hec, ' +
    'elasticsearch, s3, syslog or blackhole.',
);

export type SinkConfig = Static<typeof SinkSchema>;
export type ClickhouseSinkConfig = Static<typeof ClickhouseSink>;
export type HttpSinkConfig = Static<typeof HttpSink>;
export type FileSinkConfig = Static<typeof FileSink>;
export type StdoutSinkConfig = Static<typeof StdoutSink>;
export type WeirSinkConfig = Static<typeof WeirSink>;
export type KafkaSinkConfig = Static<typeof KafkaSink>;
export type SplunkHecSinkConfig = Static<typeof SplunkHecSink>;
export type ElasticsearchSinkConfig = Static<typeof ElasticsearchSink>;
export type S3SinkConfig = Static<typeof S3Sink>;
export type SyslogSinkConfig = Static<typeof SyslogSink>;
export type BlackholeSinkConfig = Static<typeof BlackholeSink>;

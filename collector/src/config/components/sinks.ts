// Sinks in words.
import {
  BlackholeSink,
  ClickhouseSink,
  ElasticsearchSink,
  FileSink,
  HttpSink,
  KafkaSink,
  S3Sink,
  SplunkHecSink,
  StdoutSink,
  SyslogSink,
  WeirSink,
} from '../schema/sinks.js';
import type { ComponentSpec } from './spec.js';

const metrics = [
  'component_received_events_total',
  'component_sent_events_total',
  'component_sent_event_bytes_total',
  'component_quarantined_events_total',
  'component_errors_total',
  'component_discarded_events_total',
  'pending_event_count',
  'pending_event_bytes',
  'source_lag_time_seconds',
  'sink_up',
  'ledger_missing_events',
];
const DELAYS_NONE = 'It reads the spool at its own pace: a slow or dead sink delays no other.';
const OWN_PACE = `${DELAYS_NONE} With \`required = false\` it can fill no spool either.`;
const LEDGER =
  'What became of every number stands in a ledger of this sink under `DIR/ledger`; `weir verify` ' +
  'closes it.';
const AT_LEAST_ONCE =
  'At least once: after a crash, or an answer that was lost, a batch may come again. Every line ' +
  'carries tenant, stream, epoch and seq, by which a receiver tells.';
const QUARANTINE_FILES = [
  'an event cannot be parsed',
  'it goes to `DIR/quarantine/<id>`, with reason and raw bytes; when that is full the sink is ' +
    'blocked, and nothing is dropped',
] as const;
const TRY_AGAIN = 'tried again with growing pauses, for ever; the events wait in the spool';
const PROXY =
  'HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment are honoured; user and password in the ' +
  'URL become a Basic Authorization header.';
const OVERRUN = [
  'an optional sink is more than `max_lag_bytes` behind',
  'its oldest batches are skipped and declared lost for it, as `sink_overrun`',
] as const;

export const sinks: readonly ComponentSpec[] = [
  {
    kind: 'sink',
    type: 'clickhouse',
    stability: 'beta',
    schema: ClickhouseSink,
    exampleId: 'clickhouse',
    example: {},
    guarantees: [
      'Exactly once: each event is one row, also after a crash of Weir, of the server, or of both.',
      'Quarantine, filtered and lost numbers stand in tables beside the events.',
      `${DELAYS_NONE} It is always required: \`required = false\` is refused.`,
    ],
    failures: [
      ['the server is away or busy', TRY_AGAIN],
      [
        'it fails three times in a row, or hangs',
        'the circuit opens: nothing is read or sent until a ping succeeds, then one delivery is ' +
          'tried; an embedded engine that hangs is ended and started again',
      ],
      [
        'an insert has no clear end',
        'what landed is read back by number, and only what is missing is inserted',
      ],
      ['an event cannot be parsed', 'it is a row of the table quarantine, with its bytes'],
    ],
    metrics: [
      ...metrics,
      'sink_breaker_state',
      'sink_breaker_open_seconds',
      'sink_breaker_opened_total',
    ],
  },
  {
    kind: 'sink',
    type: 'http',
    stability: 'beta',
    schema: HttpSink,
    exampleId: 'siem',
    example: { url: 'https://logs.example/ingest', compression: 'zstd' },
    guarantees: [
      AT_LEAST_ONCE,
      'The header `weir-batch-id` names the rows of a request: the same rows have the same name ' +
        'whenever they come.',
      PROXY,
      LEDGER,
      OWN_PACE,
    ],
    failures: [
      ['no answer, 408, 429 or 5xx', `${TRY_AGAIN}; Retry-After is obeyed`],
      [
        '400, 413 or 422',
        'the batch is halved until single events are left; what is refused alone is quarantined',
      ],
      [
        '401, 403, 404 or another answer that the configuration is to blame for',
        `${TRY_AGAIN}; the log says what to look at`,
      ],
      QUARANTINE_FILES,
      OVERRUN,
    ],
    metrics,
  },
  {
    kind: 'sink',
    type: 'file',
    stability: 'beta',
    schema: FileSink,
    exampleId: 'archive',
    example: { path: 'var/out/events.ndjson', compression: 'zstd' },
    guarantees: [
      'Exactly once: a write is synced before it is recorded, and a start cuts off what was ' +
        'written and never recorded.',
      'A file that is closed is renamed to `<path>.<number>`, and compressed in the background.',
      LEDGER,
      OWN_PACE,
    ],
    failures: [
      ['the disk is full, or the folder cannot be written', TRY_AGAIN],
      [
        'someone else writes to the file, or cuts it',
        'what the ledger does not know of is cut off at the next start; do not share the file',
      ],
      [
        '`max_files` is set',
        'the oldest closed files are deleted, whether anyone read them or not',
      ],
      QUARANTINE_FILES,
      OVERRUN,
    ],
    metrics,
  },
  {
    kind: 'sink',
    type: 'stdout',
    stability: 'beta',
    schema: StdoutSink,
    exampleId: 'console',
    example: { required: false },
    guarantees: [
      'A line is delivered when the pipe or terminal took it; what its reader does is not known.',
      AT_LEAST_ONCE,
      LEDGER,
      OWN_PACE,
    ],
    failures: [['the reader is slow or gone', TRY_AGAIN], QUARANTINE_FILES, OVERRUN],
    metrics,
  },
  {
    kind: 'sink',
    type: 'weir',
    stability: 'beta',
    schema: WeirSink,
    exampleId: 'upstream',
    example: { url: 'http://central.example:8514' },
    guarantees: [
      'Events keep tenant, stream, epoch and seq; the other side stores each once, however often ' +
        'it comes.',
      'Delivered means that the other Weir has it on disk.',
      PROXY,
      LEDGER,
      OWN_PACE,
    ],
    failures: [
      ['the other side is away, full or busy', `${TRY_AGAIN}; Retry-After is obeyed`],
      ['the other side does not take the tenant', 'the sink is blocked until that is mended'],
      OVERRUN,
    ],
    metrics,
  },
  {
    kind: 'sink',
    type: 'kafka',
    stability: 'beta',
    schema: KafkaSink,
    exampleId: 'kafka',
    example: {},
    needs: { kafka: { brokers: 'kafka.example:9092' } },
    guarantees: [
      'Delivered means on all replicas that count (`acks=all`, idempotent producer); the spool keeps ' +
        'everything until then.',
      'At least once into the topic; `weir loader` stores each event once, however often it comes.',
      'A stream goes to one partition, in order; the key is its name, headers name its numbers.',
      LEDGER,
      OWN_PACE,
    ],
    failures: [
      ['no broker answers, or credentials are refused', TRY_AGAIN],
      ['the topic is not there', `${TRY_AGAIN}; \`weir kafka doctor --create\` makes it`],
      ['a batch is larger than a message may be', 'it is split; one event may fill a message'],
      [
        'the broker takes smaller messages than are sent',
        `${TRY_AGAIN}; the log says which setting is too small`,
      ],
      OVERRUN,
    ],
    metrics,
  },
  {
    kind: 'sink',
    type: 'splunk_hec',
    stability: 'beta',
    schema: SplunkHecSink,
    exampleId: 'splunk',
    example: {
      url: 'https://splunk.example:8088',
      token: 'replace-me',
      event: 'raw',
      by_parser: { cisco_asa: { sourcetype: 'cisco:asa', index: 'netfw' } },
    },
    guarantees: [
      'At least once: after a crash, an answer that was lost, or an acknowledgement that did not ' +
        'come, a batch may come again. The indexed fields `weir_tenant`, `weir_stream`, ' +
        '`weir_epoch` and `weir_seq` tell: `| dedup weir_stream weir_epoch weir_seq` shows each ' +
        'event once.',
      'Delivered means that Splunk took the events; with `acknowledge = true`, that it has indexed ' +
        'them. Without it an indexer that dies loses what it had taken and not yet written.',
      '`host` is the host of the event, else the address it came from; `source` is the stream. With ' +
        '`event = "raw"`, bytes that are no UTF-8 stand in the field `weir_raw_base64`.',
      PROXY,
      LEDGER,
      OWN_PACE,
    ],
    failures: [
      [
        'server busy (9), shutting down (23), 429, 5xx, no answer',
        `${TRY_AGAIN}; Retry-After is obeyed`,
      ],
      [
        'an invalid or disabled token (1 to 4), an index that the token may not write to (7), a ' +
          'missing or invalid channel (10, 11), acknowledgement turned off (14)',
        `${TRY_AGAIN}; the log says what to mend`,
      ],
      [
        'an event in the wrong format (6, 12, 13, 15)',
        'the one that `invalid-event-number` names is quarantined, those behind it are sent again; ' +
          'without a number the batch is halved',
      ],
      ['413, or 400 without a code', 'the batch is halved; what is refused alone is quarantined'],
      [
        'an acknowledgement that does not come, or a server that begins to count again',
        'the events are sent again in another channel',
      ],
      QUARANTINE_FILES,
      OVERRUN,
    ],
    metrics,
  },
  {
    kind: 'sink',
    type: 'elasticsearch',
    stability: 'beta',
    schema: ElasticsearchSink,
    exampleId: 'elastic',
    example: { url: 'https://elastic.example:9200', index: 'weir-{tenant}-{date}' },
    guarantees: [
      'Exactly once in an index: documents are created under an `_id` made from tenant, stream, ' +
        'epoch and seq, and one that is there already (409) is done. A data stream, or an alias ' +
        'that is rolled over, has a new index from time to time: a repeat that comes after that is ' +
        'stored a second time, so prefer a name with `{date}` or `{month}`.',
      'Only documents that were not taken are sent again.',
      'In ECS the identity and what has no ECS field stand under `weir`; `@timestamp` is the time ' +
        'of the event, else that of its arrival.',
      PROXY,
      LEDGER,
      OWN_PACE,
    ],
    failures: [
      [
        'no answer, 408, 429 or 5xx for the request or a document',
        `${TRY_AGAIN}; Retry-After is obeyed`,
      ],
      [
        '400 for a document, such as a value that does not go with the mapping; 413',
        'it is quarantined with the reason that was given; all others are stored',
      ],
      [
        '401, 403 or 404, also for a document: no rights, a blocked or missing index',
        `${TRY_AGAIN}; the log says what to look at`,
      ],
      [
        '400 or 413 for the whole request',
        'the batch is halved until single events are left; what is refused alone is quarantined',
      ],
      [
        'every document is refused since the start',
        `${TRY_AGAIN}: the index is to blame, not the events`,
      ],
      QUARANTINE_FILES,
      OVERRUN,
    ],
    metrics,
  },
  {
    kind: 'sink',
    type: 's3',
    stability: 'beta',
    schema: S3Sink,
    exampleId: 'archive',
    example: {
      endpoint: 'https://s3.eu-central-1.amazonaws.com',
      bucket: 'siem-archive',
      region: 'eu-central-1',
      access_key_id: 'replace-me',
      secret_access_key: 'replace-me',
    },
    guarantees: [
      'Delivered means that the store has answered 200 to a whole object: it is durable there.',
      'At least once: an object is named after its rows, so that a repeat replaces it by an equal ' +
        'one; after a crash the same rows may come in objects that are cut otherwise. Every line ' +
        'carries tenant, stream, epoch and seq, by which a reader tells.',
      'Each object is one zstd frame of JSON lines, as the `file` sink writes them. Its metadata ' +
        'name the first and last row and the number of rows (`x-amz-meta-weir-*`); its SHA-256 is ' +
        'part of the signature, so that what arrives is what was sent.',
      'An event waits up to `linger_ms` for its object: it is in the spool meanwhile.',
      'Requests are signed with Signature Version 4. Credentials of an instance or a container ' +
        '(IMDS) are not looked for.',
      LEDGER,
      OWN_PACE,
    ],
    failures: [
      ['no answer, 429 or 5xx', `${TRY_AGAIN}; Retry-After is obeyed`],
      [
        'no rights, no bucket, another region, a wrong clock, expired credentials',
        `${TRY_AGAIN}; the log says what to mend`,
      ],
      QUARANTINE_FILES,
      OVERRUN,
    ],
    metrics,
  },
  {
    kind: 'sink',
    type: 'syslog',
    stability: 'beta',
    schema: SyslogSink,
    exampleId: 'relay',
    example: { address: 'syslog.example:6514', tls: true },
    guarantees: [
      'Syslog has no acknowledgement. Delivered means that the kernel of this machine took every ' +
        'byte while the connection stood: when a connection breaks, what stands in the buffers of ' +
        'both kernels is lost, and nobody can say how much. Where each event counts, use a sink ' +
        'that answers.',
      'A connection whose end has been seen is written to no more, and nothing goes behind half a ' +
        'message. What was not wholly written is sent again, so messages may come twice; the ' +
        'structured data `weir@32473` (tenant, stream, epoch, seq) tells.',
      'One connection, in the order of the spool.',
      LEDGER,
      OWN_PACE,
    ],
    failures: [
      ['the server is away, closes, or does not read within `timeout_ms`', TRY_AGAIN],
      ['another certificate, or none of this client', `${TRY_AGAIN}; the log says which`],
      QUARANTINE_FILES,
      OVERRUN,
    ],
    metrics,
  },
  {
    kind: 'sink',
    type: 'blackhole',
    stability: 'stable',
    schema: BlackholeSink,
    exampleId: 'nowhere',
    example: {},
    guarantees: ['Events are parsed and counted, and kept nowhere.', LEDGER, OWN_PACE],
    failures: [QUARANTINE_FILES, OVERRUN],
    metrics,
  },
];

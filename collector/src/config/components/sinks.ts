// Sinks in words.
import {
  BlackholeSink,
  ClickhouseSink,
  FileSink,
  HttpSink,
  KafkaSink,
  StdoutSink,
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

// The sections that exist once: spool, workers, store.
import { LIMITS } from '@weir/pipeline';
import { choice, closed, count, LABEL, MiB, SECRET, SECRET_HINT, secret } from './nodes.js';
import Type from './type.js';

export const SpoolSection = Type.Object(
  {
    max_bytes: Type.Integer({
      minimum: 16 * MiB,
      default: LIMITS.spoolBytesMax,
      description: 'Size on disk at which inputs are slowed.',
      examples: [32 * 1024 * MiB],
    }),
    segment_bytes: count(
      [MiB, 1024 * MiB],
      LIMITS.spoolSegmentBytes,
      'Size of one segment file; at most a quarter of max_bytes is used.',
    ),
    commit_interval_ms: count(
      [1, 1000],
      LIMITS.spoolCommitIntervalMs,
      'How long events gather before they are written and synced together; on average half of it.',
    ),
    zstd_level: count([1, 19], 1, 'Compression of frames.', 3),
    when_full: choice(
      ['block', 'drop_newest'],
      'block',
      'While it is full: TCP senders wait, or what they send is read, refused as spool_full and counted. ' +
        'UDP is always refused and counted, HTTP always gets a 503.',
    ),
    scrub_bytes_per_second: count(
      [0, 1024 * MiB],
      LIMITS.spoolScrubBytesPerSecond,
      'Rate at which stored segments are read again, each about once a day, to find damage; 0 for never.',
      8 * MiB,
    ),
  },
  { ...closed, default: {}, description: 'The disk buffer.' },
);

export const LedgerSection = Type.Object(
  {
    checkpoint_interval_ms: count(
      [100, 60_000],
      LIMITS.checkpointIntervalMs,
      'How long accepted events wait for a signed checkpoint over them; their owner could deny them until then.',
      5_000,
    ),
  },
  { ...closed, default: {}, description: 'Signed evidence of what was accepted.' },
);

export const WorkersSection = Type.Object(
  {
    count: count([1, 64], 2, 'Threads that parse.', 4),
    batch_timeout_ms: count(
      [100, LIMITS.workerStallMs - 1_000],
      LIMITS.workerBatchTimeoutMs,
      'A worker that is not done with a batch by then is ended; the batch is tried again in halves, ' +
        'and an event that hangs alone goes to quarantine as component_failed.',
      10_000,
    ),
  },
  { ...closed, default: {}, description: 'The worker pool: parsing, transforms, encoding.' },
);

const days = Type.Integer({ minimum: 1, maximum: 36500, description: 'Days.', examples: [365] });

export const StoreSection = Type.Object(
  {
    url: Type.String({
      default: '',
      pattern: '^(|https?://.+)$',
      description: `ClickHouse server, http:// or https://; empty means the embedded store. ${SECRET_HINT}`,
      examples: ['https://clickhouse.example:8443'],
      [SECRET]: 'url',
    }),
    username: Type.String({
      default: '',
      description: 'User on the server; empty sends none, and the server takes its default user.',
      examples: ['weir'],
    }),
    password: secret('Password of the user.', {
      default: '',
      examples: ['file:secrets/clickhouse'],
    }),
    events_table: Type.String({
      pattern: '^[A-Za-z_][A-Za-z0-9_]*\\.[A-Za-z_][A-Za-z0-9_]*$',
      default: 'dev.events',
      description:
        'DATABASE.TABLE of the events; quarantine, dispositions and ledger stand beside it.',
      examples: ['siem.events'],
    }),
    profile: choice(
      ['full', 'slim'],
      'full',
      'Columns of the events table: full has one for every field, and a Map and a text index; ' +
        'slim has identity, times, parser, class, severity and raw_data, for a third of the ' +
        'cost. A table keeps the profile it was made with.',
    ),
    ttl_days: count([1, 36500], 90, 'Retention of rows.', 365),
    retention: Type.Record(Type.String({ pattern: LABEL }), days, {
      ...closed,
      default: {},
      description:
        'Days by retention class, where they are not ttl_days; a source names its class with ' +
        'retention_class.',
      examples: [{ short: 7, long: 365 }],
    }),
    quarantine_ttl_days: count(
      [0, 36500],
      0,
      'Retention of rows in quarantine whose class has no days of its own; 0 for ttl_days.',
      30,
    ),
    cluster: Type.String({
      pattern: '^[A-Za-z0-9_.-]{0,64}$',
      default: '',
      description:
        'Cluster of the server on which tables are made (ON CLUSTER), with replicated engines ' +
        'and inserts that wait for a quorum; empty for a single server.',
      examples: ['security'],
    }),
    max_rows: count([1, 1_000_000], LIMITS.loaderRowsMax, 'Rows in one insert.'),
    linger_ms: count(
      [0, 60_000],
      LIMITS.loaderLingerMs,
      'Longest wait of a row for company before an insert.',
      1_000,
    ),
  },
  { ...closed, default: {}, description: 'ClickHouse: the server, or the embedded store.' },
);

// Variants of the events table, as data: what is changed of the table that the migrations make.

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  /** `CODEC(...)`; empty for the table's default. */
  readonly codec: string;
}

export interface Variant {
  readonly name: string;
  /** Actions of one ALTER TABLE on the empty table; a setting comes last. */
  readonly changes: (columns: readonly TableColumn[]) => readonly string[];
  /** In the place of the present key. */
  readonly orderBy?: string;
}

const NUMBERS = ['seq', 'source_seq', 'ingest_time', 'time'];
const TEXTS = ['message', 'attributes', 'unmapped'];
/** Strings of few values in most networks, but of many in some. */
const NAMES = [
  'src_endpoint_ip',
  'src_endpoint_hostname',
  'dst_endpoint_ip',
  'dst_endpoint_hostname',
  'actor_user_name',
  'url_hostname',
];

/** Their types cannot be changed. */
const KEY_COLUMNS: ReadonlySet<string> = new Set(['tenant_id', 'stream', 'retention_class']);

const unchanged = (): string[] => [];
const codec = (names: readonly string[], value: string): string[] =>
  names.map((name) => `MODIFY COLUMN ${name} CODEC(${value})`);
const fixed =
  (...changes: string[]) =>
  (): string[] =>
    changes;
const withoutCodec = (columns: readonly TableColumn[]): string[] =>
  columns.filter((column) => column.codec === '').map(({ name }) => name);
const defaultCodec = (value: string): string =>
  `MODIFY SETTING default_compression_codec = '${value}'`;
const DEFAULT_LZ4 = defaultCodec('LZ4');
const index = (column: string, type: string): string =>
  `ADD INDEX bench_${column} ${column} TYPE ${type} GRANULARITY 1`;

/** The table as it is made now; the others are held against it. */
export const PRESENT = 'present';

export const VARIANTS: readonly Variant[] = [
  { name: PRESENT, changes: unchanged },
  // Compression of the event's bytes.
  { name: 'raw_lz4', changes: () => codec(['raw_data'], 'LZ4') },
  { name: 'raw_zstd3', changes: () => codec(['raw_data'], 'ZSTD(3)') },
  { name: 'raw_zstd6', changes: () => codec(['raw_data'], 'ZSTD(6)') },
  // Of the columns that have none of their own; secondary indexes follow the table's setting, too.
  { name: 'default_lz4', changes: fixed(DEFAULT_LZ4) },
  { name: 'default_zstd3', changes: fixed(defaultCodec('ZSTD(3)')) },
  { name: 'texts_zstd1', changes: () => [...codec(TEXTS, 'ZSTD(1)'), DEFAULT_LZ4] },
  {
    name: 'fields_zstd1',
    changes: (columns) => [...codec(withoutCodec(columns), 'ZSTD(1)'), DEFAULT_LZ4],
  },
  // Of numbers and times.
  { name: 'numbers_lz4', changes: () => codec(NUMBERS, 'LZ4') },
  { name: 'numbers_t64', changes: () => codec(NUMBERS, 'T64, LZ4') },
  { name: 'numbers_double_delta', changes: () => codec(NUMBERS, 'DoubleDelta, LZ4') },
  { name: 'numbers_delta_zstd1', changes: () => codec(NUMBERS, 'Delta, ZSTD(1)') },
  // Types of text.
  {
    name: 'names_low_cardinality',
    changes: () => NAMES.map((name) => `MODIFY COLUMN ${name} LowCardinality(String)`),
  },
  {
    name: 'no_low_cardinality',
    changes: (columns) =>
      columns
        .filter(({ name, type }) => type === 'LowCardinality(String)' && !KEY_COLUMNS.has(name))
        .map(({ name }) => `MODIFY COLUMN ${name} String`),
  },
  // Skip indexes.
  { name: 'no_text_index', changes: fixed('DROP INDEX raw_data_text') },
  { name: 'no_minmax', changes: fixed('DROP INDEX time_minmax', 'DROP INDEX seq_minmax') },
  { name: 'message_tokenbf', changes: fixed(index('message', 'tokenbf_v1(32768, 3, 0)')) },
  {
    name: 'message_text',
    changes: fixed(index('message', 'text(tokenizer = splitByNonAlpha)')),
  },
  {
    name: 'addresses_bloom',
    changes: fixed(
      index('src_endpoint_ip', 'bloom_filter(0.01)'),
      index('dst_endpoint_ip', 'bloom_filter(0.01)'),
    ),
  },
  {
    name: 'addresses_minmax',
    changes: fixed(index('src_endpoint_ip', 'minmax'), index('dst_endpoint_ip', 'minmax')),
  },
  { name: 'hostname_set', changes: fixed(index('device_hostname', 'set(256)')) },
  { name: 'severity_set', changes: fixed(index('severity_id', 'set(8)')) },
  // Key order. The whole identity stands in each: without it rows of different events would be one.
  { name: 'key_stream', changes: unchanged, orderBy: '(tenant_id, stream, epoch, seq)' },
  {
    name: 'key_received',
    changes: unchanged,
    orderBy: '(tenant_id, ingest_time, stream, epoch, seq)',
  },
  { name: 'key_time', changes: unchanged, orderBy: '(tenant_id, time, stream, epoch, seq)' },
  {
    name: 'key_class',
    changes: unchanged,
    orderBy: '(tenant_id, class_uid, time, stream, epoch, seq)',
  },
];

export const VARIANT_NAMES = VARIANTS.map(({ name }) => name);

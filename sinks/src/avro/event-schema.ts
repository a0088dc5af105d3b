// The Avro schema of one event a record, for consumers that know nothing of Weir: made from the
// fields of the event model, so that a new field is in it with the next version. Every field of the
// model is a union with null and null by default: readers and writers of other versions understand
// each other (Avro 1.11, schema resolution).
import { FIELDS, type FieldSpec, type FieldType } from '@weir/pipeline';

interface AvroField {
  readonly name: string;
  readonly type: unknown;
  readonly doc: string;
  readonly default?: unknown;
  /** OCSF path of a field of the model. */
  readonly path?: string;
}

export interface AvroRecord {
  readonly type: 'record';
  readonly name: string;
  readonly namespace: string;
  readonly doc: string;
  readonly fields: readonly AvroField[];
}

const TIME = { type: 'long', logicalType: 'timestamp-micros' } as const;

const TYPES: Readonly<Record<FieldType, unknown>> = {
  String: 'string',
  UInt8: 'int',
  UInt32: 'long',
  'DateTime64(6)': TIME,
  'Nullable(UInt8)': 'int',
  'Nullable(UInt16)': 'int',
  'Nullable(UInt32)': 'long',
  'Nullable(UInt64)': 'long',
  'Nullable(Float64)': 'double',
};

/**
 * A name of Avro: that of the column where there is one, else the path with two underscores for a
 * dot, since `app_name` and `app.name` are two fields.
 */
export const avroName = ({ column, path, storage }: FieldSpec): string =>
  storage === 'column' ? column : path.replaceAll('.', '__');

const IDENTITY: readonly AvroField[] = [
  { name: 'tenant_id', type: 'string', doc: 'Tenant.' },
  { name: 'stream', type: 'string', doc: 'Admission queue that numbered the event.' },
  { name: 'epoch', type: 'string', doc: 'Start of that queue; decimal, 64 bits without sign.' },
  { name: 'seq', type: 'long', doc: 'Number in (tenant_id, stream, epoch), dense from 0.' },
  { name: 'source', type: 'string', doc: 'Where it came from.' },
  { name: 'source_seq', type: 'long', doc: 'Number among the events of the source.' },
  { name: 'ingest_time', type: TIME, doc: 'When it was received.' },
  { name: 'parser', type: 'string', doc: 'Parser that took it.' },
  { name: 'parser_version', type: 'string', doc: 'Version of that parser.' },
  { name: 'marks', type: { type: 'array', items: 'string' }, doc: 'What is odd about it.' },
];

const LAST: readonly AvroField[] = [
  { name: 'unmapped', type: { type: 'map', values: 'string' }, doc: 'Keys without a field.' },
  { name: 'raw_data', type: 'bytes', doc: 'The event as received.' },
];

export const EVENT_SCHEMA: AvroRecord = {
  type: 'record',
  name: 'Event',
  namespace: 'weir.v1',
  doc: 'One event: OCSF 1.8 attributes; `path` of a field says which.',
  fields: [
    ...IDENTITY,
    ...FIELDS.map((spec) => ({
      name: avroName(spec),
      type: ['null', TYPES[spec.type]],
      default: null,
      doc: spec.summary,
      path: spec.path,
    })),
    ...LAST,
  ],
};

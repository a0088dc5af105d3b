// One event as one Avro record, and back.
import {
  type CollectionEvent,
  FIELDS,
  type FieldType,
  type FieldValue,
  WeirError,
} from '@weir/pipeline';
import avro from 'avsc';
import { checkShape } from './check-shape.js';
import { avroName, EVENT_SCHEMA } from './event-schema.js';

const type = avro.Type.forSchema(EVENT_SCHEMA as unknown as avro.Schema);
const NAMES = FIELDS.map(avroName);

/** Integers of a type; beyond 2^53 a number is not exact, and the library refuses it. */
const LONG_MAX = Number.MAX_SAFE_INTEGER - 1;
const RANGES: Readonly<Partial<Record<FieldType, readonly [number, number]>>> = {
  UInt8: [0, 0xff],
  UInt32: [0, 0xffff_ffff],
  'Nullable(UInt8)': [0, 0xff],
  'Nullable(UInt16)': [0, 0xffff],
  'Nullable(UInt32)': [0, 0xffff_ffff],
  'Nullable(UInt64)': [0, LONG_MAX],
  'DateTime64(6)': [-LONG_MAX, LONG_MAX],
};

/** A number that does not fit its field counts as absent, as in every table. */
function fitting(value: FieldValue | undefined, fieldType: FieldType): FieldValue | null {
  if (value === undefined) return null;
  const range = RANGES[fieldType];
  if (range === undefined || typeof value === 'string') return value;
  const [min, max] = range;
  return value >= min && value <= max ? Math.trunc(value) : null;
}

export function encodeEvent(event: CollectionEvent): Buffer {
  const { fields, unmapped, raw_data: raw, marks, ...identity } = event;
  const record: Record<string, unknown> = { ...identity, marks: [...marks] };
  FIELDS.forEach((spec, field) => {
    record[NAMES[field] as string] = fitting(fields.get(spec.path), spec.type);
  });
  // Without prototype: a key such as __proto__ is only a key.
  const map = Object.create(null) as Record<string, string>;
  for (const [key, value] of unmapped) map[key] = value;
  record.unmapped = map;
  record.raw_data = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  return type.toBuffer(record);
}

/** Throws WEIR_EVENT_INVALID and nothing else, whatever the bytes are. */
export function decodeEvent(bytes: Uint8Array): CollectionEvent {
  let record: Record<string, unknown>;
  let unmapped: [string, string][];
  try {
    unmapped = checkShape(bytes, EVENT_SCHEMA);
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    record = type.fromBuffer(buffer) as Record<string, unknown>;
  } catch (error) {
    throw new WeirError(
      'WEIR_EVENT_INVALID',
      'the bytes are no Avro record of an event',
      {},
      error,
    );
  }
  const fields = new Map<string, FieldValue>();
  FIELDS.forEach(({ path }, field) => {
    const value = record[NAMES[field] as string] as FieldValue | null;
    if (value !== null) fields.set(path, value);
  });
  return {
    tenant_id: record.tenant_id as string,
    stream: record.stream as string,
    epoch: record.epoch as string,
    seq: record.seq as number,
    source: record.source as string,
    source_seq: record.source_seq as number,
    ingest_time: record.ingest_time as number,
    parser: record.parser as string,
    parser_version: record.parser_version as string,
    marks: record.marks as string[],
    fields,
    unmapped: new Map(unmapped),
    raw_data: new Uint8Array(record.raw_data as Buffer),
  };
}

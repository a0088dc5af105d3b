// A batch as one message of the topic, and back: Avro in Confluent's wire format (a zero byte, the
// id of the schema as a big-endian 32-bit number, the record).
import { Buffer } from 'node:buffer';
import {
  type Disposition,
  type InputFormat,
  type QuarantineReason,
  type SourceRun,
  WeirError,
} from '@weir/pipeline';
import avro from 'avsc';
import { BytesInPlace, checkShape } from '../../avro/index.js';
import { checkColumns, type NativeColumns } from '../../clickhouse/native/index.js';
import { BATCH_SCHEMA } from './batch-schema.js';

export interface Envelope {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly seqFirst: number;
  /** Numbers from `seqFirst` on, whatever became of them. */
  readonly eventCount: number;
  /** Microseconds since 1970. */
  readonly ingestUs: number;
  readonly retentionClass: string;
  readonly format: InputFormat;
  readonly runs: readonly SourceRun[];
  readonly dispositions: readonly Disposition[];
  readonly filtered: readonly Disposition[];
  /** Ascending. */
  readonly quarantinedSeqs: readonly number[];
  readonly quarantinedByReason: Readonly<Partial<Record<QuarantineReason, number>>>;
  readonly events: NativeColumns | null;
  readonly quarantine: NativeColumns | null;
}

const type = avro.Type.forSchema(BATCH_SCHEMA as unknown as avro.Schema, {
  typeHook: (schema) => (schema === 'bytes' ? new BytesInPlace() : undefined),
});
const MAGIC_BYTE = 0;
export const WIRE_HEAD_BYTES = 5;

/** Of the message without its columns; they are added to it. */
const HEAD_BYTES_GUESS = 4096;
const COLUMN_BYTES_GUESS = 128;

/** The id of the schema is zero: whoever sends the message knows it, and puts it in. */
export function encodeEnvelope(envelope: Envelope): Buffer {
  const record = recordOf(envelope);
  let length = HEAD_BYTES_GUESS;
  for (const block of [envelope.events, envelope.quarantine])
    for (const { data } of block?.columns ?? []) length += data.length + COLUMN_BYTES_GUESS;
  let message = Buffer.allocUnsafeSlow(length);
  let end = type.encode(record, message, WIRE_HEAD_BYTES);
  if (end < 0) {
    // Negative: how many bytes are missing.
    message = Buffer.allocUnsafeSlow(length - end);
    end = type.encode(record, message, WIRE_HEAD_BYTES);
  }
  message.fill(0, 0, WIRE_HEAD_BYTES);
  return message.subarray(0, end);
}

export function setSchemaId(message: Uint8Array, schemaId: number): void {
  new DataView(message.buffer, message.byteOffset).setUint32(1, schemaId);
}

/** Throws WEIR_EVENT_INVALID and nothing else, whatever the bytes are. */
export function decodeEnvelope(message: Uint8Array): Envelope {
  try {
    if (message[0] !== MAGIC_BYTE || message.length <= WIRE_HEAD_BYTES)
      throw new RangeError('the message does not begin as Confluent wire format does');
    const bytes = message.subarray(WIRE_HEAD_BYTES);
    checkShape(bytes, BATCH_SCHEMA);
    const record = type.fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    return envelopeOf(record as BatchRecord);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WeirError('WEIR_EVENT_INVALID', `the message is no batch of events: ${reason}`);
  }
}

interface DispositionRecord {
  readonly kind: string;
  readonly cause: string;
  readonly seq_ranges: readonly number[];
  readonly event_count: number;
}

interface BlockRecord {
  readonly row_count: number;
  readonly columns: readonly { name: string; type: string; data: Buffer }[];
}

interface BatchRecord {
  readonly tenant_id: string;
  readonly stream: string;
  readonly epoch: string;
  readonly seq_first: number;
  readonly event_count: number;
  readonly ingest_time: number;
  readonly retention_class: string;
  readonly format: string;
  readonly runs: readonly {
    readonly event_count: number;
    readonly source: string;
    readonly source_seq_first: number;
    readonly context: string;
  }[];
  readonly dispositions: readonly DispositionRecord[];
  readonly filtered: readonly DispositionRecord[];
  readonly quarantined: readonly number[];
  readonly quarantined_by_reason: Readonly<Record<string, number>>;
  readonly events: BlockRecord | null;
  readonly quarantine: BlockRecord | null;
}

function recordOf(envelope: Envelope): BatchRecord {
  return {
    tenant_id: envelope.tenant,
    stream: envelope.stream,
    epoch: String(envelope.epoch),
    seq_first: envelope.seqFirst,
    event_count: envelope.eventCount,
    ingest_time: envelope.ingestUs,
    retention_class: envelope.retentionClass,
    format: envelope.format,
    runs: envelope.runs.map((run) => ({
      event_count: run.eventCount,
      source: run.source,
      source_seq_first: run.sourceSeqFirst,
      context: run.context,
    })),
    dispositions: envelope.dispositions.map(dispositionRecordOf),
    filtered: envelope.filtered.map(dispositionRecordOf),
    quarantined: toRanges(envelope.quarantinedSeqs),
    quarantined_by_reason: envelope.quarantinedByReason as Record<string, number>,
    events: blockRecordOf(envelope.events),
    quarantine: blockRecordOf(envelope.quarantine),
  };
}

const dispositionRecordOf = (disposition: Disposition): DispositionRecord => ({
  kind: disposition.kind,
  cause: disposition.cause,
  seq_ranges: disposition.seqRanges.flat(),
  event_count: disposition.eventCount,
});

const blockRecordOf = (block: NativeColumns | null): BlockRecord | null =>
  block === null
    ? null
    : {
        row_count: block.rowCount,
        columns: block.columns.map(({ name, type, data }) => ({
          name,
          type,
          data: Buffer.from(data.buffer, data.byteOffset, data.length),
        })),
      };

/** Throws a RangeError for values that no batch of ours has. */
function envelopeOf(record: BatchRecord): Envelope {
  if (!/^\d{1,20}$/.test(record.epoch)) throw new RangeError('the epoch is no number');
  if (record.seq_first < 0 || record.event_count < 0)
    throw new RangeError('a number or a count is negative');
  return {
    tenant: record.tenant_id,
    stream: record.stream,
    epoch: BigInt(record.epoch),
    seqFirst: record.seq_first,
    eventCount: record.event_count,
    ingestUs: record.ingest_time,
    retentionClass: record.retention_class,
    format: record.format as InputFormat,
    runs: record.runs.map((run) => ({
      eventCount: run.event_count,
      source: run.source,
      sourceSeqFirst: run.source_seq_first,
      context: run.context,
    })),
    dispositions: record.dispositions.map(dispositionOf),
    filtered: record.filtered.map(dispositionOf),
    quarantinedSeqs: fromRanges(record.quarantined, record.event_count),
    quarantinedByReason: { ...record.quarantined_by_reason },
    events: blockOfRecord(record.events),
    quarantine: blockOfRecord(record.quarantine),
  };
}

function dispositionOf(record: DispositionRecord): Disposition {
  if (!['filtered', 'lost', 'refused'].includes(record.kind))
    throw new RangeError(`a disposition is of kind ${record.kind}`);
  const seqRanges: [number, number][] = [];
  for (let i = 0; i + 1 < record.seq_ranges.length; i += 2)
    seqRanges.push([record.seq_ranges[i] as number, record.seq_ranges[i + 1] as number]);
  return {
    kind: record.kind as Disposition['kind'],
    cause: record.cause as Disposition['cause'],
    seqRanges,
    eventCount: record.event_count,
  };
}

function blockOfRecord(record: BlockRecord | null): NativeColumns | null {
  if (record === null) return null;
  const block = { rowCount: record.row_count, columns: record.columns };
  checkColumns(block);
  return block;
}

/** first, last pairs. */
export function toRanges(seqs: readonly number[]): number[] {
  const ranges: number[] = [];
  for (const seq of seqs)
    if (ranges.at(-1) === seq - 1) ranges[ranges.length - 1] = seq;
    else ranges.push(seq, seq);
  return ranges;
}

function fromRanges(ranges: readonly number[], countMax: number): number[] {
  const seqs: number[] = [];
  for (let i = 0; i + 1 < ranges.length; i += 2)
    for (let seq = ranges[i] as number; seq <= (ranges[i + 1] as number); seq++) {
      if (seqs.length >= countMax) throw new RangeError('more numbers than events');
      seqs.push(seq);
    }
  return seqs;
}

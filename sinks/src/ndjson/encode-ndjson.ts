// A batch to JSON lines. Called in a worker.
import { Buffer, isUtf8 } from 'node:buffer';
import {
  type EncodedBatch,
  type EncodedBlock,
  type EventBatch,
  EventRow,
  isoMicroseconds,
  type MarkCode,
  type SequencedBatch,
} from '@weir/pipeline';
import { encodeRows, RowSources, unparsedBatch } from '../rows/index.js';
import { type BatchIdentity, LineWriter } from './line-writer.js';
import { stringifyQuarantined } from './stringify.js';

/** One per thread; nothing of a batch stays in it. */
const writer = new LineWriter();
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Events as NDJSON: each line has tenant_id, stream, epoch (a string: it needs 64 bits),
 * ingest_time, source, source_seq and seq, then the members of EventRow.toOcsf(). `skipSeqs`,
 * ascending: numbers that are stored already; no line is made for them. Quarantine lines have
 * error, offset, the same identity, raw_data and, where the bytes are not UTF-8, raw_data_base64.
 */
export function encodeNdjson(
  events: EventBatch,
  identity: BatchIdentity,
  skipSeqs: Float64Array | null,
): EncodedBatch {
  return encodeRows(events, identity.seqFirst, skipSeqs, {
    events: (rows) => encodeEventLines(events, identity, rows),
    quarantine: (rows) => encodeQuarantineLines(events, identity, rows),
  });
}

/**
 * All events of a batch as quarantine lines under one reason, unparsed: what is left to do with
 * rows on which a component dies. `mark` has to be one of the quarantine reasons.
 */
export function quarantineRows(
  batch: SequencedBatch,
  mark: MarkCode,
  skipSeqs: Float64Array | null,
): EncodedBatch {
  return encodeNdjson(unparsedBatch(batch, mark), batch, skipSeqs);
}

/** Lines of these rows, which may become events of any form. */
export function encodeEventLines(
  events: EventBatch,
  identity: BatchIdentity,
  rows: Uint16Array,
): EncodedBlock {
  writer.begin(events, identity);
  for (let i = 0; i < rows.length; i++) writer.write(rows[i] as number);
  return { rowCount: rows.length, bytes: writer.take() };
}

/** Quarantine lines of these rows; the same for every sink. */
export function encodeQuarantineLines(
  events: EventBatch,
  identity: BatchIdentity,
  rows: Uint16Array,
): EncodedBlock {
  const { raw } = events;
  const view = new EventRow(events);
  // A clock has no time that a calendar lacks.
  const ingestTime = isoMicroseconds(Number(raw.receivedAtNs / 1000n)) ?? '';
  const sources = new RowSources(events);
  let text = '';
  for (const row of rows) {
    const { source, sourceSeq } = sources.move(row);
    const rejection = view.move(row).rejection();
    text += stringifyQuarantined({
      error: rejection?.reason ?? '',
      offset: rejection?.offset ?? 0,
      tenant_id: raw.tenant,
      stream: raw.stream,
      epoch: String(identity.epoch),
      ingest_time: ingestTime,
      source,
      source_seq: sourceSeq,
      seq: identity.seqFirst + row,
      ...rawMembers(view.rawBytes()),
    });
    text += '\n';
  }
  return { rowCount: rows.length, bytes: encoder.encode(text) as Uint8Array<ArrayBuffer> };
}

function rawMembers(raw: Uint8Array<ArrayBuffer>): {
  readonly raw_data: string;
  readonly raw_data_base64?: string;
} {
  const text = decoder.decode(raw);
  if (isUtf8(raw)) return { raw_data: text };
  return { raw_data: text, raw_data_base64: Buffer.from(raw).toString('base64') };
}

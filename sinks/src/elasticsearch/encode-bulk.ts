// A batch to documents of Elasticsearch or OpenSearch, each with its action. Called in a worker.
//
// A row is one line, so that delivery can cut a block at any row: a JSON array of the action and
// the document, `[{"create":{...}},{...}]`. The sink makes the two lines of a bulk request of it,
// in place (bulkBody).
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { assert, type EncodedBatch, type EventBatch } from '@weir/pipeline';
import { type EventForm, formedRows, ingestTime } from '../forms/index.js';
import { type BatchIdentity, encodeQuarantineLines } from '../ndjson/index.js';
import { ByteWriter, encodeRows, RowSources } from '../rows/index.js';

export interface BulkRowOptions {
  readonly event: Exclude<EventForm, 'raw'>;
  /**
   * Name of an index or a data stream. `{tenant}`, in lower case; `{date}` and `{month}` of
   * ingest_time as yyyy.MM.dd and yyyy.MM, which are durable: a repeat goes to the same index.
   */
  readonly index: string;
}

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const ACTION_END = Buffer.from('}},');
/** Of SHA-256: 96 bits tell streams apart, and keep ids short. */
const STREAM_ID_BYTES = 12;
const out = new ByteWriter();

/** An `_id` is `<hash of tenant, stream and epoch>-<seq>`: a repeat has the same. */
export function encodeBulk(
  events: EventBatch,
  identity: BatchIdentity,
  skipSeqs: Float64Array | null,
  options: BulkRowOptions,
): EncodedBatch {
  return encodeRows(events, identity.seqFirst, skipSeqs, {
    events: (rows) => encodeEvents(events, identity, rows, options),
    quarantine: (rows) => encodeQuarantineLines(events, identity, rows),
  });
}

function encodeEvents(
  events: EventBatch,
  identity: BatchIdentity,
  rows: Uint16Array,
  options: BulkRowOptions,
) {
  const sources = new RowSources(events);
  const formed = formedRows(options.event, events, identity, rows, sources, {
    hasTimestamp: true,
  });
  const { tenant, stream } = events.raw;
  const index = indexName(options.index, tenant, ingestTime(events));
  const head = `[{"create":{"_index":"${index}","_id":"${streamId(tenant, stream, identity.epoch)}-`;
  for (const row of rows) {
    out.text(`${head}${identity.seqFirst + row}"}},`);
    formed.write(row, out);
    out.text(']\n');
  }
  return { rowCount: rows.length, bytes: out.take() };
}

/** `ingested` is ISO 8601. Characters that no index can have become `_`. */
export function indexName(pattern: string, tenant: string, ingested: string): string {
  const date = ingested.slice(0, 10).replaceAll('-', '.');
  return pattern
    .replaceAll('{tenant}', () => tenant.toLowerCase().replaceAll(/[^a-z0-9._-]/g, '_'))
    .replaceAll('{date}', date)
    .replaceAll('{month}', date.slice(0, 7));
}

function streamId(tenant: string, stream: string, epoch: bigint): string {
  const name = JSON.stringify([tenant, stream, String(epoch)]);
  return createHash('sha256')
    .update(name)
    .digest()
    .subarray(0, STREAM_ID_BYTES)
    .toString('base64url');
}

/** Rows as the body of a bulk request; brackets become spaces, which JSON allows there. */
export function bulkBody(chunks: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(chunks);
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf(LINE_FEED, at);
    const action = body.indexOf(ACTION_END, at);
    assert(end > 0 && action > 0 && action < end, 'a row is an action and a document');
    body[at] = SPACE;
    body[action + ACTION_END.length - 1] = LINE_FEED;
    body[end - 1] = SPACE;
    at = end + 1;
  }
  return body;
}

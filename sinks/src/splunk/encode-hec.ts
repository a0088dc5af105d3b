// A batch to events of Splunk's HTTP Event Collector, one JSON object a line (Splunk Enterprise,
// "Format events for HTTP Event Collector"). Called in a worker.
import { Buffer } from 'node:buffer';
import {
  type EncodedBatch,
  type EventBatch,
  EventRow,
  FIELD,
  type FieldValue,
} from '@weir/pipeline';
import { type EventForm, formedRows, isText } from '../forms/index.js';
import { type BatchIdentity, encodeQuarantineLines } from '../ndjson/index.js';
import { ByteWriter, encodeRows, RowSources } from '../rows/index.js';

export interface HecPlace {
  readonly sourcetype?: string;
  readonly index?: string;
}

export interface HecRowOptions {
  readonly event: EventForm;
  /** Default of every event; without an index that of the token. */
  readonly sourcetype: string;
  readonly index?: string;
  /** By name of the parser that read the event. */
  readonly byParser: Readonly<Record<string, HecPlace>>;
}

const US_PER_SECOND = 1_000_000;
/** One per thread; nothing of a batch stays in it. */
const out = new ByteWriter();

/**
 * `time` (seconds since 1970, microseconds kept), `host`, `source` (the stream), `sourcetype`,
 * `index`, `event`, and `fields` with the identity: weir_tenant, weir_stream, weir_epoch, weir_seq,
 * weir_source and, where raw bytes are sent that are no text, weir_raw_base64. All of them are
 * strings, for Splunk takes no others.
 */
export function encodeHec(
  events: EventBatch,
  identity: BatchIdentity,
  skipSeqs: Float64Array | null,
  options: HecRowOptions,
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
  options: HecRowOptions,
) {
  const sources = new RowSources(events);
  const formed = formedRows(options.event, events, identity, rows, sources, {
    hasTimestamp: false,
  });
  const view = new EventRow(events);
  const { raw } = events;
  const places = [...events.parsers, undefined].map((parser) => placeText(parser, options));
  const stream = JSON.stringify(raw.stream);
  const identityText =
    `"weir_tenant":${JSON.stringify(raw.tenant)},"weir_stream":${stream},` +
    `"weir_epoch":"${identity.epoch}"`;
  const ingestUs = Number(raw.receivedAtNs / 1000n);
  for (const row of rows) {
    view.move(row);
    const { source } = sources.move(row);
    const host = view.valueOf(FIELD.device_hostname) ?? source;
    const place = places[events.parserIndex[row] as number] ?? places.at(-1);
    out.text(
      `{"time":${secondsOf(view.valueOf(FIELD.time), ingestUs)},` +
        `"host":${JSON.stringify(String(host))},"source":${stream},${place}"event":`,
    );
    formed.write(row, out);
    out.text(
      `,"fields":{${identityText},"weir_seq":"${identity.seqFirst + row}",` +
        `"weir_source":${JSON.stringify(source)}`,
    );
    if (options.event === 'raw' && !isText(view))
      out.text(`,"weir_raw_base64":"${Buffer.from(view.rawBytes()).toString('base64')}"`);
    out.text('}}\n');
  }
  return { rowCount: rows.length, bytes: out.take() };
}

function placeText(
  parser: EventBatch['parsers'][number] | undefined,
  { sourcetype, index, byParser }: HecRowOptions,
): string {
  const own = parser !== undefined && Object.hasOwn(byParser, parser.name) ? parser.name : null;
  const place = { sourcetype, index, ...(own === null ? {} : byParser[own]) };
  const indexText = place.index === undefined ? '' : `"index":${JSON.stringify(place.index)},`;
  return `"sourcetype":${JSON.stringify(place.sourcetype)},${indexText}`;
}

/** Digits and a point: Splunk takes no exponent, and no time before 1970. */
function secondsOf(timeUs: FieldValue | undefined, ingestUs: number): string {
  const us = typeof timeUs === 'number' && isPlain(timeUs) ? Math.floor(timeUs) : ingestUs;
  const second = Math.floor(us / US_PER_SECOND);
  return `${second}.${String(us - second * US_PER_SECOND).padStart(6, '0')}`;
}

const isPlain = (timeUs: number): boolean => timeUs >= 0 && timeUs <= Number.MAX_SAFE_INTEGER;

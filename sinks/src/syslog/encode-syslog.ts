// A batch as syslog messages, framed as RFC 6587 has it. Called in a worker.
import { Buffer } from 'node:buffer';
import {
  type EncodedBatch,
  type EventBatch,
  EventRow,
  FIELD,
  isoMicroseconds,
} from '@weir/pipeline';
import { type EventForm, formedRows, ingestTime } from '../forms/index.js';
import { type BatchIdentity, encodeQuarantineLines } from '../ndjson/index.js';
import { ByteWriter, encodeRows, RowSources } from '../rows/index.js';
import { headText, paramValue, type SyslogFormat, severityOf } from './message-head.js';

export type SyslogFraming = 'octet_counting' | 'newline';

export interface SyslogRowOptions {
  /** `raw`: the bytes that came; those that begin with a priority already go as they are. */
  readonly event: EventForm;
  readonly format: SyslogFormat;
  readonly framing: SyslogFraming;
  /** 0 to 23 (RFC 5424, table 1). */
  readonly facility: number;
  /** Tenant, stream, epoch and seq as structured data. Not for messages that go as they are. */
  readonly hasIdentity: boolean;
}

const LINE_FEED = 0x0a;
/** PRIVATE: the number that RFC 5612 keeps for examples; nobody has one for Weir. */
const SD_ID = 'weir@32473';
const APP_DEFAULT = 'weir';
/** One per thread; nothing of a batch stays in them. */
const out = new ByteWriter();
const message = new ByteWriter();

/** Messages back to back. What is quarantined makes none. */
export function encodeSyslog(
  events: EventBatch,
  identity: BatchIdentity,
  skipSeqs: Float64Array | null,
  options: SyslogRowOptions,
): EncodedBatch {
  return encodeRows(events, identity.seqFirst, skipSeqs, {
    events: (rows) => encodeMessages(events, identity, rows, options),
    quarantine: (rows) => encodeQuarantineLines(events, identity, rows),
  });
}

function encodeMessages(
  events: EventBatch,
  identity: BatchIdentity,
  rows: Uint16Array,
  options: SyslogRowOptions,
) {
  const sources = new RowSources(events);
  const view = new EventRow(events);
  const formed = formedRows(options.event, events, identity, rows, sources, {
    hasTimestamp: false,
  });
  const isRaw = options.event === 'raw';
  const element = identityElement(events, identity);
  for (const row of rows) {
    view.move(row);
    const raw = isRaw ? view.rawBytes() : null;
    if (raw === null || !hasPriority(raw)) {
      const { source } = sources.move(row);
      const structuredData = options.hasIdentity
        ? `${element}seq="${identity.seqFirst + row}"]`
        : '';
      message.text(headOf(view, events, source, structuredData, options));
    }
    if (raw === null) formed.write(row, message);
    else message.bytes(raw);
    writeFramed(message.take(), options.framing);
  }
  return { rowCount: rows.length, bytes: out.take() };
}

function headOf(
  view: EventRow,
  events: EventBatch,
  source: string,
  structuredData: string,
  { format, facility }: SyslogRowOptions,
): string {
  const timeUs = view.valueOf(FIELD.time);
  const time = timeUs === undefined ? null : isoMicroseconds(Number(timeUs));
  const severityId = Number(view.valueOf(FIELD.severity_id) ?? 0);
  const parser = events.parsers[events.parserIndex[view.row] as number];
  return headText(format, {
    priority: facility * 8 + severityOf(severityId),
    time: time ?? ingestTime(events),
    host: String(view.valueOf(FIELD.device_hostname) ?? source),
    app: parser?.name ?? APP_DEFAULT,
    structuredData,
  });
}

/** `<0>` to `<191>`: a syslog message that came is passed on as it is (RFC 5424, 4.2, relay). */
function hasPriority(raw: Uint8Array): boolean {
  if (raw[0] !== 0x3c) return false;
  const [, digits] = /^<(\d{1,3})>/.exec(Buffer.from(raw.subarray(0, 5)).toString('latin1')) ?? [];
  return digits !== undefined && Number(digits) <= 191;
}

/**
 * `MSG-LEN SP MSG` (RFC 6587, 3.4.1), or the message and a line feed (3.4.2): then a line feed in
 * it, which would end it, becomes a space.
 */
function writeFramed(bytes: Uint8Array, framing: SyslogFraming): void {
  if (framing === 'octet_counting') {
    out.text(`${bytes.length} `);
    out.bytes(bytes);
    return;
  }
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1))
    bytes[at] = 0x20;
  out.bytes(bytes);
  out.byte(LINE_FEED);
}

/** Open: the number of the row is still to come. */
function identityElement({ raw }: EventBatch, { epoch }: BatchIdentity): string {
  const [tenant, stream] = [paramValue(raw.tenant), paramValue(raw.stream)];
  return `[${SD_ID} tenant="${tenant}" stream="${stream}" epoch="${epoch}" `;
}

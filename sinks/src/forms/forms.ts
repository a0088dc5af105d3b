// The event of a row as JSON, in the form that the other side reads best.
import { isUtf8 } from 'node:buffer';
import { type EventBatch, EventRow, ecsOf, ecsPlan, FIELD, isoMicroseconds } from '@weir/pipeline';
import { type BatchIdentity, encodeEventLines } from '../ndjson/index.js';
import type { ByteWriter, RowSources } from '../rows/index.js';

/**
 * `ecs`: Elastic Common Schema, identity and what has no field there under `weir`. `ocsf`: the
 * line that a file sink writes. `raw`: the bytes that came, as a JSON string.
 */
export type EventForm = 'ecs' | 'ocsf' | 'raw';

export interface FormedRows {
  /** Appends the JSON of a row, without line feeds; rows in ascending order. */
  write(row: number, out: ByteWriter): void;
}

const LINE_FEED = 0x0a;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export interface FormOptions {
  /** Puts `@timestamp` first into an OCSF event, which has none of its own. */
  readonly hasTimestamp: boolean;
}

/** `rows` are those that will be written. */
export function formedRows(
  form: EventForm,
  events: EventBatch,
  identity: BatchIdentity,
  rows: Uint16Array,
  sources: RowSources,
  options: FormOptions,
): FormedRows {
  const view = new EventRow(events);
  if (form === 'ecs') return ecsRows(view, events, identity, sources);
  if (form === 'raw')
    return {
      write: (row, out) => out.text(JSON.stringify(decoder.decode(view.move(row).rawBytes()))),
    };
  return ocsfRows(view, encodeEventLines(events, identity, rows).bytes, events, options);
}

function ocsfRows(
  view: EventRow,
  lines: Uint8Array,
  events: EventBatch,
  { hasTimestamp }: FormOptions,
): FormedRows {
  let at = 0;
  return {
    write: (row, out) => {
      const end = lines.indexOf(LINE_FEED, at);
      if (hasTimestamp) {
        out.text(`{"@timestamp":"${timeOf(view.move(row), events)}",`);
        at++;
      }
      out.bytes(lines.subarray(at, end));
      at = end + 1;
    },
  };
}

function ecsRows(
  view: EventRow,
  events: EventBatch,
  identity: BatchIdentity,
  sources: RowSources,
): FormedRows {
  const { tenant, stream } = events.raw;
  const epoch = String(identity.epoch);
  const ingested = ingestTime(events);
  const present = new Set(events.columns.map(({ field }) => field));
  const plan = ecsPlan((field) => present.has(field));
  return {
    write: (row, out) => {
      const event = ecsOf(view.move(row).parts(), plan);
      event['@timestamp'] ??= ingested;
      Object.assign(event.event as object, { ingested });
      const { source, sourceSeq } = sources.move(row);
      const seq = identity.seqFirst + row;
      Object.assign(event.weir as object, {
        tenant_id: tenant,
        stream,
        epoch,
        seq,
        source,
        source_seq: sourceSeq,
      });
      out.text(JSON.stringify(event));
    },
  };
}

/** A clock has no time that a calendar lacks. */
export const ingestTime = ({ raw }: EventBatch): string =>
  isoMicroseconds(Number(raw.receivedAtNs / 1000n)) ?? '';

const timeOf = (view: EventRow, events: EventBatch): string => {
  const timeUs = view.valueOf(FIELD.time);
  return (timeUs === undefined ? null : isoMicroseconds(Number(timeUs))) ?? ingestTime(events);
};

/** Whether the bytes of a row are text as they are. */
export const isText = (view: EventRow): boolean => isUtf8(view.rawBytes());

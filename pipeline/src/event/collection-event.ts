// One event on its own, apart from any batch: what every encoding of an event carries and gives
// back. All domains have the one model (PIP-06): process, network, file system and performance
// events differ in `class_uid` and in which fields they have.
import { Buffer, isUtf8 } from 'node:buffer';
import type { EventBatch, SequencedBatch } from '../batch.js';
import { WeirError } from '../errors.js';
import { EventRow, type FieldValue, IS_FLAG, IS_TIME } from '../row-view.js';
import { FIELDS, type FieldKind } from '../schema/fields.js';
import { type Place, placeOf } from '../schema/places.js';

export interface CollectionEvent {
  readonly tenant_id: string;
  readonly stream: string;
  /** Decimal: it needs 64 bits. */
  readonly epoch: string;
  readonly seq: number;
  readonly source: string;
  readonly source_seq: number;
  /** Microseconds since 1970. */
  readonly ingest_time: number;
  readonly parser: string;
  readonly parser_version: string;
  readonly marks: readonly string[];
  /** By OCSF path; times are microseconds since 1970. What the event does not have is not there. */
  readonly fields: ReadonlyMap<string, FieldValue>;
  /** Keys of the event that the model has no field for. */
  readonly unmapped: ReadonlyMap<string, string>;
  /** As received. */
  readonly raw_data: Uint8Array;
}

export function collectionEventOf(
  events: EventBatch,
  { tenant, stream, epoch, seqFirst, runs, receivedAtNs }: SequencedBatch,
  row: number,
): CollectionEvent {
  const view = new EventRow(events, row);
  const { parser, unmapped, raw, marks } = view.parts();
  const fields = new Map<string, FieldValue>();
  for (const [field, { path }] of FIELDS.entries()) {
    const value = view.valueOf(field);
    if (value !== undefined) fields.set(path, value);
  }
  let runFirst = 0;
  const run = runs.find(({ eventCount }) => {
    if (row < runFirst + eventCount) return true;
    runFirst += eventCount;
    return false;
  });
  return {
    tenant_id: tenant,
    stream,
    epoch: String(epoch),
    seq: seqFirst + row,
    source: run?.source ?? '',
    source_seq: (run?.sourceSeqFirst ?? 0) + row - runFirst,
    ingest_time: Number(receivedAtNs / 1000n),
    parser: parser?.name ?? '',
    parser_version: parser?.version ?? '',
    marks,
    fields,
    unmapped: new Map(Object.entries(unmapped)),
    raw_data: raw.slice(),
  };
}

const PLACES: readonly Place[] = FIELDS.map(({ path }) => placeOf(path));

/**
 * Reads a line as the sinks http, file and stdout write it (NDJSON). Members that are not known
 * count as those of a newer version. Throws WEIR_EVENT_INVALID and nothing else.
 */
export function decodeEventLine(line: string): CollectionEvent {
  const event = objectOf(parseJson(line), 'the line');
  if ('error' in event) throw invalid('the line is of an event in quarantine');
  const fields = new Map<string, FieldValue>();
  for (const [field, { path, kind }] of FIELDS.entries()) {
    const value = valueAt(event, PLACES[field] as Place, path);
    if (value === undefined) continue;
    if (typeof value !== shownTypeOf(field, kind)) throw invalid(`${path} is a ${typeof value}`);
    if (typeof value === 'boolean') fields.set(path, Number(value));
    else fields.set(path, IS_TIME[field] ? timeUs(value as string, path) : (value as FieldValue));
  }
  return {
    tenant_id: textOf(event, 'tenant_id'),
    stream: textOf(event, 'stream'),
    epoch: epochOf(textOf(event, 'epoch')),
    seq: countOf(event, 'seq'),
    source: textOf(event, 'source'),
    source_seq: countOf(event, 'source_seq'),
    ingest_time: timeUs(textOf(event, 'ingest_time'), 'ingest_time'),
    parser: textOf(event, 'parser', ''),
    parser_version: textOf(event, 'parser_version', ''),
    marks: marksOf(event.marks),
    fields,
    unmapped: unmappedOf(event.unmapped),
    raw_data: rawOf(event),
  };
}

const invalid = (message: string): WeirError => new WeirError('WEIR_EVENT_INVALID', message);

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new WeirError('WEIR_EVENT_INVALID', 'the line is no JSON', {}, error);
  }
}

type Members = Readonly<Record<string, unknown>>;

function objectOf(value: unknown, what: string): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  throw invalid(`${what} is no object`);
}

function own(members: Members, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

function textOf(event: Members, name: string, otherwise?: string): string {
  const value = own(event, name) ?? otherwise;
  if (typeof value === 'string') return value;
  throw invalid(`${name} is no text`);
}

/** Type of the value of a field in a line. */
function shownTypeOf(field: number, kind: FieldKind): 'string' | 'number' | 'boolean' {
  if (IS_FLAG[field]) return 'boolean';
  return kind === 'number' && !IS_TIME[field] ? 'number' : 'string';
}

function countOf(event: Members, name: string): number {
  const value = own(event, name);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(`${name} is no number of an event`);
}

function epochOf(text: string): string {
  if (/^\d{1,20}$/.test(text)) return text;
  throw invalid(`epoch is no number: ${text.slice(0, 40)}`);
}

function valueAt(event: Members, { steps, last }: Place, path: string): unknown {
  let at: Members = event;
  let list: readonly unknown[] | null = null;
  for (const { name, isList, isElement, constants } of steps) {
    if (isElement) {
      const wanted = Object.entries(constants);
      const element = list?.find(
        (entry) =>
          typeof entry === 'object' &&
          entry !== null &&
          wanted.every(([key, value]) => own(entry as Members, key) === value),
      );
      if (element === undefined) return undefined;
      at = element as Members;
      list = null;
      continue;
    }
    const value = own(at, name);
    if (value === undefined) return undefined;
    if (!isList) at = objectOf(value, path);
    else if (Array.isArray(value)) list = value;
    else throw invalid(`${path} is in no list`);
  }
  return own(at, last);
}

const TIME = /^((?:[+-]\d{6}|\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(\d{3})Z$/;

function timeUs(text: string, path: string): number {
  const found = TIME.exec(text);
  const ms = found === null ? Number.NaN : Date.parse(`${found[1]}Z`);
  if (Number.isNaN(ms)) throw invalid(`${path} is no time: ${text.slice(0, 40)}`);
  return ms * 1000 + Number(found?.[2]);
}

function marksOf(value: unknown): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((mark) => typeof mark === 'string')) return value;
  throw invalid('marks is no list of texts');
}

function unmappedOf(value: unknown): Map<string, string> {
  const unmapped = new Map<string, string>();
  if (value === undefined) return unmapped;
  for (const [key, text] of Object.entries(objectOf(value, 'unmapped'))) {
    if (typeof text !== 'string') throw invalid('unmapped has a value that is no text');
    unmapped.set(key, text);
  }
  return unmapped;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function rawOf(event: Members): Uint8Array {
  const exact = own(event, 'raw_data_base64');
  if (exact === undefined) return new TextEncoder().encode(textOf(event, 'raw_data'));
  const isExact = typeof exact === 'string' && BASE64.test(exact);
  const bytes = isExact ? new Uint8Array(Buffer.from(exact, 'base64')) : null;
  // Else the text itself would have been exact.
  if (bytes === null || isUtf8(bytes)) throw invalid('raw_data_base64 is not of such bytes');
  return bytes;
}

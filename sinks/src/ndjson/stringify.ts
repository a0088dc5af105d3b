// Compiled serialisers (fast-json-stringify) for the places where an event is an object anyway: the
// printed lines of `weir parse` and of taps, and quarantine lines. The path to a sink writes lines
// from the columns instead (docs/adr/0011).
import { FIELDS, type OcsfEvent } from '@weir/pipeline';
import build from 'fast-json-stringify';

interface ObjectSchema {
  readonly type: 'object';
  readonly properties: Record<string, ObjectSchema | { readonly type: 'string' | 'number' }>;
  readonly additionalProperties: true;
}

const text = { type: 'string' } as const;
const number = { type: 'number' } as const;

/** What the schema does not name is printed as well, only slower. */
const emptySchema = (): ObjectSchema => ({
  type: 'object',
  properties: {},
  additionalProperties: true,
});

function eventSchema(): build.Schema {
  const root = emptySchema();
  root.properties.error = text;
  root.properties.offset = number;
  for (const { path, kind } of FIELDS) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let at = root;
    for (const name of names) at = childOf(at, name);
    at.properties[last] = kind === 'number' && path !== 'time' ? number : text;
  }
  childOf(root, 'metadata').properties.version = text;
  Object.assign(root.properties, {
    unmapped: { type: 'object', additionalProperties: text },
    marks: { type: 'array', items: text },
    parser: text,
    parser_version: text,
    raw_data: text,
    raw_data_base64: text,
  });
  return root;
}

function childOf(schema: ObjectSchema, name: string): ObjectSchema {
  const known = schema.properties[name];
  if (known?.type === 'object') return known;
  const child = emptySchema();
  schema.properties[name] = child;
  return child;
}

/** An event that goes to quarantine, as a line of a file. */
export interface QuarantinedEvent {
  /** The reason; a name of the taxonomy. */
  readonly error: string;
  /** Where in raw_data the reason shows, in bytes. */
  readonly offset: number;
  readonly tenant_id: string;
  readonly stream: string;
  readonly epoch: string;
  readonly ingest_time: string;
  readonly source: string;
  readonly source_seq: number;
  readonly seq: number;
  readonly raw_data: string;
  /** There when the bytes are not UTF-8. */
  readonly raw_data_base64?: string;
}

const quarantinedSchema: build.Schema = {
  type: 'object',
  properties: {
    error: text,
    offset: number,
    tenant_id: text,
    stream: text,
    epoch: text,
    ingest_time: text,
    source: text,
    source_seq: number,
    seq: number,
    raw_data: text,
    raw_data_base64: text,
  },
};

let compiledEvent: ((event: OcsfEvent) => string) | null = null;
let compiledQuarantined: ((event: QuarantinedEvent) => string) | null = null;

/** The event of EventRow.toOcsf() as JSON text without line end. Compiled at the first call. */
export function stringifyEvent(event: OcsfEvent): string {
  compiledEvent ??= build(eventSchema());
  return compiledEvent(event);
}

/** One quarantine line as JSON text without line end. */
export function stringifyQuarantined(event: QuarantinedEvent): string {
  compiledQuarantined ??= build(quarantinedSchema);
  return compiledQuarantined(event);
}

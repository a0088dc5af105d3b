// Compiled serialisers (fast-json-stringify) for the places where an event is an object anyway: the
// printed lines of `weir parse` and of taps, and quarantine lines. The path to a sink writes lines
// from the columns instead (docs/adr/0011).
import { FIELDS, IS_FLAG, IS_TIME, type OcsfEvent, placeOf } from '@weir/pipeline';
import build from 'fast-json-stringify';

const text = { type: 'string' } as const;
const number = { type: 'number' } as const;
const flag = { type: 'boolean' } as const;
const anyList = { type: 'array', items: { type: 'object', additionalProperties: true } } as const;

interface ObjectSchema {
  readonly type: 'object';
  readonly properties: Record<
    string,
    ObjectSchema | typeof anyList | typeof text | typeof number | typeof flag
  >;
  readonly additionalProperties: true;
}

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
  for (const [field, { path, kind }] of FIELDS.entries()) {
    const { steps, last } = placeOf(path);
    const list = steps.findIndex((step) => step.isList);
    let at = root;
    for (const step of list < 0 ? steps : steps.slice(0, list)) at = childOf(at, step.name);
    if (list >= 0) at.properties[steps[list]?.name ?? ''] = anyList;
    else if (IS_FLAG[field]) at.properties[last] = flag;
    else at.properties[last] = kind === 'number' && !IS_TIME[field] ? number : text;
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

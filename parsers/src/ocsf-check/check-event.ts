// Whether an event is what OCSF 1.8 says of its class: known attributes of the right types, values
// of enums, what is required. The published definitions stand in schema-1.8.0.json, which
// tools/ocsf-schema.mjs makes.

interface Attribute {
  readonly type: string;
  readonly isObject?: boolean;
  readonly isList?: boolean;
  readonly isRequired?: boolean;
  readonly values?: readonly number[];
}
type Attributes = Readonly<Record<string, Attribute>>;

export interface OcsfSchema {
  readonly classes: Readonly<
    Record<
      string,
      { readonly name: string; readonly category: number; readonly attributes: Attributes }
    >
  >;
  readonly objects: Readonly<Record<string, Attributes>>;
  readonly profiles: Readonly<Record<string, Attributes>>;
}

/** Weir's own, beside what OCSF names (docs/adr/0024). */
const OWN: ReadonlySet<string> = new Set([
  ...['marks', 'parser', 'parser_version', 'raw_data_base64', 'error', 'offset', 'syslog'],
]);
/** Compared with the class itself. */
const IN_CHECK: ReadonlySet<string> = new Set(['class_uid', 'category_uid', 'type_uid']);
const BASE_EVENT = 0;
const FINDINGS = 2;
/** Microseconds as ISO text say more than OCSF's milliseconds (docs/adr/0024). */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const NUMBER_TYPES: ReadonlySet<string> = new Set(['integer_t', 'long_t', 'float_t', 'port_t']);
const TIME_TYPES: ReadonlySet<string> = new Set(['timestamp_t', 'datetime_t']);

/** Required attributes that a sensor on the network often cannot see: absent stays absent. */
const MAY_LACK: Readonly<Record<string, string>> = {
  authentication: 'user',
  file_hosting: 'actor',
  kernel_extension_activity: 'actor',
  process_activity: 'actor',
  windows_service_activity: 'actor',
};

type Json = Readonly<Record<string, unknown>>;

export class OcsfCheck {
  readonly #schema: OcsfSchema;
  /** Of any class: what a Base Event may have, since its class says nothing. */
  readonly #any: Attributes;
  readonly #profiles: Attributes;

  constructor(schema: OcsfSchema) {
    this.#schema = schema;
    this.#any = Object.assign({}, ...Object.values(schema.classes).map((of) => of.attributes));
    this.#profiles = Object.assign({}, ...Object.values(schema.profiles));
  }

  /** Problems in words, with the path; empty when the event is sound. */
  problemsOf(event: Json): string[] {
    const classUid = Number(event.class_uid ?? BASE_EVENT);
    const known = this.#schema.classes[classUid];
    if (known === undefined) return [`class_uid ${classUid} is no class`];
    const problems: string[] = [];
    if (event.category_uid !== known.category)
      problems.push(`category_uid ${event.category_uid} is not ${known.category}`);
    if (event.type_uid !== classUid * 100 + Number(event.activity_id))
      problems.push(`type_uid ${event.type_uid} is not of class and activity`);
    const attributes = this.#attributesOf(classUid, known.attributes);
    for (const [name, value] of Object.entries(event)) {
      if (OWN.has(name) || name === 'unmapped') continue;
      const attribute = attributes[name];
      if (attribute === undefined) problems.push(`${name} is no attribute of ${known.name}`);
      else this.#checkValue(name, value, attribute, problems);
    }
    for (const [name, { isRequired, isObject }] of Object.entries(known.attributes)) {
      if (!isRequired || event[name] !== undefined) continue;
      // An id that is not there reads as 0, Unknown.
      if (!isObject && (name.endsWith('_id') || name === 'time')) continue;
      if (MAY_LACK[known.name] === name) continue;
      problems.push(`${name} is required in ${known.name}`);
    }
    return problems;
  }

  #attributesOf(classUid: number, own: Attributes): Attributes {
    if (classUid === BASE_EVENT) return { ...this.#any, ...this.#profiles };
    const isFinding = Math.floor(classUid / 1000) === FINDINGS;
    // What OCSF puts into evidences[] stands in the event itself: one field, one meaning.
    const evidence = isFinding ? (this.#schema.objects.evidences ?? {}) : {};
    const network = isFinding ? (this.#schema.classes[4001]?.attributes ?? {}) : {};
    return { ...network, ...evidence, ...this.#profiles, ...own };
  }

  #checkValue(path: string, value: unknown, attribute: Attribute, problems: string[]): void {
    if (Array.isArray(value)) {
      if (!attribute.isList) problems.push(`${path} is no list`);
      for (const element of value)
        this.#checkValue(path, element, { ...attribute, isList: false }, problems);
      return;
    }
    if (attribute.isList && attribute.isObject) {
      problems.push(`${path} is a list`);
      return;
    }
    if (typeof value === 'object' && value !== null) {
      if (attribute.isObject) this.#checkObject(path, value as Json, attribute.type, problems);
      else problems.push(`${path} is no object`);
      return;
    }
    if (attribute.isObject) problems.push(`${path} is an object (${attribute.type})`);
    else checkScalar(path, value, attribute, problems);
  }

  #checkObject(path: string, value: Json, type: string, problems: string[]): void {
    const attributes = this.#schema.objects[type] ?? {};
    for (const [name, inner] of Object.entries(value)) {
      const attribute = attributes[name];
      if (attribute === undefined) problems.push(`${path}.${name} is no attribute of ${type}`);
      else this.#checkValue(`${path}.${name}`, inner, attribute, problems);
    }
  }
}

function checkScalar(path: string, value: unknown, attribute: Attribute, problems: string[]): void {
  const { type, values } = attribute;
  if (TIME_TYPES.has(type) || path === 'time' || path.endsWith('_time')) {
    if (!ISO_TIME.test(String(value))) problems.push(`${path} is no time: ${value}`);
  } else if (type === 'boolean_t') {
    if (typeof value !== 'boolean') problems.push(`${path} is not true or false: ${value}`);
  } else if (NUMBER_TYPES.has(type)) {
    if (typeof value !== 'number') problems.push(`${path} is no number: ${value}`);
    else if (values !== undefined && !values.includes(value) && !IN_CHECK.has(path))
      problems.push(`${path} has no value ${value}`);
  } else if (typeof value !== 'string') problems.push(`${path} is no text: ${value}`);
}

// SQL for the rows of the ECS mapping: each transform as pipeline's schema/ecs/values.ts has it in
// JavaScript; a test holds both equal. An absent text is '', an absent number or time NULL.
import {
  DIRECTION_NAMES,
  ECS_FIELDS,
  type EcsField,
  type EcsSource,
  FIELD_BY_PATH,
  FIELDS,
  type FieldSpec,
  TRANSPORT_NAMES,
  type Transform,
} from '@weir/pipeline';

export const sqlText = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function specOf(path: string): FieldSpec {
  return FIELDS[FIELD_BY_PATH.get(path) ?? -1] as FieldSpec;
}

/** The field as text, '' where it is absent. */
function asText(spec: FieldSpec): string {
  if (spec.storage === 'attribute') return `attributes[${sqlText(spec.column)}]`;
  if (spec.kind !== 'number') return `toString(${spec.column})`;
  return `ifNull(toString(${spec.column}), '')`;
}

/** The field as a number, NULL where it is absent. */
function asNumber(spec: FieldSpec): string {
  if (spec.storage === 'attribute') return `toFloat64OrNull(${asText(spec)})`;
  // A text in a number's place never comes here: the mapping's types are those of the fields.
  return spec.kind === 'number' ? `toFloat64(${spec.column})` : `toFloat64OrNull(${asText(spec)})`;
}

function asTime(spec: FieldSpec): string {
  return spec.storage === 'column'
    ? spec.column
    : `parseDateTime64BestEffortOrNull(${asText(spec)}, 6, 'UTC')`;
}

const byCode = (spec: FieldSpec, names: Readonly<Record<number, string>>, other: string): string =>
  `transform(${asText(spec)}, [${Object.keys(names).map(sqlText).join(', ')}], ` +
  `[${Object.values(names).map(sqlText).join(', ')}], ${other})`;

/** By transform: a text, or for numbers and times a nullable value. */
const EXPRESSIONS: Readonly<Record<Transform, (spec: FieldSpec) => string>> = {
  same: (spec) => asText(spec),
  number_only: (spec) => `if(match(${asText(spec)}, '^[0-9]{1,15}$'), ${asNumber(spec)}, NULL)`,
  word_only: (spec) => `if(match(${asText(spec)}, '^[0-9]+$'), '', lowerUTF8(${asText(spec)}))`,
  ms_to_ns: (spec) => `${asNumber(spec)} * 1000000`,
  time: (spec) => asTime(spec),
  transport: (spec) => byCode(spec, TRANSPORT_NAMES, asText(spec)),
  lower: (spec) => `lowerUTF8(${asText(spec)})`,
  mac: (spec) => `replaceAll(upperUTF8(${asText(spec)}), ':', '-')`,
  basename: (spec) =>
    `replaceRegexpOne(${asText(spec)}, '^(?s:.*)[\\\\\\\\/]([^\\\\\\\\/])', '\\\\1')`,
  outcome: (spec) => byCode(spec, { 1: 'success', 2: 'failure' }, "''"),
  ip_version: (spec) => byCode(spec, { 4: 'ipv4', 6: 'ipv6' }, "''"),
  direction: (spec) => byCode(spec, DIRECTION_NAMES, "''"),
};

function sourceSql({ path, transform }: EcsSource, type: EcsField['type']): string {
  const spec = specOf(path);
  if (type === 'number' && transform === 'same') return asNumber(spec);
  return EXPRESSIONS[transform](spec);
}

/** The first of the sources that is there. */
function firstOf(field: EcsField): string {
  const sources = field.sources.map((source) => sourceSql(source, field.type));
  if (sources.length === 1) return sources[0] as string;
  if (field.type !== 'text') return `coalesce(${sources.join(', ')})`;
  const branches = sources.slice(0, -1).map((sql) => `${sql} != '', ${sql}`);
  return `multiIf(${branches.join(', ')}, ${sources.at(-1)})`;
}

export interface EcsColumn {
  readonly name: string;
  readonly type: EcsField['type'];
  readonly sql: string;
}

/** One for each ECS name; a name that stands twice is of different classes. */
export function ecsColumns(): EcsColumn[] {
  const columns = new Map<string, EcsColumn>();
  for (const field of ECS_FIELDS) {
    const { name, type } = field;
    const absent = type === 'text' ? "''" : 'NULL';
    const before = columns.get(name)?.sql ?? absent;
    let sql = firstOf(field);
    if (field.when !== undefined) {
      const { field: id, ids, isNot } = field.when;
      sql = `if(${id} ${isNot ? 'NOT IN' : 'IN'} (${ids.join(', ')}), ${sql}, ${before})`;
    }
    columns.set(name, { name, type, sql });
  }
  return [...columns.values()];
}

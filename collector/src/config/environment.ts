// Settings from environment variables. Those of the platform, and for every setting
// WEIR_SECTION__KEY (two underscores between the parts of its path), also
// WEIR_SINKS__ARCHIVE__MAX_FILES; WEIR_DATA_DIR and WEIR_LOG_LEVEL for those without a section.
import type { JsonSchema } from '@weir/pipeline';
import type { Table } from './merge.js';
import { ConfigSchema } from './schema.js';

export interface EnvironmentSetting {
  readonly name: string;
  /** A document with this one setting. */
  readonly document: Table;
}

const PREFIX = 'WEIR_';
/** Part of the platform's contract; they go over WEIR_ variables for the same setting. */
const PLATFORM_VARIABLES: readonly (readonly [string, readonly string[]])[] = [
  ['CLICKHOUSE_URL', ['store', 'url']],
  ['EVENTS_TABLE', ['store', 'events_table']],
  ['KAFKA_BROKERS', ['kafka', 'brokers']],
  ['KAFKA_TOPIC', ['kafka', 'topic']],
  ['KAFKA_GROUP_ID', ['kafka', 'group_id']],
];
const TOP_LEVEL = ['data_dir', 'log_level'];

/** In the order in which they are laid over each other. Empty variables say nothing. */
export function settingsOfEnvironment(
  environment: Readonly<NodeJS.ProcessEnv>,
): readonly EnvironmentSetting[] {
  const settings: EnvironmentSetting[] = [];
  for (const name of Object.keys(environment).sort()) {
    const text = environment[name];
    const path = pathOf(name);
    if (path === null || text === undefined || text === '') continue;
    settings.push({ name, document: nested(path, fitted(text, path)) });
  }
  for (const [name, path] of PLATFORM_VARIABLES) {
    const text = environment[name];
    if (text !== undefined && text !== '') settings.push({ name, document: nested(path, text) });
  }
  return settings;
}

/** Null for a variable that is no setting, such as WEIR_SEED. */
function pathOf(name: string): readonly string[] | null {
  if (!name.startsWith(PREFIX)) return null;
  const rest = name.slice(PREFIX.length).toLowerCase();
  if (rest.includes('__')) return rest.split('__');
  return TOP_LEVEL.includes(rest) ? [rest] : null;
}

function nested(path: readonly string[], value: unknown): Table {
  let document: unknown = value;
  for (const key of path.toReversed()) document = { [key]: document };
  return document as Table;
}

/** As the schema wants it; text that does not fit stays text, and the check says what is wrong. */
function fitted(text: string, path: readonly string[]): unknown {
  const { type } = schemaAt(ConfigSchema as unknown as JsonSchema, path) ?? {};
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) {
    return Number(text);
  }
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  const isJson = /^[[{]/.test(text) && (type === 'array' || type === 'object');
  if (isJson) return parsedOr(text);
  return type === 'array' ? text.split(',').map((part) => part.trim()) : text;
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The schema of a setting; of components that of the first type that has it. */
function schemaAt(schema: JsonSchema, path: readonly string[]): JsonSchema | null {
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  const { properties, patternProperties, oneOf } = schema as {
    properties?: Readonly<Record<string, JsonSchema>>;
    patternProperties?: Readonly<Record<string, JsonSchema>>;
    oneOf?: readonly JsonSchema[];
  };
  for (const branch of oneOf ?? []) {
    const found = schemaAt(branch, path);
    if (found !== null) return found;
  }
  const next = properties?.[key] ?? Object.values(patternProperties ?? {})[0];
  return next === undefined ? null : schemaAt(next, rest);
}

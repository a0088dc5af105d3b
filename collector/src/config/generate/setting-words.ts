// The words for one setting: its type, bounds, default and whether it must be given.

import { SECRET } from '../schema/nodes.js';
import type { TSchema } from '../schema/type.js';

/** What is used of a JSON Schema. */
export interface SettingSchema extends TSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: SettingSchema;
  readonly patternProperties?: Readonly<Record<string, SettingSchema>>;
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly required?: readonly string[];
}

export interface Setting {
  readonly name: string;
  readonly schema: SettingSchema;
  /** It has no default, and the configuration is wrong without it. */
  readonly isNeeded: boolean;
}

/** The settings of a component or section, as they stand in the schema; without `type`. */
export function settingsOf(schema: SettingSchema): readonly Setting[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== 'type')
    .map(([name, inner]) => ({
      name,
      schema: inner,
      isNeeded: required.has(name) && inner.default === undefined,
    }));
}

/** For instance `one of none, zstd, gzip`, `whole number, 1 to 64`, `list of text`. */
export function typeWords(schema: SettingSchema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum !== undefined) return `one of ${schema.enum.map(String).join(', ')}`;
  if (schema.patternProperties !== undefined) {
    const [inner] = Object.values(schema.patternProperties);
    return `table of ${inner === undefined ? 'values' : typeWords(inner)}`;
  }
  switch (schema.type) {
    case 'integer':
      return `whole number${boundsWords(schema)}`;
    case 'number':
      return `number${boundsWords(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'array': {
      const { items } = schema;
      if (items?.enum !== undefined) return `list of ${items.enum.map(String).join(', ')}`;
      return `list of ${items === undefined ? 'values' : typeWords(items)}`;
    }
    case 'string':
      return schema[SECRET as keyof typeof schema] === 'value' ? 'secret' : 'text';
    case 'object':
      return 'table';
    default:
      return Array.isArray(schema.type)
        ? schema.type.map((type) => (type === 'string' ? 'text' : String(type))).join(' or ')
        : 'any value';
  }
}

function boundsWords({ minimum, maximum }: SettingSchema): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, at least ${minimum}`;
  return maximum === undefined ? '' : `, at most ${maximum}`;
}

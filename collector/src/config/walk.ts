// Going through a document along its schema, for what a validator does not do.
import type { JsonSchema } from '@weir/pipeline';
import { isTable, pointer, type Table } from './merge.js';

/** A value with its schema. `set` puts another in its place. */
export interface Visited {
  readonly path: string;
  readonly value: unknown;
  readonly schema: JsonSchema;
  readonly set: (value: unknown) => void;
}

/** Calls for every value that is no table of known settings; wrong documents are no matter. */
export function visitSettings(
  document: unknown,
  schema: JsonSchema,
  visit: (visited: Visited) => void,
): void {
  if (isTable(document)) visitTable(document, schema, [], visit);
}

function visitTable(
  table: Table,
  schema: JsonSchema,
  path: readonly string[],
  visit: (visited: Visited) => void,
): void {
  for (const [key, value] of Object.entries(table)) {
    const place = [...path, key];
    const inner = schemaOfKey(schema, table, key);
    if (inner === null) continue;
    if (isTable(value) && hasKnownKeys(inner)) {
      visitTable(value, inner, place, visit);
      continue;
    }
    const set = (changed: unknown): void => {
      table[key] = changed;
    };
    visit({ path: pointer(place), value, schema: inner, set });
  }
}

interface TableSchema extends JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly oneOf?: readonly TableSchema[];
}

const hasKnownKeys = (schema: TableSchema): boolean =>
  schema.properties !== undefined ||
  schema.oneOf !== undefined ||
  schema.patternProperties !== undefined;

function schemaOfKey(schema: TableSchema, table: Table, key: string): JsonSchema | null {
  if (schema.oneOf !== undefined) {
    const branch = schema.oneOf.find(({ properties }) => properties?.type?.const === table.type);
    return branch === undefined ? null : schemaOfKey(branch, table, key);
  }
  const known = schema.properties;
  if (known !== undefined && Object.hasOwn(known, key)) return known[key] ?? null;
  return Object.values(schema.patternProperties ?? {})[0] ?? null;
}

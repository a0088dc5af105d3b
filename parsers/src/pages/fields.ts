// Which fields golden events have.
import { readFileSync } from 'node:fs';

export type Json = Readonly<Record<string, unknown>>;

export interface FieldUse {
  /** Dotted; `[]` behind a list. */
  readonly path: string;
  /** Events that have it. */
  readonly count: number;
  /** A value of one, cut when it is long; empty where it cannot stand in a table. */
  readonly example: string;
}

const EXAMPLE_CHARACTERS_MAX = 60;
/** Not fields of OCSF: what Weir says of the row. */
const LEFT_OUT = new Set(['unmapped', 'marks', 'parser', 'parser_version', 'raw_data', 'error']);
const SCHEMA = new URL('../../src/ocsf-check/schema-1.8.0.json', import.meta.url);

/** Union of the fields, by path. */
export function fieldsOf(lines: readonly Json[]): FieldUse[] {
  const uses = new Map<string, { count: number; example: string }>();
  for (const line of lines) {
    const found = new Map<string, string>();
    for (const [key, value] of Object.entries(line))
      if (!LEFT_OUT.has(key) && !key.startsWith('raw_data')) collect(key, value, found);
    for (const [path, example] of found) {
      const use = uses.get(path) ?? { count: 0, example };
      uses.set(path, { count: use.count + 1, example: use.example || example });
    }
  }
  return [...uses]
    .map(([path, use]) => ({ path, ...use }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function collect(path: string, value: unknown, found: Map<string, string>): void {
  if (Array.isArray(value)) {
    for (const each of value) collect(`${path}[]`, each, found);
  } else if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) collect(`${path}.${key}`, inner, found);
  } else if (!found.has(path)) found.set(path, shown(String(value)));
}

function shown(text: string): string {
  if (!/^[\x20-\x7e]+$/.test(text) || /[`|\\]/.test(text)) return '';
  return text.length > EXAMPLE_CHARACTERS_MAX
    ? `${text.slice(0, EXAMPLE_CHARACTERS_MAX - 3)}...`
    : text;
}

/** `network_activity` (4001), ... in the order of their ids. */
export function classNames(lines: readonly Json[]): string {
  const { classes } = JSON.parse(readFileSync(SCHEMA, 'utf8')) as {
    classes: Record<string, { name: string }>;
  };
  const ids = new Set(lines.flatMap(({ class_uid: id }) => (typeof id === 'number' ? [id] : [])));
  const names = [...ids].sort((a, b) => a - b).map((id) => `\`${classes[id]?.name}\` (${id})`);
  return names.length === 0 ? 'none' : names.join(', ');
}

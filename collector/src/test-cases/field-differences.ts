// Where two events differ, field by field, and how that is shown.
import { isDeepStrictEqual } from 'node:util';

/** One field; undefined stands for absent. */
export interface FieldDifference {
  /** As in conditions: `src_endpoint.ip`, `osint[0].value`, `unmapped["labels.owner"]`. */
  readonly path: string;
  readonly expected?: unknown;
  readonly got?: unknown;
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What a line says when its event did not arrive. */
const FATES = ['error', 'filtered', 'missing'];
const VALUE_CHARACTERS_MAX = 160;
/** Shown before the first character that differs. */
const BEFORE_CHARACTERS = 20;

type Table = Readonly<Record<string, unknown>>;

/** In the order of what is expected; what came in besides stands behind. */
export function fieldDifferences(expected: unknown, got: unknown): FieldDifference[] {
  // An event and a refusal have nothing in common that is worth a list of fields.
  if (fateOf(expected) !== fateOf(got)) return [{ path: '', expected, got }];
  const found: FieldDifference[] = [];
  compare('', expected, got, found);
  return found;
}

function fateOf(line: unknown): string {
  return isTable(line) ? (FATES.find((key) => Object.hasOwn(line, key)) ?? 'event') : 'none';
}

function compare(path: string, expected: unknown, got: unknown, found: FieldDifference[]): void {
  if (isDeepStrictEqual(expected, got)) return;
  if (isTable(expected) && isTable(got)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(got)]))
      compare(joined(path, key), own(expected, key), own(got, key), found);
  } else if (Array.isArray(expected) && Array.isArray(got)) {
    for (let i = 0; i < Math.max(expected.length, got.length); i++)
      compare(`${path}[${i}]`, expected[i], got[i], found);
  } else {
    found.push({
      path,
      ...(expected === undefined ? {} : { expected }),
      ...(got === undefined ? {} : { got }),
    });
  }
}

const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const own = (table: Table, key: string): unknown =>
  Object.hasOwn(table, key) ? table[key] : undefined;

function joined(path: string, key: string): string {
  if (!PLAIN_KEY.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** Both values on one line each; of long texts the part that differs. */
export function valuesOf({ expected, got }: FieldDifference): {
  readonly expected: string;
  readonly got: string;
} {
  const [a, b] = [jsonOf(expected), jsonOf(got)];
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const from = Math.max(0, same - BEFORE_CHARACTERS);
  return { expected: cut(a, from), got: cut(b, from) };
}

const jsonOf = (value: unknown): string =>
  value === undefined ? '(absent)' : JSON.stringify(value);

function cut(text: string, from: number): string {
  if (text.length <= VALUE_CHARACTERS_MAX) return text;
  const start = Math.min(from, text.length - BEFORE_CHARACTERS);
  const end = start + VALUE_CHARACTERS_MAX;
  return `${start > 0 ? '...' : ''}${text.slice(start, end)}${end < text.length ? '...' : ''}`;
}

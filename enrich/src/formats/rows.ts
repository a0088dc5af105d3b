// Rows of a table's file, whatever its format: values by the name of their column.
//
//   csv      the first line names the columns
//   ndjson   one object a line; empty lines are left out
//   json     one list of objects
//   txt      one value a line, of the column `indicator`; what follows a # is a comment
import { messageOf } from '@weir/pipeline';
import { TableError } from '../table-error.js';
import { csvRows } from './csv.js';

export const FORMATS = ['ndjson', 'json', 'csv', 'txt'] as const;
export type Format = (typeof FORMATS)[number];

export interface TableRow {
  /** `line 3` or `item 3`, for messages. */
  readonly where: string;
  readonly values: Readonly<Record<string, unknown>>;
}

const ENDINGS: Readonly<Record<string, Format>> = {
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'json',
  csv: 'csv',
  txt: 'txt',
};

/** By the ending of the path unless it is given; null when that says nothing. */
export function formatOf(path: string, format: Format | 'auto' = 'auto'): Format | null {
  if (format !== 'auto') return format;
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return Object.hasOwn(ENDINGS, ending) ? (ENDINGS[ending] ?? null) : null;
}

/** Throws TableError at what cannot be read. */
export function rowsOf(bytes: Uint8Array, format: Format): Iterable<TableRow> {
  const text = textOf(bytes);
  if (format === 'csv') return csvTable(text);
  if (format === 'json') return jsonTable(text);
  return lineTable(text, format === 'ndjson' ? objectOfLine : indicatorOfLine);
}

function textOf(bytes: Uint8Array): string {
  try {
    // A decoder does not take shared memory, and drops a byte order mark.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TableError('it is not UTF-8 text');
  }
}

function* csvTable(text: string): Generator<TableRow> {
  let names: readonly string[] | null = null;
  for (const { line, cells } of csvRows(text)) {
    if (names === null) {
      names = cells.map((cell) => cell.trim());
      const twice = names.find((name, i) => names?.indexOf(name) !== i);
      if (twice !== undefined) throw new TableError(`line ${line}: two columns ${twice}`);
      continue;
    }
    if (cells.length !== names.length)
      throw new TableError(`line ${line}: ${cells.length} values, and ${names.length} columns`);
    const values: Record<string, unknown> = Object.create(null);
    for (let i = 0; i < names.length; i++) values[names[i] as string] = cells[i];
    yield { where: `line ${line}`, values };
  }
}

function* jsonTable(text: string): Generator<TableRow> {
  const items = parsed(text, 'it');
  if (!Array.isArray(items)) throw new TableError('it is not a list of objects');
  for (let i = 0; i < items.length; i++) {
    const where = `item ${i + 1}`;
    yield { where, values: asObject(items[i], where) };
  }
}

type RowOfLine = (line: string, where: string) => Readonly<Record<string, unknown>> | null;

function* lineTable(text: string, rowOf: RowOfLine): Generator<TableRow> {
  let number = 0;
  for (let at = 0; at < text.length; ) {
    number++;
    const found = text.indexOf('\n', at);
    const end = found < 0 ? text.length : found;
    const line = text.slice(at, end).trim();
    at = end + 1;
    if (line === '') continue;
    const where = `line ${number}`;
    const values = rowOf(line, where);
    if (values !== null) yield { where, values };
  }
}

const objectOfLine: RowOfLine = (line, where) => asObject(parsed(line, where), where);

const indicatorOfLine: RowOfLine = (line) => {
  const indicator = line.split(/(?:^|\s)#/, 1)[0]?.trim() ?? '';
  return indicator === '' ? null : { indicator };
};

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TableError(`${where} is not JSON: ${messageOf(error).slice(0, 120)}`);
  }
}

function asObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new TableError(`${where} is not an object`);
}

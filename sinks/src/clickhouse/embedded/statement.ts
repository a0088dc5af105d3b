// What a statement is, as far as the way to run it depends on it.
import { quote } from './connections.js';

/** An INSERT whose data follows; `head` ends before SELECT, SETTINGS and FORMAT. */
export interface InsertStatement {
  readonly head: string;
  /** Of `INSERT ... SELECT ... FROM input('structure') ...`; empty where the data are the rows. */
  readonly select: string;
  readonly settings: string;
  readonly format: string;
}

const NAME = '(?:`[^`]*`|"[^"]*"|[\\w$]+)';
const COLUMNS = '\\((?:[^()`"]|`[^`]*`|"[^"]*"|\\([^()]*\\))*\\)';
/** The table function through which a SELECT reads the data of its INSERT. */
const INPUT = "input\\(\\s*'(?:[^'\\\\]|\\\\.)*'\\s*\\)";
const INSERT = new RegExp(
  `^\\s*(INSERT\\s+INTO\\s+(?:TABLE\\s+)?${NAME}(?:\\.${NAME})?(?:\\s*${COLUMNS})?)` +
    `\\s*(SELECT\\s[^;]*?\\sFROM\\s+${INPUT}[^;]*?)?` +
    '\\s*(SETTINGS\\s[^;]*?)?\\s+FORMAT\\s+(\\w+)\\s*?',
  'i',
);

/** The statement, when all of `sql` is an INSERT up to its FORMAT. */
export function parseInsert(sql: string): InsertStatement | null {
  const found = INSERT.exec(sql);
  if (found === null || sql.slice(found[0].length).trim() !== '') return null;
  return toInsert(found);
}

/**
 * The statement at the start of a body that holds statement and data, and where the data starts:
 * after the first line break or blank behind FORMAT's name. null for `VALUES` and everything else.
 */
export function parseInsertWithData(
  body: Buffer,
): { readonly insert: InsertStatement; readonly dataStart: number } | null {
  // latin1 keeps one character a byte, so the index is a byte offset.
  const text = body.toString('latin1', 0, Math.min(body.length, 64 * 1024));
  const found = INSERT.exec(text);
  if (found === null) return null;
  const end = found[0].length;
  const next = text[end];
  if (next !== undefined && !/\s/.test(next)) return null;
  const insert = toInsert(INSERT.exec(body.toString('utf8', 0, end)) ?? found);
  const blank = /^(?:[ \t]*\r?\n|\s)/.exec(text.slice(end, end + 64));
  return { insert, dataStart: end + (blank?.[0].length ?? 0) };
}

function toInsert(found: RegExpExecArray): InsertStatement {
  return {
    head: found[1] ?? '',
    select: found[2] ?? '',
    settings: found[3] ?? '',
    format: found[4] ?? '',
  };
}

/** The statement with its data in a file; `compression` is empty for none. */
export function insertFromFile(
  { head, select, settings, format }: InsertStatement,
  path: string,
  compression: string,
): string {
  const file = quote(path);
  if (select === '') {
    const compressed = compression === '' ? '' : ` COMPRESSION '${compression}'`;
    return `${head} FROM INFILE ${file}${compressed} ${settings} FORMAT ${format}`;
  }
  const rows = select.replace(
    new RegExp(INPUT, 'i'),
    (input) =>
      `file(${file}, ${format}, ${input.slice('input('.length, -1)}, '${compression || 'none'}')`,
  );
  return `${head} ${rows} ${settings}`;
}

/** SELECT and the like: its result can be streamed. */
export const isSelect = (sql: string): boolean =>
  /^(?:\s|\(|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:SELECT|WITH)\b/i.test(sql);

/** Output format named by the statement itself; `ORDER BY format DESC` names none. */
export function namedFormat(sql: string): string | undefined {
  const name = /\bFORMAT\s+(\w+)\s*(?:SETTINGS\s[^;']*)?;?\s*$/i.exec(sql)?.[1];
  return name !== undefined && NO_FORMAT.test(name) ? undefined : name;
}

/** Words that stand behind a column or table called `format`. */
const NO_FORMAT = /^(?:ASC|ASCENDING|DESC|DESCENDING|END|FINAL)$/i;

/**
 * Formats whose output is a plain sequence of rows or blocks, so that chunks can be sent as made.
 */
const STREAMABLE = new Set([
  'jsoneachrow',
  'jsonstringseachrow',
  'jsoncompacteachrow',
  'jsoncompactstringseachrow',
  'csv',
  'tabseparated',
  'tsv',
  'rowbinary',
  'native',
  'lineasstring',
  'rawblob',
]);
export const isStreamable = (format: string): boolean => STREAMABLE.has(format.toLowerCase());

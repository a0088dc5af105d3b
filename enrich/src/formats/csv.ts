// Comma separated values (RFC 4180): quotes, quoted line ends, "" for a quote; LF or CRLF.
import { LIMITS } from '@weir/pipeline';
import { TableError } from '../table-error.js';

export interface CsvRow {
  /** Of its first character, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

const [QUOTE, COMMA, LF, CR] = [0x22, 0x2c, 0x0a, 0x0d];

/** Rows in order, empty lines left out. Throws TableError with the line. */
export function* csvRows(text: string): Generator<CsvRow> {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const row = readRow(text, at, line);
    const [only] = row.cells;
    if (row.cells.length > 1 || only !== '') yield { line, cells: row.cells };
    at = row.end;
    line = row.nextLine;
  }
}

interface ReadRow {
  readonly cells: string[];
  readonly end: number;
  readonly nextLine: number;
}

function readRow(text: string, start: number, line: number): ReadRow {
  const cells: string[] = [];
  let at = start;
  let nextLine = line;
  for (;;) {
    if (text.charCodeAt(at) === QUOTE) {
      const { cell, end, lineEnds } = readQuoted(text, at, line);
      cells.push(cell);
      at = end;
      nextLine += lineEnds;
    } else {
      let end = at;
      while (end < text.length && !isEnd(text.charCodeAt(end))) end++;
      cells.push(checked(text.slice(at, end), line));
      at = end;
    }
    if (text.charCodeAt(at) !== COMMA) break;
    at++;
    if (cells.length >= LIMITS.tableColumnsMax)
      throw new TableError(`line ${line}: more than ${LIMITS.tableColumnsMax} columns`);
  }
  if (text.charCodeAt(at) === CR) at++;
  if (at < text.length && text.charCodeAt(at) !== LF)
    throw new TableError(`line ${nextLine}: something stands behind a quoted value`);
  return { cells, end: at + 1, nextLine: nextLine + 1 };
}

const isEnd = (character: number): boolean =>
  character === COMMA || character === LF || character === CR;

function readQuoted(text: string, start: number, line: number) {
  let cell = '';
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new TableError(`line ${line}: a quoted value has no end`);
    cell += text.slice(at, quote);
    if (text.charCodeAt(quote + 1) !== QUOTE) {
      return { cell: checked(cell, line), end: quote + 1, lineEnds: cell.split('\n').length - 1 };
    }
    cell += '"';
    at = quote + 2;
  }
}

function checked(cell: string, line: number): string {
  if (cell.length <= LIMITS.tableCellCharactersMax) return cell;
  const most = LIMITS.tableCellCharactersMax;
  throw new TableError(`line ${line}: value too long: ${cell.length} characters, limit is ${most}`);
}

// The golden cases, for the tests and for the pages of the packs: each folder
// src/<parser>/testcases/<case> holds input.raw (one event a line, the last line end dropped),
// expected.jsonl and, where needed, config.json.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ColumnWriter, EventRow, HeaderLines, type InputFormat } from '@weir/pipeline';
import { parseBatch, type RegexSpec, regexParser } from './index.js';
import { batchOf } from './testing.js';

export interface CaseConfig {
  readonly format: InputFormat;
  readonly pack: string;
  /** Of CSV. */
  readonly columns: string;
  /** Patterns of the user, and the fields of their groups; asked before the packs. */
  readonly regex?: RegexSpec['regex'];
  readonly fields?: RegexSpec['fields'];
  readonly receivedAt: string;
  /** Whether header lines are told from events, as framing does. */
  readonly header: 'none' | 'marked' | 'first_line';
}
export const DEFAULTS: CaseConfig = {
  format: 'syslog',
  pack: 'auto',
  columns: '',
  receivedAt: '2026-03-01T12:00:00Z',
  header: 'none',
};

export interface CaseEvent {
  readonly bytes: Buffer;
  /** Columns that header lines named, as the source's context. */
  readonly context: string;
  /** The header lines in front of it, as they came. */
  readonly header: string;
}
export interface GoldenCase {
  /** `<parser>/<case>`. */
  readonly name: string;
  readonly folder: string;
  /** What config.json says. */
  readonly given: Partial<CaseConfig>;
  readonly events: readonly CaseEvent[];
}

const SOURCES = fileURLToPath(new URL('../src', import.meta.url));
const writer = new ColumnWriter();

export function goldenCases(): GoldenCase[] {
  return readdirSync(SOURCES).flatMap((parser) => {
    const cases = join(SOURCES, parser, 'testcases');
    if (!existsSync(cases)) return [];
    return readdirSync(cases).map((name) => readCase(`${parser}/${name}`, join(cases, name)));
  });
}

function readCase(name: string, folder: string): GoldenCase {
  const path = join(folder, 'config.json');
  const given = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as Partial<CaseConfig>)
    : {};
  return { name, folder, given, events: eventsOf(readFileSync(join(folder, 'input.raw')), given) };
}

/** One event a line, without the header lines. */
export function eventsOf(input: Buffer, given: Partial<CaseConfig>): CaseEvent[] {
  const { header = DEFAULTS.header } = given;
  const headers = header === 'none' ? null : new HeaderLines(header);
  const events: CaseEvent[] = [];
  let lines: string[] = [];
  let isOpen = false;
  for (const bytes of linesOf(input)) {
    if (headers?.take(bytes, 0, bytes.length) === true) {
      // What ends the file before is no part of this one's header.
      if (bytes.toString().startsWith('#close')) continue;
      lines = isOpen ? [...lines, bytes.toString()] : [bytes.toString()];
      isOpen = true;
      continue;
    }
    isOpen = false;
    events.push({ bytes, context: headers?.context ?? '', header: lines.join('\n') });
  }
  return events;
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** What the packs make of the events: a line of JSON each. */
export function parsedLines(events: readonly CaseEvent[], given: Partial<CaseConfig>): string[] {
  const { format, pack, columns, regex, fields = {}, receivedAt } = { ...DEFAULTS, ...given };
  const receivedAtNs = BigInt(Date.parse(receivedAt)) * 1_000_000n;
  const contexts = events.map(({ context }) => context);
  const batch = batchOf(
    events.map(({ bytes }) => bytes),
    { format, receivedAtNs, contexts },
  );
  const row = new EventRow(
    parseBatch(batch, writer, {
      pack,
      columns,
      ...(regex === undefined ? {} : { own: regexParser({ regex, fields }) }),
    }),
  );
  return events.map((_, index) => JSON.stringify(row.move(index).toOcsf()));
}

// Scenario: each folder src/<parser>/testcases/<case> holds input.raw (one event a line, the last
//   line end dropped), expected.jsonl and, where needed, config.json.
// Guarantees: every event of every case gives exactly the line that stands in expected.jsonl.
//   WEIR_UPDATE=1 writes expected.jsonl anew: read the difference before you keep it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ColumnWriter, EventRow, HeaderLines, type InputFormat } from '@weir/pipeline';
import t from 'tap';
import { parseBatch } from './index.js';
import { batchOf } from './testing.js';

interface CaseConfig {
  readonly format: InputFormat;
  readonly pack: string;
  /** Of CSV. */
  readonly columns: string;
  readonly receivedAt: string;
  /** Whether header lines are told from events, as framing does. */
  readonly header: 'none' | 'marked' | 'first_line';
}
const DEFAULTS: CaseConfig = {
  format: 'syslog',
  pack: 'auto',
  columns: '',
  receivedAt: '2026-03-01T12:00:00Z',
  header: 'none',
};
const sources = fileURLToPath(new URL('../src', import.meta.url));
const isUpdate = process.env.WEIR_UPDATE === '1';
const writer = new ColumnWriter();

function configOf(folder: string): CaseConfig {
  const path = join(folder, 'config.json');
  if (!existsSync(path)) return DEFAULTS;
  return { ...DEFAULTS, ...(JSON.parse(readFileSync(path, 'utf8')) as Partial<CaseConfig>) };
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

function actualOf(folder: string): string[] {
  const config = configOf(folder);
  const lines = linesOf(readFileSync(join(folder, 'input.raw')));
  const headers = config.header === 'none' ? null : new HeaderLines(config.header);
  const events: Buffer[] = [];
  const contexts: string[] = [];
  for (const line of lines) {
    if (headers?.take(line, 0, line.length) === true) continue;
    events.push(line);
    contexts.push(headers?.context ?? '');
  }
  const receivedAtNs = BigInt(Date.parse(config.receivedAt)) * 1_000_000n;
  const batch = batchOf(events, { format: config.format, receivedAtNs, contexts });
  const row = new EventRow(
    parseBatch(batch, writer, { pack: config.pack, columns: config.columns }),
  );
  return events.map((_, index) => JSON.stringify(row.move(index).toOcsf()));
}

for (const parser of readdirSync(sources)) {
  const cases = join(sources, parser, 'testcases');
  if (!existsSync(cases)) continue;
  for (const name of readdirSync(cases)) {
    t.test(`${parser}/${name}`, (t) => {
      const folder = join(cases, name);
      const actual = actualOf(folder);
      const path = join(folder, 'expected.jsonl');
      if (isUpdate) writeFileSync(path, `${actual.join('\n')}\n`);
      const expected = readFileSync(path, 'utf8').trimEnd().split('\n');
      t.equal(actual.length, expected.length, 'as many lines as events');
      actual.forEach((line, index) => {
        const wanted: unknown = JSON.parse(expected[index] ?? 'null');
        // As objects, so that a difference is shown attribute by attribute.
        t.strictSame(JSON.parse(line), wanted, `event ${index + 1}`);
      });
      t.end();
    });
  }
}

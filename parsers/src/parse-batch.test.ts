// Scenario: any bytes at all; fixtures with bytes changed, cut, doubled and joined; both formats.
// Guarantees: parseBatch never throws; rows in = rows out; spans lie inside their row or in
//   scratch; raw bytes are unchanged; parse(A + B) = parse(A) + parse(B); a reused writer leaves no
//   trace; every mark and reason is in the taxonomy. WEIR_SEED replays, WEIR_LONG=1 runs fifty
//   times as many.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  ColumnWriter,
  type EventBatch,
  EventRow,
  type InputFormat,
  LIMITS,
  MARK,
  markName,
  QUARANTINE_REASONS,
  STATUS,
} from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { all, PACK_NAMES, parseBatch } from './index.js';
import { batchOf, utf8 } from './testing.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_301);
const numRuns = process.env.WEIR_LONG === '1' ? 20_000 : 400;
const options = { seed, numRuns };
t.comment(`WEIR_SEED=${seed}`);

const sources = fileURLToPath(new URL('../src', import.meta.url));
const fixtures: Uint8Array[] = [];
for (const parser of readdirSync(sources)) {
  const cases = join(sources, parser, 'testcases');
  if (!existsSync(cases)) continue;
  for (const name of readdirSync(cases)) {
    const text = readFileSync(join(cases, name, 'input.raw'), 'latin1');
    for (const line of text.split('\n'))
      if (line !== '') fixtures.push(Uint8Array.from(Buffer.from(line, 'latin1')));
  }
}
t.ok(fixtures.length > 150, 'there are fixtures to change');

/** Bytes that parsers decide on come more often than others. */
const telling = [...utf8('<>[]{}"\'\\=:, |;-.%*01 9TZ'), 0, 0x0a, 0x0d, 0x80, 0xc3, 0xff];
const byte = fc.oneof(fc.constantFrom(...telling), fc.nat(255));
const noise = fc.array(byte, { maxLength: 200 }).map((bytes) => Uint8Array.from(bytes));
const edit = fc.record({
  at: fc.nat(10_000),
  kind: fc.constantFrom('set', 'insert', 'delete', 'cut', 'double'),
  byte,
});
const mutated = fc
  .tuple(fc.constantFrom(...fixtures), fc.array(edit, { maxLength: 6 }))
  .map(([fixture, edits]) => {
    let bytes = [...fixture];
    for (const { at, kind, byte: value } of edits) {
      const index = bytes.length === 0 ? 0 : at % bytes.length;
      if (kind === 'set') bytes[index] = value;
      else if (kind === 'insert') bytes.splice(index, 0, value);
      else if (kind === 'delete') bytes.splice(index, 1);
      else if (kind === 'cut') bytes = bytes.slice(0, index);
      else bytes = bytes.concat(bytes.slice(index)).slice(0, 4_000);
    }
    return Uint8Array.from(bytes);
  });
const events = fc.array(fc.oneof(noise, mutated), { minLength: 1, maxLength: 12 });
const format = fc.constantFrom<InputFormat>('syslog', 'json');
const pack = fc.constantFrom(...PACK_NAMES);
const reasons: ReadonlySet<string> = new Set(QUARANTINE_REASONS);
const statuses: ReadonlySet<number> = new Set(Object.values(STATUS));

/** Everything that the rows say, without where it stands. */
function described(batch: EventBatch): string[] {
  const row = new EventRow(batch);
  return Array.from({ length: batch.raw.eventCount }, (_, index) =>
    JSON.stringify([row.move(index).toOcsf(), batch.status[index]]),
  );
}

function checkSpan(batch: EventBatch, row: number, start: number, end: number): void {
  const { bytes, offsets } = batch.raw;
  if (start > end) throw new Error(`row ${row}: a span ends before it starts`);
  if (start === end) return;
  const isInScratch = start >= bytes.length && end <= bytes.length + batch.scratch.length;
  const isInRow = start >= (offsets[row] ?? 0) && end <= (offsets[row + 1] ?? 0);
  if (!isInScratch && !isInRow) throw new Error(`row ${row}: [${start}, ${end}) is outside`);
}

function checkBatch(batch: EventBatch): void {
  const rows = batch.raw.eventCount;
  for (const column of batch.columns) {
    const length = column.kind === 'span' ? column.spans.length / 2 : valuesOf(column).length;
    if (length !== rows) throw new Error('a column has another number of rows');
    if (column.kind !== 'span') continue;
    for (let row = 0; row < rows; row++)
      checkSpan(batch, row, column.spans[2 * row] ?? 0, column.spans[2 * row + 1] ?? 0);
  }
  checkTuples(batch);
  for (let row = 0; row < rows; row++) {
    if (!statuses.has(batch.status[row] ?? -1)) throw new Error('an unknown status');
    if ((batch.parserIndex[row] ?? 255) >= batch.parsers.length) throw new Error('no such parser');
    const reason = batch.quarantine[row] ?? 0;
    if (reason !== 0 && !reasons.has(markName(reason))) throw new Error(`reason ${reason}`);
    if (reason === MARK.parse_error) throw new Error(`row ${row}: a parser threw`);
  }
}

const valuesOf = (column: EventBatch['columns'][number]): ArrayLike<number> =>
  column.kind === 'number' ? column.values : column.kind === 'code' ? column.codes : column.spans;

function checkTuples(batch: EventBatch): void {
  let last = 0;
  for (let i = 0; i < batch.unmapped.length; i += 5) {
    const [row = 0, keyStart = 0, keyEnd = 0, start = 0, end = 0] = batch.unmapped.subarray(
      i,
      i + 5,
    );
    if (row < last) throw new Error('unmapped pairs are not in order');
    last = row;
    checkSpan(batch, row, keyStart, keyEnd);
    checkSpan(batch, row, start, end);
  }
  last = 0;
  for (let i = 0; i < batch.marks.length; i += 3) {
    const [row = 0, mark = 0, offset = 0] = batch.marks.subarray(i, i + 3);
    if (row < last) throw new Error('marks are not in order');
    last = row;
    if (markName(mark) === 'unknown') throw new Error(`mark ${mark} is not in the taxonomy`);
    const length = (batch.raw.offsets[row + 1] ?? 0) - (batch.raw.offsets[row] ?? 0);
    if (offset > length) throw new Error(`${markName(mark)} at ${offset} of ${length} bytes`);
  }
}

t.test('any bytes: whole, in order, inside their rows', (t) => {
  const writer = new ColumnWriter();
  fc.assert(
    fc.property(events, format, pack, (list, inputFormat, name) => {
      const raw = batchOf(list, { format: inputFormat });
      const before = raw.bytes.slice();
      const batch = parseBatch(raw, writer, { pack: name });
      checkBatch(batch);
      if (Buffer.compare(before, raw.bytes) !== 0) throw new Error('raw bytes changed');
      described(batch);
    }),
    options,
  );
  t.pass(`${numRuns} batches`);
  t.end();
});

t.test('parse(A + B) = parse(A) + parse(B), with a used writer and a new one', (t) => {
  const used = new ColumnWriter();
  fc.assert(
    fc.property(events, events, format, (first, second, inputFormat) => {
      const joined = described(
        parseBatch(batchOf([...first, ...second], { format: inputFormat }), used),
      );
      const apart = [first, second].flatMap((list) =>
        described(parseBatch(batchOf(list, { format: inputFormat }), new ColumnWriter())),
      );
      if (JSON.stringify(joined) !== JSON.stringify(apart))
        throw new Error(`${joined.join('\n')}\nis not\n${apart.join('\n')}`);
    }),
    options,
  );
  t.pass(`${numRuns} pairs of batches`);
  t.end();
});

t.test('framing marks send the event to quarantine and stay noted', (t) => {
  const events = ['<13>Feb 28 22:14:15 gate app: cut her', '<13>whole', '{"a":1'].map(utf8);
  const marks = [0, MARK.oversize, 100_000, 1, MARK.framing_incomplete, 0, 2, MARK.json_invalid, 6];
  const raw = batchOf(events, { marks });
  const row = new EventRow(parseBatch(raw, new ColumnWriter()));
  t.strictSame(row.move(0).rejection(), { reason: 'oversize', offset: events[0]?.length });
  t.equal(row.get('message'), 'cut her', 'what was understood is there');
  t.strictSame(row.move(1).rejection(), { reason: 'framing_incomplete', offset: 9 });
  t.equal(row.move(2).rejection()?.reason, 'json_invalid');
  const json = new EventRow(
    parseBatch(
      batchOf([utf8('{"a":1')], { format: 'json', marks: marks.slice(6).with(0, 0) }),
      new ColumnWriter(),
    ),
  );
  t.strictSame(json.rejection(), { reason: 'json_invalid', offset: 6 }, 'the parser says where');
  t.end();
});

t.test('an event with more keys than the limit keeps the first ones', (t) => {
  const count = LIMITS.unmappedPairsPerEventMax + 500;
  const pairs = Array.from({ length: count }, (_, index) => `"k${index}":${index}`);
  const text = Array.from({ length: count }, (_, index) => `k${index}=${index}`).join(' ');
  for (const [format, event] of [
    ['json', `{${pairs.join(',')}}`],
    ['syslog', `<13>${text}`],
  ] as const) {
    const batch = parseBatch(batchOf([utf8(event), utf8(event)], { format }), new ColumnWriter());
    const row = new EventRow(batch);
    for (const index of [0, 1]) {
      const names = Object.keys(row.move(index).unmapped());
      t.equal(names.length, LIMITS.unmappedPairsPerEventMax, format);
      t.equal(names.at(-1), `k${LIMITS.unmappedPairsPerEventMax - 1}`);
      t.ok(row.marks().includes('value_invalid'));
    }
  }
  t.end();
});

t.test('keys that are long and deep do not make scratch grow beyond the event', (t) => {
  const key = 'k'.repeat(900_000);
  const values = Array.from({ length: 2_000 }, (_, index) => `"v${index}":1`).join(',');
  const raw = batchOf([utf8(`{"${key}":{${values}},"last":"seen"}`)], { format: 'json' });
  const batch = parseBatch(raw, new ColumnWriter());
  t.ok(batch.scratch.length < 1_000_000, `${batch.scratch.length} bytes of scratch`);
  t.equal(new EventRow(batch).unmapped().last, 'seen');
  const params = ' a=""'.repeat(10_000);
  const syslog = utf8(`<13>1 - - - - - [${'i'.repeat(15_000)}${params}][b${params}] text`);
  const structured = parseBatch(batchOf([syslog]), new ColumnWriter());
  t.ok(structured.scratch.length < 500_000, `${structured.scratch.length} bytes of scratch`);
  t.equal(new EventRow(structured).get('message'), 'text');
  t.end();
});

t.test('each pack has a name of its own and a test case', (t) => {
  t.strictSame(new Set(all.map((pack) => pack.name)).size, all.length);
  const folders = new Set(readdirSync(sources));
  for (const name of ['syslog', 'json', 'key-value', 'fortigate'])
    t.ok(folders.has(name) && existsSync(join(sources, name, 'testcases')), name);
  t.end();
});

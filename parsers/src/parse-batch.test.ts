// Scenario: any bytes at all; fixtures with bytes changed, cut, doubled and joined; both formats.
// Guarantees: parseBatch never throws; rows in = rows out; spans lie inside their row or in
//   scratch; raw bytes are unchanged; parse(A + B) = parse(A) + parse(B); a reused writer leaves no
//   trace; every mark and reason is in the taxonomy. WEIR_SEED replays, WEIR_LONG=1 runs fifty
//   times as many.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ColumnWriter, EventRow, type InputFormat, LIMITS, MARK } from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { checkBatch, described } from './fuzz/check-batch.js';
import { readFixtures, SOURCES } from './fuzz/fixtures.js';
import { all, PACK_NAMES, parseBatch } from './index.js';
import { batchOf, utf8 } from './testing.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_301);
const numRuns = process.env.WEIR_LONG === '1' ? 20_000 : 400;
const options = { seed, numRuns };
t.comment(`WEIR_SEED=${seed}`);

const fixtures = readFixtures();
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
  const folders = new Set(readdirSync(SOURCES));
  for (const name of ['syslog', 'json', 'key-value', 'fortigate'])
    t.ok(folders.has(name) && existsSync(join(SOURCES, name, 'testcases')), name);
  t.end();
});

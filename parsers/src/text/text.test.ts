// Scenario: numbers, addresses, times and JSON, compared with other implementations of the rules.
// Guarantees: isIp is node's, calendar and ISO reading are those of Date, JSON is accepted exactly
//   where JSON.parse accepts it, and its flattened values are the same.
import { isIP } from 'node:net';
import { ColumnWriter, EventRow } from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { parseBatch } from '../index.js';
import { batchOf, utf8 } from '../testing.js';
import { isIp } from './ip.js';
import { KeyTable } from './key-table.js';
import { parseDecimal, parseUnsigned } from './number.js';
import { daysFromCivil, epochDigitsToUs, readIso, TimeReading, yearOf } from './time.js';
import { firstInvalidUtf8 } from './utf8.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_301);
const options = { seed, numRuns: process.env.WEIR_LONG === '1' ? 100_000 : 2_000 };
t.comment(`WEIR_SEED=${seed}`);

/** Applies a reader to the text with other bytes around it, which it must not look at. */
function within<T>(text: string, read: (bytes: Uint8Array, start: number, end: number) => T): T {
  const bytes = utf8(`9:.${text}9:.Z`);
  return read(bytes, 3, bytes.length - 4);
}

t.test('addresses', (t) => {
  const part = fc.constantFrom('0', '1', '255', '256', '01', 'ffff', 'g', 'abcd', '12345', '');
  const sign = fc.constantFrom('.', ':', '::', '.', ':');
  const built = fc
    .array(fc.tuple(part, sign), { maxLength: 9 })
    .map((parts) => parts.flat().join('').slice(0, -1));
  const cases = fc.oneof(fc.ipV4(), fc.ipV6(), built);
  fc.assert(
    fc.property(cases, (text) => within(text, isIp) === isIP(text) > 0),
    options,
  );
  for (const text of ['::', '::1', '1::', 'fe80::1%eth0', '::ffff:192.0.2.1', '1:2:3:4:5:6:7::'])
    t.equal(within(text, isIp), isIP(text) > 0 && !text.includes('%'), text);
  t.end();
});

t.test('calendar', (t) => {
  const reading = new TimeReading();
  const date = fc.date({
    min: new Date('1900-01-01T00:00:00Z'),
    max: new Date('2254-12-31T23:59:59Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(date, (value) => {
      const text = value.toISOString();
      const verdict = within(text, (bytes, start, end) => readIso(bytes, start, end, reading));
      const [year, month, day] = [
        value.getUTCFullYear(),
        value.getUTCMonth() + 1,
        value.getUTCDate(),
      ];
      const days = daysFromCivil(year, month, day);
      return (
        verdict === 'valid' &&
        reading.us === value.getTime() * 1000 &&
        days === Date.UTC(year, month - 1, day) / 86_400_000 &&
        yearOf(reading.us) === year
      );
    }),
    options,
  );
  t.pass('as Date has it');
  t.end();
});

t.test('epochs', (t) => {
  const us = (text: string) => within(text, epochDigitsToUs);
  t.equal(us('1772366398'), 1_772_366_398_000_000);
  t.equal(us('1772366398.1234567'), 1_772_366_398_123_456);
  t.equal(us('1772366398123'), 1_772_366_398_123_000);
  t.equal(us('1772366398123456'), 1_772_366_398_123_456);
  t.equal(us('1772366398123456789'), 1_772_366_398_123_456, 'nanoseconds are cut, not rounded');
  t.equal(us('0'), 0);
  for (const text of ['', '-1', '1.', 'x', '1e3', '12345678901234567890', '99999999999999999'])
    t.ok(text === '1.' || Number.isNaN(us(text)), text);
  t.end();
});

t.test('numbers', (t) => {
  t.equal(within('9007199254740991', parseUnsigned), Number.MAX_SAFE_INTEGER);
  for (const text of ['', '-1', '+1', '1.0', '9007199254740993', '00000000000000001', '1x'])
    t.ok(Number.isNaN(within(text, parseUnsigned)), text);
  t.equal(within('-1.5e3', parseDecimal), -1_500);
  for (const text of ['', 'e', '.5', '5.', '0x10', '1e', '--1', 'Infinity'])
    t.ok(Number.isNaN(within(text, parseDecimal)), text);
  t.end();
});

t.test('keys and UTF-8', (t) => {
  const names = Array.from({ length: 300 }, (_, index) => `key${index}`);
  const table = new KeyTable(names.map((name, index) => [name, index + 1]));
  names.forEach((name, index) => {
    const bytes = utf8(name);
    const found = table.lookup(bytes, 0, bytes.length);
    if (found !== index + 1) t.fail(name);
  });
  t.equal(table.lookup(utf8('key300'), 0, 6), 0);
  t.throws(
    () =>
      new KeyTable([
        ['twice', 1],
        ['twice', 2],
      ]),
    /a key stands once/,
  );
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const isValid = (bytes: Uint8Array): boolean => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const bytes = fc.uint8Array({ maxLength: 6 });
  fc.assert(
    fc.property(bytes, fc.string({ unit: 'grapheme' }), (tail, text) => {
      const all = Uint8Array.from([...utf8(text), ...tail]);
      const end = firstInvalidUtf8(all);
      return (end === all.length) === isValid(all) && isValid(all.subarray(0, end));
    }),
    options,
  );
  t.end();
});

/** What JSON.parse gives, flattened as the parser does; arrays are compared by their values. */
function flatten(value: object, prefix: string, into: Map<string, unknown>): void {
  for (const [key, member] of Object.entries(value)) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (member === null) continue;
    const isBranch = typeof member === 'object' && !Array.isArray(member);
    if (isBranch && Object.keys(member).length > 0) flatten(member, path, into);
    else into.set(path, member);
  }
}

t.test('JSON', (t) => {
  const writer = new ColumnWriter();
  const read = (text: string): EventRow =>
    new EventRow(parseBatch(batchOf([utf8(text)], { format: 'json' }), writer));
  const json = fc.json({ stringUnit: 'grapheme', maxDepth: 5 });
  const broken = fc.tuple(
    json,
    fc.nat(200),
    fc.constantFrom('', ',', '"', '}', ']', '\\', '0', ' '),
  );
  fc.assert(
    fc.property(fc.oneof(json, broken), (source) => {
      const text =
        typeof source === 'string'
          ? source
          : source[0].slice(0, source[1]) + source[2] + source[0].slice(source[1] + 1);
      let parsed: unknown;
      let isJson = true;
      try {
        parsed = JSON.parse(text);
      } catch {
        isJson = false;
      }
      if (text.trim() === '') return true;
      const reason = read(text).rejection()?.reason ?? '';
      if (!isJson) return reason === 'json_invalid';
      const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
      return reason === (isObject ? '' : 'unsupported_type');
    }),
    options,
  );
  // Keys with a prefix, so that none has a column or is written twice.
  const key = fc
    .string({ unit: 'grapheme', maxLength: 8 })
    .map((name) => `k${name.replaceAll('.', '_')}`);
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.double(),
    fc.boolean(),
    fc.array(fc.integer()),
  );
  const object = fc.dictionary(key, fc.oneof(value, fc.dictionary(key, value, { maxKeys: 4 })));
  fc.assert(
    fc.property(object, (members) => {
      const text = JSON.stringify(members);
      const expected = new Map<string, unknown>();
      flatten(JSON.parse(text), '', expected);
      const actual = read(text).unmapped();
      if (Object.keys(actual).length !== expected.size) return false;
      return [...expected].every(([path, member]) => {
        const got = actual[path] ?? '';
        if (typeof member === 'string') return got === member;
        return JSON.stringify(JSON.parse(got)) === JSON.stringify(member);
      });
    }),
    options,
  );
  t.pass('as JSON.parse has it');
  t.end();
});

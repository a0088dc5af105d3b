// Scenario: what the parsers do by words and halves, compared with the plain way to do it.
// Guarantees: findEither is a byte after byte search, KeyTable a Map, decimal and epoch digits are
//   those of BigInt, and the year of a timestamp without one is the nearest to the time of receipt.
import { ColumnWriter, FIELD } from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { parseBatch } from '../index.js';
import { batchOf, utf8 } from '../testing.js';
import { KeyTable } from './key-table.js';
import { parseUnsigned } from './number.js';
import { epochDigitsToUs } from './time.js';
import { findEither, fourOf, WordCopy } from './words.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_302);
const options = { seed, numRuns: process.env.WEIR_LONG === '1' ? 100_000 : 3_000 };
t.comment(`WEIR_SEED=${seed}`);

t.test('findEither', (t) => {
  const copy = new WordCopy();
  // Bytes that differ in few bits from the wanted ones, and those with and without the high bit.
  const byte = fc.constantFrom(0x20, 0x21, 0x22, 0x23, 0x3c, 0x3d, 0x5c, 0x00, 0x80, 0xa2, 0xff);
  const texts = fc.array(byte, { maxLength: 24 });
  fc.assert(
    fc.property(texts, byte, byte, fc.nat(24), fc.nat(24), (text, a, b, from, to) => {
      const bytes = Uint8Array.from(text);
      const end = Math.min(to, bytes.length);
      const start = Math.min(from, end);
      const words = copy.of(batchOf([bytes]));
      const found = Math.min(end, findEither(words, start, end, fourOf(a), fourOf(b)));
      let expected = start;
      while (expected < end && bytes[expected] !== a && bytes[expected] !== b) expected++;
      return found === expected;
    }),
    options,
  );
  // More than there was room for, and then less again: nothing of the longer batch stays.
  const long = batchOf([new Uint8Array(600_000).fill(0x41)]);
  t.equal(findEither(copy.of(long), 0, 600_000, fourOf(0x42), fourOf(0x42)) >= 600_000, true);
  t.equal(findEither(copy.of(batchOf([utf8('xxB')])), 0, 3, fourOf(0x42), fourOf(0x41)), 2);
  t.end();
});

t.test('key table', (t) => {
  // Few letters and one middle: keys alike in length and in their first and last four bytes.
  const letters = fc.array(fc.constantFrom('a', 'b'), { maxLength: 11 });
  const key = letters.map((parts) => parts.join(''));
  const keys = fc.uniqueArray(key, { maxLength: 40 });
  const copy = new WordCopy();
  fc.assert(
    fc.property(keys, keys, (known, others) => {
      const numbers = new Map(known.map((name, index) => [name, index + 1]));
      const table = new KeyTable(numbers);
      return [...known, ...others].every((name) => {
        const bytes = utf8(`ab${name}ab`);
        const end = bytes.length - 2;
        const found = table.lookup(bytes, 2, end);
        const words = copy.of(batchOf([bytes]));
        return (
          found === (numbers.get(name) ?? 0) && found === table.lookupWords(bytes, words, 2, end)
        );
      });
    }),
    options,
  );
  t.end();
});

t.test('digits', (t) => {
  const digits = fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 20 })
    .map((list) => list.join(''));
  fc.assert(
    fc.property(digits, (text) => {
      const bytes = utf8(`7${text}7`);
      const value = BigInt(text);
      const isFit = text.length <= 16 && value <= BigInt(Number.MAX_SAFE_INTEGER);
      const expected = isFit ? Number(value) : Number.NaN;
      return Object.is(parseUnsigned(bytes, 1, bytes.length - 1), expected);
    }),
    options,
  );
  // Nanoseconds from 1973 to 2254, whose last three digits are cut off.
  const ns = fc.bigInt({ min: 10n ** 17n, max: 8_961_000_000n * 10n ** 9n });
  fc.assert(
    fc.property(ns, (value) => {
      const bytes = utf8(`${value}`);
      return epochDigitsToUs(bytes, 0, bytes.length) === Number(value / 1000n);
    }),
    options,
  );
  const scaled: readonly (readonly [bigint, bigint])[] = [
    [10n ** 14n, 1n],
    [10n ** 11n, 1000n],
    [0n, 1_000_000n],
  ];
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 8_961_000_000n * 10n ** 6n }), (value) => {
      const scale = scaled.find(([from]) => value >= from)?.[1] ?? 1n;
      const us = value * scale;
      if (us >= 8_961_000_000n * 10n ** 6n) return true;
      const bytes = utf8(`${value}`);
      return epochDigitsToUs(bytes, 0, bytes.length) === Number(us);
    }),
    options,
  );
  const bytes = utf8('1234567x');
  t.ok(Number.isNaN(parseUnsigned(bytes, 0, 8)));
  t.equal(epochDigitsToUs(utf8('1700000000.25'), 0, 13), 1_700_000_000_250_000);
  t.end();
});

t.test('a timestamp without a year', (t) => {
  const writer = new ColumnWriter();
  const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
  const second = fc.integer({ min: Date.UTC(1995, 0, 1) / 1000, max: Date.UTC(2090, 0, 1) / 1000 });
  const month = fc.nat(11);
  const day = fc.integer({ min: 1, max: 31 });
  fc.assert(
    fc.property(second, month, day, fc.nat(86_399), (received, month, day, ofDay) => {
      const clock = new Date(ofDay * 1000).toISOString().slice(11, 19);
      const text = `<13>${months[month]} ${String(day).padStart(2)} ${clock} host app: text`;
      const batch = batchOf([utf8(text)], { receivedAtNs: BigInt(received) * 1_000_000_000n });
      const column = parseBatch(batch, writer).columns.find(({ field }) => field === FIELD.time);
      const us = column?.kind === 'number' ? column.values[0] : undefined;
      return us === nearest(received, month, day, ofDay);
    }),
    options,
  );
  t.end();
});

/** Tries every year from 9 before to 9 behind; undefined when no year has the day. */
function nearest(receivedS: number, month: number, day: number, ofDay: number): number | undefined {
  const year = new Date(receivedS * 1000).getUTCFullYear();
  let best: number | undefined;
  for (let candidate = year - 9; candidate <= year + 9; candidate++) {
    const date = new Date(Date.UTC(candidate, month, day));
    if (date.getUTCMonth() !== month) continue;
    const atS = date.getTime() / 1000 + ofDay;
    if (best === undefined || Math.abs(atS - receivedS) < Math.abs(best - receivedS)) best = atS;
  }
  return best === undefined ? undefined : best * 1_000_000;
}

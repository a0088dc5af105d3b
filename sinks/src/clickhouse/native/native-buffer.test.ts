// Scenario: texts of every length from every place of a source, up to its very end, into a buffer
// that starts small and is used again.
// Guarantees: each is its length as LEB128 and its bytes, whatever way they are copied; texts
//   outside ASCII are UTF-8; integers up to 2^53 are two's complement.
import fc from 'fast-check';
import t from 'tap';
import { NativeBuffer, sourceOf } from './native-buffer.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_304);
const options = { seed, numRuns: process.env.WEIR_LONG === '1' ? 10_000 : 1_000 };

function lengthBytes(length: number): number[] {
  const bytes: number[] = [];
  let rest = length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

t.test('spans', (t) => {
  const out = new NativeBuffer();
  const length = fc.oneof(fc.nat(12), fc.nat(140), fc.nat(20_000));
  const spans = fc.array(fc.tuple(fc.nat(300), length), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(spans, fc.nat(7), fc.nat(9), (list, offset, spare) => {
      const size = Math.max(...list.map(([start, length]) => start + length)) + spare;
      const whole = Uint8Array.from({ length: offset + size }, (_, i) => (i * 31 + (i >> 8)) & 255);
      const bytes = whole.subarray(offset);
      const source = sourceOf(bytes);
      out.clear();
      const total = list.reduce((sum, [, length]) => sum + length, 0);
      out.reserveSpans(list.length, total);
      const expected = list.map(([start, length]) => {
        out.span(source, start, start + length);
        return Buffer.from([...lengthBytes(length), ...bytes.subarray(start, start + length)]);
      });
      return Buffer.concat(expected).equals(out.take());
    }),
    options,
  );
  t.pass(`seed ${seed}`);
  t.end();
});

t.test('texts and integers', (t) => {
  const out = new NativeBuffer();
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({ maxLength: 400 }),
    fc.string({ unit: 'binary', maxLength: 130 }),
  );
  const integer = fc.oneof(fc.maxSafeInteger(), fc.integer());
  fc.assert(
    fc.property(text, integer, (text, value) => {
      out.clear();
      out.text(text);
      out.reserve(8);
      out.i64(value);
      const encoded = new TextEncoder().encode(text);
      const number = Buffer.alloc(8);
      number.writeBigInt64LE(BigInt(value));
      const expected = Buffer.from([...lengthBytes(encoded.length), ...encoded, ...number]);
      return expected.equals(out.take());
    }),
    options,
  );
  t.pass(`seed ${seed}`);
  t.end();
});

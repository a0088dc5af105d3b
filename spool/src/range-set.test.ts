// Scenario: ranges are added and removed at random, beside a plain set of numbers. Guarantees: each
// question has the answer that the set gives.
import assert from 'node:assert/strict';
import { testSeed } from '@weir/pipeline/testing';
import fc from 'fast-check';
import t from 'tap';
import { RangeSet } from './range-set.js';

const numbersOf = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
const numbersIn = (pairs: readonly number[]): number[] =>
  pairs.flatMap((first, i) => (i % 2 === 0 ? numbersOf(first, pairs[i + 1] as number) : []));

t.test('against a set of numbers', async (t) => {
  const seed = testSeed(2);
  const range = fc
    .tuple(fc.nat(60), fc.nat(12))
    .map(([first, more]) => [first, first + more] as const);
  const step = fc.tuple(fc.integer({ min: 0, max: 3 }), range);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), range, (steps, [first, last]) => {
      const set = new RangeSet();
      const model = new Set<number>();
      for (const [kind, [from, to]] of steps) {
        if (kind === 0) set.remove(from, to);
        else set.add(from, to);
        for (const number of numbersOf(from, to)) {
          if (kind === 0) model.delete(number);
          else model.add(number);
        }
      }
      const asked = numbersOf(first, last);
      const highest = Math.max(-1, ...model);
      const { ranges } = set;
      assert.equal(set.size, model.size);
      assert.equal(set.isEmpty, model.size === 0);
      assert.equal(set.last, highest);
      assert.ok(ranges.every(([from], i) => i === 0 || from > (ranges[i - 1]?.[1] ?? 0) + 1));
      assert.equal(
        set.has(first, last),
        asked.every((number) => model.has(number)),
      );
      assert.equal(
        set.touches(first, last),
        asked.some((number) => model.has(number)),
      );
      const held = asked.filter((number) => model.has(number));
      assert.deepEqual(numbersIn(set.pairsWithin(first, last)), held);
      assert.deepEqual(numbersIn(set.within(first, last).flat()), held);
      const gaps = numbersOf(0, highest).filter((number) => !model.has(number));
      assert.deepEqual(numbersIn(set.gaps().flat()), gaps);
      assert.deepEqual(RangeSet.ofPairs(set.pairs).pairs, set.pairs);
    }),
    { seed, numRuns: 2_000 },
  );
  t.pass(`seed ${seed}`);
});

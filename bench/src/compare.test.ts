// Scenario: a report and an older one, of the same machine and of another.
// Guarantees: what is worse than allowed is named; a missing figure is; other machines are told.
import t from 'tap';
import type { MeasureKind } from './bench.js';
import { compare, differencesOf } from './compare.js';
import { type BenchReport, formatSpread, reportOf, spreadOf } from './report.js';

function report(figures: Record<string, readonly [MeasureKind, number]>): BenchReport {
  const measures = Object.entries(figures).map(
    ([name, [kind, value]]) => [name, { kind, unit: '', values: [value] }] as const,
  );
  const result = { measures: Object.fromEntries(measures), facts: {}, hash: 'h' };
  return reportOf('spool', { seed: 1 }, result);
}

const LIMITS = { throughput: 0.85, cpu: 1.2 };

t.test('regressions', async (t) => {
  const before = report({ a: ['throughput', 100], b: ['cpu', 2], c: ['other', 1] });
  const judged = (a: number, b: number): readonly string[] =>
    compare(report({ a: ['throughput', a], b: ['cpu', b], c: ['other', 99] }), before, LIMITS)
      .regressions;
  t.same(judged(86, 2.39), []);
  t.same(judged(84, 2.39), ['a']);
  t.same(judged(200, 2.41), ['b']);
  t.same(compare(report({ b: ['cpu', 1] }), before, LIMITS).regressions, ['a']);
});

t.test('what is not comparable', async (t) => {
  const one = report({});
  t.same(differencesOf(one, one), []);
  t.match(differencesOf(one, { ...one, machine: { ...one.machine, cores: 64 } }), [/^cores: /]);
  t.match(differencesOf(one, { ...one, benchVersion: 1 }), [/^version of the bench: /]);
  t.match(differencesOf(one, { ...one, settings: { seed: 2 } }), [/^settings: /]);
});

t.test('spread', async (t) => {
  t.same(spreadOf([3, 1, 2]), { min: 1, median: 2, max: 3 });
  t.same(spreadOf([4, 1, 2, 3]), { min: 1, median: 2.5, max: 4 });
  t.equal(formatSpread({ min: 1000, median: 2000, max: 3000 }, 0), '2,000 (1,000 .. 3,000)');
});

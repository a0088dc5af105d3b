// Scenario: reports that are as the published schema says, and reports that are not; machines that
// are large enough, and machines that are not; two reports side by side.
// Guarantees: a wrong report is refused with the place that is wrong; what a proof lacks is named;
// a difference of machines does not hide.
import t from 'tap';
import { diffLines } from './diff.js';
import { describe, lookAround, type Needs, preflight } from './preflight.js';
import { lastLine, type ProofReport, problemsOf, skip } from './report.js';

const NEEDS: Needs = {
  ...{ cores: 2, diskMiB: 100, memoryMiB: 200, privileges: ['netns'], expectedSeconds: 9 },
};
const FOUND = { cores: 2, diskMiB: 100, memoryMiB: 200, privileges: ['netns'] as const };

const REPORT: ProofReport = {
  schema: 'weir-proof-2',
  ...{ name: 'some_proof', summary: 'what', seed: 1, sabotage: null, durationMs: 1_000 },
  startedAt: '2026-01-02T03:04:05.678Z',
  ...{ outcome: 'PASS', reason: '' },
  preflight: preflight(NEEDS, FOUND),
  figures: { sent: 10, missing: 0, firstMissing: ['a/1'], note: 'x', isWhole: true, none: null },
  machine: {
    ...{ weir: '0.1.0', node: 'v20', kernel: '6', cores: 2, cpu: 'c', memoryMiB: 4096 },
  },
};

t.test('the schema', async (t) => {
  t.same(problemsOf(REPORT), []);
  const wrong: readonly (readonly [string, object, RegExp])[] = [
    ['no seed', { seed: undefined }, /seed/],
    ['another version', { schema: 'weir-proof-1' }, /^\/schema /],
    ['a reason for PASS', { reason: 'because' }, /^\/reason /],
    ['no reason for FAIL', { outcome: 'FAIL' }, /^\/reason /],
    ['a nested figure', { figures: { deep: { x: 1 } } }, /^\/figures\/deep /],
    ['something more', { more: 1 }, /additional/],
  ];
  for (const [what, change, expected] of wrong)
    t.match(problemsOf({ ...REPORT, ...change }).join('\n'), expected, what);
});

t.test('preflight', async (t) => {
  t.same(preflight(NEEDS, FOUND).missing, []);
  const { missing } = preflight(NEEDS, { cores: 1, diskMiB: 99, memoryMiB: 1, privileges: [] });
  t.same(missing, [
    'needs 2 cores, there are 1',
    'needs 100 MiB of free disk, there are 99',
    'needs 200 MiB of available memory, there are 1',
    'needs the privilege netns',
  ]);
  const reason = missing.join('; ');
  t.match(lastLine('some_proof', skip(reason)), /^some_proof:SKIP needs 2 cores, /);
  const here = lookAround('.');
  t.ok(here.cores > 0 && here.diskMiB > 0 && here.memoryMiB > 0);
  t.match(describe(preflight(NEEDS, here)).join('\n'), /about 9 s on two cores/);
});

t.test('diff', async (t) => {
  const other: ProofReport = {
    ...REPORT,
    figures: { sent: 25, missing: 0, more: 1 },
    machine: { ...REPORT.machine, cores: 64 },
  };
  const lines = diffLines(REPORT, other).map((line) => line.split(/\s{2,}/));
  t.same(lines[0], ['differs: machine: cores: 2 | 64']);
  t.ok(lines.some(([name, , b, ratio]) => name === 'sent' && b === '25' && ratio === '2.50'));
  t.ok(lines.some(([name, , , ratio]) => name === 'missing' && ratio === '1.00'));
  t.ok(lines.some(([name, a]) => name === 'more' && a === '-'));
});

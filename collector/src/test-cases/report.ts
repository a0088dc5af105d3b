// Results of `weir test` for people, for scripts and for CI servers.
import junit, { type Builder } from 'junit-report-builder';
import type { CaseResult } from './check-case.js';

const MARKS: Readonly<Record<CaseResult['outcome'], string>> = {
  passed: 'ok',
  failed: 'FAILED',
  updated: 'updated',
};

export function textOf(results: readonly CaseResult[]): string {
  const lines = results.flatMap(({ name, outcome, eventCount, failures }) => [
    `${MARKS[outcome]} ${name} (${eventCount} events)`,
    ...failures.map((failure) => failure.replace(/^/gm, '  ')),
  ]);
  return [...lines, summaryOf(results)].join('\n');
}

export function summaryOf(results: readonly CaseResult[]): string {
  const count = (outcome: CaseResult['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length;
  const updated = count('updated');
  return `${count('passed')} passed, ${count('failed')} failed${updated > 0 ? `, ${updated} updated` : ''}`;
}

/** The XML that CI servers read as JUnit's. */
export function junitOf(results: readonly CaseResult[]): string {
  // Its types describe the module as if it were not CommonJS.
  const builder = (junit as unknown as Builder).newBuilder();
  const suite = builder.testSuite().name('weir test');
  for (const { name, outcome, durationMs, failures } of results) {
    const testCase = suite
      .testCase()
      .className('weir')
      .name(name)
      .time(durationMs / 1000);
    if (outcome === 'failed') testCase.failure(failures.join('\n'));
  }
  return builder.build();
}

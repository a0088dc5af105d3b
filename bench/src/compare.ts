// Holds a report against an earlier one.
import type { BenchReport, MachineFacts } from './report.js';

export interface Thresholds {
  /** A median throughput below this share of the baseline's is a regression. */
  readonly throughput: number;
  /** A median of CPU time above this multiple of the baseline's is one. */
  readonly cpu: number;
}

export interface Comparison {
  readonly lines: readonly string[];
  /** Names of the figures that are worse than allowed. */
  readonly regressions: readonly string[];
}

const MACHINE_FACTS: readonly (keyof MachineFacts)[] = ['cores', 'cpu', 'memoryMiB', 'node'];

/** Why the two cannot be held against each other; empty when they can. */
export function differencesOf(report: BenchReport, baseline: BenchReport): string[] {
  const differences: string[] = [];
  const check = (what: string, now: unknown, before: unknown): void => {
    if (JSON.stringify(now) !== JSON.stringify(before))
      differences.push(
        `${what}: ${JSON.stringify(now)}, in the baseline ${JSON.stringify(before)}`,
      );
  };
  check('schema', report.schema, baseline.schema);
  check('bench', report.bench, baseline.bench);
  check('version of the bench', report.benchVersion, baseline.benchVersion);
  for (const fact of MACHINE_FACTS) check(fact, report.machine[fact], baseline.machine?.[fact]);
  check('settings', report.settings, baseline.settings);
  return differences;
}

export function compare(
  report: BenchReport,
  baseline: BenchReport,
  thresholds: Thresholds,
): Comparison {
  const lines: string[] = [];
  const regressions: string[] = [];
  for (const [name, before] of Object.entries(baseline.measures)) {
    if (before.kind === 'other') continue;
    const now = report.measures[name];
    if (now === undefined) {
      lines.push(`${name}: missing, baseline ${before.median}`);
      regressions.push(name);
      continue;
    }
    const ratio = before.median === 0 ? 1 : now.median / before.median;
    const isWorse =
      before.kind === 'throughput' ? ratio < thresholds.throughput : ratio > thresholds.cpu;
    if (isWorse) regressions.push(name);
    lines.push(
      `${name}: ${now.median.toPrecision(4)}, baseline ${before.median.toPrecision(4)}, ` +
        `ratio ${ratio.toFixed(2)}${isWorse ? ' REGRESSION' : ''}`,
    );
  }
  return { lines, regressions };
}

// Coverage of the core packages by the tests that just ran, child processes and workers included:
// printed per package, and enforced. V8 writes the raw figures into NODE_V8_COVERAGE; c8 maps them
// back to the sources. Processes that a test ends with SIGKILL leave none.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const CORE_PACKAGES = ['pipeline', 'spool', 'parsers', 'enrich', 'sinks', 'collector'];
/** Per cent of lines, in each core package. */
export const LINES_PERCENT_MIN = 85;

/** Lines covered and in all, by core package, of a c8 summary with absolute file names. */
export function byPackage(root, summary) {
  const totals = new Map(CORE_PACKAGES.map((name) => [name, { covered: 0, total: 0 }]));
  for (const [file, { lines }] of Object.entries(summary)) {
    const total = totals.get(relative(root, file).split('/')[0]);
    if (total === undefined) continue;
    total.covered += lines.covered;
    total.total += lines.total;
  }
  return totals;
}

/** One sentence for each package that is below the limit. */
export function shortfalls(totals) {
  const problems = [];
  for (const [name, { covered, total }] of totals) {
    const percent = total === 0 ? 0 : (100 * covered) / total;
    if (percent < LINES_PERCENT_MIN) {
      problems.push(
        `${name}: ${percent.toFixed(1)} % of lines covered, ${LINES_PERCENT_MIN} % wanted`,
      );
    }
  }
  return problems;
}

/** Prints the figures; returns the problems. */
export function reportCoverage(root, rawDirectory) {
  const c8 = join(root, 'node_modules/c8/bin/c8.js');
  const reportDirectory = join(rawDirectory, 'report');
  const patterns = CORE_PACKAGES.flatMap((name) => ['--include', `${name}/src/**`]);
  const run = spawnSync(
    process.execPath,
    [
      '--max-old-space-size=4096',
      c8,
      'report',
      // Some thousand processes: all at once do not fit into the memory of a heap.
      '--merge-async',
      ...['--temp-directory', rawDirectory, '--report-dir', reportDirectory],
      ...['--src', root, '--reporter', 'json-summary', '--exclude-after-remap'],
      ...['--exclude', '**/*.test.*', '--exclude', '**/testing/**', '--exclude', '**/*.d.ts'],
      ...patterns,
    ],
    { cwd: root, encoding: 'utf8' },
  );
  if (run.status !== 0) return [`c8 ended with code ${run.status}: ${run.stderr}`];
  const summary = JSON.parse(readFileSync(join(reportDirectory, 'coverage-summary.json'), 'utf8'));
  const totals = byPackage(root, summary);
  for (const [name, { covered, total }] of totals) {
    const percent = total === 0 ? 0 : (100 * covered) / total;
    console.log(`coverage ${name.padEnd(10)} ${percent.toFixed(1)} % of ${total} lines`);
  }
  return shortfalls(totals);
}

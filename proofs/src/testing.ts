// Runs proofs as a user does, for the tests: one file a proof, so that their waits overlap.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Proof } from './harness/proof.js';
import { problemsOf } from './harness/report.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
/** Of one proof with all its planted faults, on a machine that does other work too. */
const TIMEOUT_MS = 1_500_000;

export interface Run {
  readonly code: number | null;
  readonly lastLine: string;
  readonly output: string;
}

export function runProof(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    // As a user starts it. Below a test, tap gives its loaders to every process, however the
    // environment was set, and in each thread of a collector they take more than what is measured.
    const command = ['NODE_OPTIONS=', process.execPath, MAIN, ...args];
    const child = execFile('env', command, (_error, stdout, stderr) => {
      const output = stdout + stderr;
      resolve({ code: child.exitCode, lastLine: stdout.trim().split('\n').at(-1) ?? '', output });
    });
  });
}

export const reportPath = (name: string): string =>
  fileURLToPath(new URL(`../out/${name}.json`, import.meta.url));

/**
 * An honest run passes, a sabotaged one fails, and the last line and the exit code say so. A proof
 * that cannot fail proves nothing. Every day the first of its planted faults is tried, in the long
 * tests all of them.
 */
export function testProof({ name, sabotages }: Proof): void {
  t.setTimeout(TIMEOUT_MS);
  t.test(name, async (t) => {
    const run = await runProof(name);
    t.equal(run.lastLine, `${name}:PASS`, run.output);
    t.equal(run.code, 0);
    const report = JSON.parse(readFileSync(reportPath(name), 'utf8')) as Record<string, unknown>;
    t.same(problemsOf(report), [], 'as the published schema says');
    t.match(report, { schema: 'weir-proof-2', name, outcome: 'PASS', machine: { cores: Number } });
  });

  const tried = process.env.WEIR_LONG === '1' ? sabotages : sabotages.slice(0, 1);
  for (const sabotage of tried) {
    t.test(`${name}, ${sabotage}`, async (t) => {
      const run = await runProof(name, '--sabotage', sabotage);
      t.match(
        run.lastLine,
        new RegExp(`^${name}:FAIL (\\w+: )?\\d+ (acknowledged )?events (lost|stored twice)`),
        run.output,
      );
      t.equal(run.code, 1);
    });
  }
}

// Runs a bench in its small size, for tests.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchReport } from './report.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const run = promisify(execFile);

/** Rejects with the exit code as `code`, and what was printed, when it is not 0. */
export const runMain = (...args: string[]) => run(process.execPath, [MAIN, ...args]);

export async function smallBench(...args: string[]): Promise<BenchReport> {
  const { stdout } = await runMain(...args, '--small', '--runs', '1', '--json');
  return JSON.parse(stdout) as BenchReport;
}

// Scenario: each proof, honest and with each of its planted faults.
// Guarantees: an honest run passes, a sabotaged one fails, and the last line and the exit code say
// so. A proof that cannot fail proves nothing.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { collectorSpool } from './proofs/collector-spool.js';
import { ledger } from './proofs/ledger.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

interface Run {
  readonly code: number | null;
  readonly lastLine: string;
  readonly output: string;
}

function proof(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], (_error, stdout, stderr) => {
      const output = stdout + stderr;
      resolve({ code: child.exitCode, lastLine: stdout.trim().split('\n').at(-1) ?? '', output });
    });
  });
}

for (const { name, sabotages } of [collectorSpool, ledger]) {
  t.test(name, async (t) => {
    const run = await proof(name);
    t.equal(run.lastLine, `${name}:PASS`, run.output);
    t.equal(run.code, 0);
    const path = fileURLToPath(new URL(`../out/${name}.json`, import.meta.url));
    const report = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    t.match(report, { schema: 'weir-proof-1', name, outcome: 'PASS', machine: { cores: Number } });
  });

  for (const sabotage of sabotages) {
    t.test(`${name}, ${sabotage}`, async (t) => {
      const run = await proof(name, '--sabotage', sabotage);
      t.match(
        run.lastLine,
        new RegExp(`^${name}:FAIL \\d+ (acknowledged )?events lost`),
        run.output,
      );
      t.equal(run.code, 1);
    });
  }
}

t.test('wrong usage', async (t) => {
  t.equal((await proof('none')).code, 2);
  t.equal((await proof('ledger', '--sabotage', 'none')).code, 2);
  t.equal((await proof('ledger', '--seed', 'x')).code, 2);
  t.same((await proof('ledger', '--sabotage', 'list')).output.trim().split('\n'), ledger.sabotages);
});

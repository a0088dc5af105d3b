// Scenario: each proof, honest and with each of its planted faults.
// Guarantees: an honest run passes, a sabotaged one fails, and the last line and the exit code say
// so. A proof that cannot fail proves nothing.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { problemsOf } from './harness/report.js';
import { agentSpool } from './proofs/agent-spool/index.js';
import { collectorSpool } from './proofs/collector-spool/index.js';
import { ledger } from './proofs/ledger/index.js';
import { peersSpool } from './proofs/peers-spool/index.js';
import { resilience } from './proofs/resilience/index.js';

/** Beside its peers only where there is time. */
const PROOFS = [collectorSpool, ledger, resilience, agentSpool].concat(
  process.env.WEIR_LONG === '1' ? [peersSpool] : [],
);
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

for (const { name, sabotages } of PROOFS) {
  t.test(name, async (t) => {
    const run = await proof(name);
    t.equal(run.lastLine, `${name}:PASS`, run.output);
    t.equal(run.code, 0);
    const path = fileURLToPath(new URL(`../out/${name}.json`, import.meta.url));
    const report = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    t.same(problemsOf(report), [], 'as the published schema says');
    t.match(report, { schema: 'weir-proof-2', name, outcome: 'PASS', machine: { cores: Number } });
  });

  for (const sabotage of sabotages) {
    t.test(`${name}, ${sabotage}`, async (t) => {
      const run = await proof(name, '--sabotage', sabotage);
      t.match(
        run.lastLine,
        new RegExp(`^${name}:FAIL (\\w+: )?\\d+ (acknowledged )?events lost`),
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
  t.equal((await proof('ledger', '--long')).code, 2);
  t.same((await proof('ledger', '--sabotage', 'list')).output.trim().split('\n'), ledger.sabotages);
});

t.test('list, preflight, sabotages and diff', async (t) => {
  t.match((await proof('list')).output, /^ *ledger /m);
  t.match((await proof('--sabotage', 'list')).output, /^ledger ack_before_fdatasync$/m);
  const looked = await proof('ledger', '--preflight');
  t.match(looked.lastLine, /^ledger:( can run here|SKIP needs )/);
  t.equal(looked.code, looked.lastLine.startsWith('ledger:SKIP') ? 1 : 0);
  t.equal((await proof('diff', 'one.json')).code, 2);
  t.equal((await proof('diff', 'one.json', 'two.json')).code, 2);
  const path = fileURLToPath(new URL('../out/ledger.json', import.meta.url));
  const same = await proof('diff', path, path);
  t.equal(same.code, 0);
  t.match(same.output, /^expected +\d+ +\d+ +1\.00$/m);
});

// Scenario: each bench in its small size.
// Guarantees: it runs, its figures are there and are not absurd, and what it computed is the same
// for the same seed. How fast the code is, is not looked at here.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { formatSpread, spreadOf } from './report.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const run = promisify(execFile);

async function bench(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [MAIN, ...args, '--small', '--json']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

t.test('spool', async (t) => {
  const first = await bench('spool', '--runs', '1');
  const second = await bench('spool', '--runs', '1');
  t.equal(first.hash, second.hash, 'the same seed gives the same input');
  t.not(first.hash, (await bench('spool', '--runs', '1', '--seed', '2')).hash);
  t.equal(first.events, 20_000);
  t.ok((first.compression as number) > 2, 'frames are compressed');
});

t.test('end_to_end', async (t) => {
  const report = await bench('end_to_end');
  t.equal(report.events, 15_000);
  t.equal(report.ledgerCloses, true);
  t.equal((report.loneEventMs as number[]).length, 2);
});

t.test('wrong usage', async (t) => {
  for (const args of [['none'], ['spool', '--runs', 'x'], ['spool', '--what']]) {
    await t.rejects(run(process.execPath, [MAIN, ...args]), { code: 2 }, args.join(' '));
  }
});

t.test('spread', async (t) => {
  t.same(spreadOf([3, 1, 2]), { min: 1, median: 2, max: 3 });
  t.same(spreadOf([4, 1, 2, 3]), { min: 1, median: 2.5, max: 4 });
  t.equal(formatSpread({ min: 1000, median: 2000, max: 3000 }, 0), '2,000 (1,000 .. 3,000)');
});

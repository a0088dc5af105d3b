// Scenario: a process with a spool and a file sink on real files is killed (SIGKILL) again and
// again while events flow, and a last one finishes what is left.
// Guarantees: every event that the spool holds as issued is in the files exactly once, or in the
// quarantine exactly once, and the ledger says so.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeFiles } from '@weir/pipeline/node';
import { SimRandom, testSeed } from '@weir/pipeline/testing';
import { inspectSpool, readSinkLedger } from '@weir/spool';
import t from 'tap';

const FIXTURE = fileURLToPath(new URL('./kill-fixture.js', import.meta.url));
const seed = testSeed(20_260_304);

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [FIXTURE, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const running = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  return { child, exited, running };
}

const linesOf = (directory: string): string[] =>
  readdirSync(directory).flatMap((name) =>
    readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1),
  );

t.test(`killed, seed ${seed}`, async (t) => {
  const random = new SimRandom(seed);
  const root = t.testdir({ data: {}, out: {} });
  const args = [join(root, 'data'), join(root, 'out', 'events.ndjson')];
  const killCount = process.env.WEIR_LONG === '1' ? 60 : 6;
  for (let i = 0; i < killCount; i++) {
    const { child, exited, running } = start(args);
    await running;
    await new Promise((resolve) => setTimeout(resolve, 50 + random.below(250)));
    child.kill('SIGKILL');
    await exited;
  }
  t.equal(await start([...args, 'finish']).exited, 0, 'the last one delivers what is left');
  const files = nodeFiles();
  const spool = await inspectSpool(files, join(root, 'data', 'spool'));
  const issued = spool.streams.reduce((sum, { lastSeq }) => sum + lastSeq + 1, 0);
  const ledger = await readSinkLedger(files, join(root, 'data', 'ledger', 'file'));
  const sum = (kind: 'stored' | 'quarantined'): number =>
    ledger?.streams.reduce((total, stream) => total + stream[kind], 0) ?? 0;
  const rows = linesOf(join(root, 'out'));
  const dead = linesOf(join(root, 'data', 'quarantine'));
  t.ok(issued > killCount * 20, `${issued} events, ${killCount} kills`);
  t.equal(rows.length, sum('stored'), 'as many rows as the ledger says');
  t.equal(dead.length, sum('quarantined'), 'as many in the quarantine');
  t.equal(rows.length + dead.length, issued, 'every event');
  t.equal(new Set(spool.streams.map(({ epoch }) => epoch)).size, killCount);
  const perSeq = new Map<number, number>();
  for (const row of rows) {
    const { seq } = JSON.parse(row) as { seq: number };
    perSeq.set(seq, (perSeq.get(seq) ?? 0) + 1);
  }
  // A number comes once for each epoch that got so far.
  for (const [seq, count] of perSeq) {
    const epochs = spool.streams.filter(({ lastSeq }) => lastSeq >= seq).length;
    if (count !== epochs) t.fail(`number ${seq} stands ${count} times, ${epochs} epochs issued it`);
  }
});

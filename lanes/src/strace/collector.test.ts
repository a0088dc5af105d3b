// Scenario: a whole collector with the embedded store works under keyed HTTP load; strace attaches
// to it and answers EIO or ENOSPC to one call on the spool's files, or kills the process in it.
// Guarantees: a single error ends nothing; after a kill the next start goes on; every acknowledged
// event is in the table once, and the ledger closes.
// The store is not hit: what a kill in its calls does is a matter of the loader's tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, WeirProcess, waitFor } from '@weir/harness';
import t, { type Test } from 'tap';
import { HttpSender } from '../load/http-sender.js';
import { judgeSender, storedOf } from '../load/stored.js';
import { IS_LONG, LANE_SEED, PLAIN, whyNoStrace } from '../tools.js';
import { allFaults, sampleFaults } from './plan.js';
import { type Fault, injectionOf, nameOf, withMoreNames } from './trace-command.js';

t.setTimeout(IS_LONG ? 3_600_000 : 600_000);
const RUN_COUNT = IS_LONG ? 100 : 8;
/** Calls that a running collector makes on its spool again and again. */
const COUNTS = new Map([
  ['openat', 6],
  ['pwrite64', 6],
  ['pwritev', 6],
  ['fdatasync', 8],
  ['fsync', 4],
  ['rename', 3],
]);
const HIT_MS_MAX = 20_000;

interface Attached {
  readonly child: ChildProcess;
  readonly log: string;
}

/** Resolves when strace has attached; from then on the fault is armed. */
async function attach(weir: WeirProcess, fault: Fault, log: string): Promise<Attached> {
  const spool = join(weir.directory, 'spool');
  const names = ['', ...readdirSync(spool).map((name) => `/${name}`)];
  const args = ['-f', '-y', '-s', '0', '-o', log, '-e', `trace=${fault.call}`];
  for (const name of withMoreNames(names)) args.push('-P', spool + name);
  args.push('-e', injectionOf(fault), '-p', String(weir.runFile().pid));
  const child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await waitFor(async () => /attached/.test(said), HIT_MS_MAX, 20);
  return { child, log };
}

/** By SIGKILL when need be: strace can wait for ever for the threads of a process it has killed. */
async function detach(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)));
  child.kill('SIGTERM');
  const late = sleep(1_000).then(() => false);
  if (await Promise.race([exited, late])) return;
  child.kill('SIGKILL');
  await exited;
}

async function runOnce(
  t: Test,
  weir: WeirProcess,
  http: HttpSender,
  fault: Fault,
): Promise<'hit' | 'killed' | 'missed'> {
  const log = join(t.testdirName, 'trace');
  writeFileSync(log, '');
  const { pid } = weir.runFile();
  const { child } = await attach(weir, fault, log);
  const isGone = (): boolean => {
    try {
      return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return true;
    }
  };
  const isHit = (): boolean => readFileSync(log, 'utf8').includes('INJECTED') || isGone();
  await waitFor(async () => isHit(), HIT_MS_MAX, 50);
  const wasHit = isHit();
  await detach(child);
  if (isGone()) {
    t.equal(fault.kind, 'KILL', `${nameOf(fault)}: a single error ended the collector`);
    await weir.killTree();
    await weir.start();
  }
  const acked = http.ackedCount;
  const goesOn = async (): Promise<boolean> => http.ackedCount > acked + 40;
  t.ok(await waitFor(goesOn, 30_000, 20), `${nameOf(fault)}: events get through`);
  if (!wasHit) return 'missed';
  return fault.kind === 'KILL' ? 'killed' : 'hit';
}

t.test('a collector with the embedded store', { skip: whyNoStrace() ?? false }, async (t) => {
  const directory = join(t.testdir({}), 'data');
  mkdirSync(directory);
  const config = join(t.testdirName, 'weir.toml');
  writeFileSync(config, '[spool]\nsegment_bytes = 1048576\n[workers]\ncount = 1\n');
  // strace counts by thread: one thread for files.
  const environment = { ...PLAIN, UV_THREADPOOL_SIZE: '1' };
  const weir = new WeirProcess(directory, environment, ['--config', config]);
  t.teardown(() => weir.killTree());
  await weir.start();
  const options = { producer: 'http-1', eventsPerRequest: 20, pauseMs: 2, fillBytes: 2_000 };
  const http = new HttpSender(weir.httpUrl, options);
  http.start();
  const outcomes = { hit: 0, killed: 0, missed: 0 };
  const single = allFaults(COUNTS).filter(({ kind }) => !kind.endsWith('x3'));
  try {
    for (const fault of sampleFaults(single, RUN_COUNT, LANE_SEED))
      outcomes[await runOnce(t, weir, http, fault)]++;
  } finally {
    await http.stop();
  }
  t.equal(http.failure, null);
  const verified = await weir.verify(60);
  t.equal(verified.code, 0, `the ledger closes: ${verified.stderr}`);
  const rows = await weir.query('SELECT stream, epoch, seq, raw_data FROM dev.events');
  const stored = storedOf(
    rows.map(([stream = '', epoch = '', seq, raw = '']) => ({
      ...{ stream, epoch, seq: Number(seq), raw_data: raw.replaceAll('\\', '') },
    })),
  );
  t.same(judgeSender(stored, 'http-1', http), { lost: 0, twice: 0, invented: 0 });
  t.equal(stored.sameIdentity, 0, 'no number is stored twice');
  t.comment(`strace, collector: ${JSON.stringify(outcomes)}, ${http.ackedCount} acknowledged`);
  t.ok(outcomes.hit > 0 && outcomes.killed > 0, 'errors and kills were seen');
});

// Scenario: the loader of a partition inserts groups that fall into one to three parts; strace
// kills the engine in a rename, where it has logged the token of an INSERT and named no part yet.
// Guarantees: after the retry each row is in the table once. A loader that believes in tokens alone
// (planted) loses rows there, and the lane finds it.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { sleep, waitFor } from '@weir/harness';
import { plantBug } from '@weir/pipeline/testing';
import {
  PartitionBench,
  SAMPLE_TIME_NS,
  type StoreFixture,
  storeFixture,
  until,
} from '@weir/sinks/testing';
import t from 'tap';
import { IS_LONG, whyNoStrace } from '../tools.js';

t.setTimeout(IS_LONG ? 3_600_000 : 600_000);
/** strace counts by thread, and the parts of an INSERT are named by two or three of them. */
const KILLS = [1, 2, 3].flatMap((parts) => [1, 2].map((rename) => ({ parts, rename })));
const NEVER = 1_000;
const ROUNDS = IS_LONG ? 20 : 1;
const ROWS_PER_BATCH = 50;
const ATTACH_MS_MAX = 20_000;
const NS_PER_DAY = 86_400_000_000_000n;
const nameOf = ({ parts, rename }: Kill): string => `${parts} parts, rename ${rename}`;
let epochCount = 9_000n;

async function attach(pid: number, when: number, log: string): Promise<ChildProcess> {
  const injection = `inject=rename,renameat,renameat2:signal=KILL:when=${when}`;
  const trace = ['-f', '-s', '0', '-o', log, '-e', 'trace=rename,renameat,renameat2'];
  const child = spawn('strace', [...trace, '-e', injection, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await waitFor(async () => /attached/.test(said), ATTACH_MS_MAX, 20);
  return child;
}

/** By SIGKILL when need be: strace can wait for ever for the threads of a process it has killed. */
async function detach(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)));
  child.kill('SIGTERM');
  if (await Promise.race([exited, sleep(1_000).then(() => false)])) return;
  child.kill('SIGKILL');
  await exited;
}

type Kill = (typeof KILLS)[number];

interface Outcome {
  readonly wasKilled: boolean;
  /** Null for none. */
  readonly violation: string | null;
}

async function runOnce(fixture: StoreFixture, { parts, rename }: Kill): Promise<Outcome> {
  const bench = new PartitionBench(fixture, ++epochCount);
  // One group of all that comes within half a second.
  const loader = bench.loader({ limits: { lingerMs: 500 } });
  bench.send(0, ['the first']);
  loader.start();
  bench.feed(loader);
  await bench.settled();
  for (let day = 0; day < parts; day++) {
    const first = 1 + day * ROWS_PER_BATCH;
    const texts = Array.from({ length: ROWS_PER_BATCH }, (_, i) => `event ${first + i}`);
    bench.send(first, texts, { receivedAtNs: SAMPLE_TIME_NS - BigInt(day) * NS_PER_DAY });
  }
  const { pid } = fixture.supervised;
  const child = await attach(pid, rename, join(fixture.directory, 'trace'));
  bench.feed(loader);
  await waitFor(async () => fixture.supervised.pid !== pid || bench.isSettled, 30_000, 20);
  await detach(child);
  await bench.settled();
  await loader.close(false);
  // A merge may have been hit after all was settled: then the engine is still coming back.
  await until('the store answers', () => fixture.store.ping().catch(() => false));
  const found = await bench.seqsOf('events');
  const isOnce = found.length === parts * ROWS_PER_BATCH + 1 && found.every((seq, i) => seq === i);
  const wasKilled = fixture.supervised.pid !== pid;
  return {
    wasKilled,
    violation: isOnce ? null : `${found.length} rows, ${new Set(found).size} numbers`,
  };
}

async function fixtureWithTokens(): Promise<StoreFixture> {
  const fixture = await storeFixture();
  // As on a server whose owner has switched deduplication on: the engine's own default is off.
  await fixture.store.command(
    'ALTER TABLE dev.events MODIFY SETTING non_replicated_deduplication_window = 1000',
  );
  return fixture;
}

t.test(
  'an engine that is killed between token and part',
  { skip: whyNoStrace() ?? false },
  async (t) => {
    const fixture = await fixtureWithTokens();
    t.teardown(() => fixture.end());
    let killed = 0;
    for (let round = 0; round < ROUNDS; round++)
      for (const kill of KILLS) {
        const { wasKilled, violation } = await runOnce(fixture, kill);
        t.equal(violation, null, nameOf(kill));
        if (wasKilled) killed++;
      }
    t.comment(`strace, store: ${killed} of ${ROUNDS * KILLS.length} runs killed the engine`);
    t.ok(killed >= ROUNDS * 3, 'the engine was killed');
  },
);

t.test('a loader that believes in tokens is found', { skip: whyNoStrace() ?? false }, async (t) => {
  process.env.WEIR_PLANTED_BUGS = 'allowed';
  plantBug('token_only_deduplication');
  t.teardown(() => plantBug(null));
  // A store each: its tokens are the ids of intents, and these begin anew with each partition.
  const outcomeOf = async (rename: number): Promise<Outcome> => {
    const fixture = await fixtureWithTokens();
    try {
      return await runOnce(fixture, { parts: 3, rename });
    } finally {
      await fixture.end();
    }
  };
  t.same(await outcomeOf(NEVER), { wasKilled: false, violation: null }, 'while nothing is killed');
  const { wasKilled, violation } = await outcomeOf(1);
  t.ok(wasKilled && violation !== null, `killed: ${violation}`);
});

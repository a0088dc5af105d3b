// Scenario: collectors with a file sink and with the embedded store take TCP and keyed HTTP events
// while SIGKILL ends the whole tree at random moments, again and again; now and then once more
// while it still starts.
// Guarantees: no acknowledged event is lost, none is stored twice, rows keep their order, every
// restart works, and the ledger closes over all epochs at the end.
// WEIR_SEED=n replays the moments, as far as the kernel's scheduling allows.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs, seeded, sleep, WeirProcess, waitFor } from '@weir/harness';
import t, { type Test } from 'tap';
import { HttpSender } from '../load/http-sender.js';
import { judgeSender, readStored, type Stored, storedOf } from '../load/stored.js';
import { TcpSender } from '../load/tcp-sender.js';
import { IS_LONG, LANE_SEED, PLAIN } from '../tools.js';

t.setTimeout(IS_LONG ? 7_200_000 : 600_000);
const KILLS_MIN = IS_LONG ? 1_500 : 60;
const FILE_LOOPS = IS_LONG ? 700 : 28;
const STORE_LOOPS = IS_LONG ? 110 : 5;
/** One start in so many is killed before it is ready. */
const DOUBLE_ONE_IN = 6;
const RUN_MS_MAX = 500;
const RESTART_MS_MAX = 60_000;

interface Loop {
  readonly weir: WeirProcess;
  readonly http: readonly HttpSender[];
  readonly tcp: TcpSender;
  readonly restartMs: number[];
  doubleKills: number;
}

async function killLoops(loop: Loop, count: number, random: () => number): Promise<void> {
  const { weir } = loop;
  for (let i = 0; i < count; i++) {
    await sleep(random() * RUN_MS_MAX);
    await weir.killTree();
    if (random() < 1 / DOUBLE_ONE_IN) {
      loop.doubleKills++;
      const starting = weir.start(RESTART_MS_MAX).catch(() => undefined);
      await sleep(100 + random() * 900);
      await weir.killTree();
      await starting;
    }
    const startedMs = monotonicMs();
    await weir.start(RESTART_MS_MAX);
    loop.restartMs.push(monotonicMs() - startedMs);
  }
}

async function startLoop(t: Test, name: string, flags: readonly string[]): Promise<Loop> {
  const directory = join(t.testdirName, name, 'data');
  mkdirSync(directory, { recursive: true });
  const weir = new WeirProcess(directory, PLAIN, flags);
  t.teardown(() => weir.killTree());
  await weir.start(RESTART_MS_MAX);
  const options = { eventsPerRequest: 20, pauseMs: 5, fillBytes: 60 };
  const http = ['http-1', 'http-2'].map(
    (producer) => new HttpSender(weir.httpUrl, { ...options, producer }),
  );
  const lines = { producer: 'tcp-1', linesPerWrite: 10, pauseMs: 5, fillBytes: 60 };
  const tcp = new TcpSender(weir.syslogAddress, lines);
  for (const sender of [...http, tcp]) sender.start();
  return { weir, http, tcp, restartMs: [], doubleKills: 0 };
}

/** Ends the senders, waits for delivery and asks the ledger. */
async function finish(t: Test, { weir, http, tcp, restartMs, doubleKills }: Loop): Promise<string> {
  const before = http.map(({ ackedCount }) => ackedCount);
  const goesOn = (): boolean => http.every(({ ackedCount }, i) => ackedCount > (before[i] ?? 0));
  t.ok(await waitFor(async () => goesOn(), 20_000), 'fresh events get through');
  await Promise.all([...http, tcp].map((sender) => sender.stop()));
  for (const { failure } of http) t.equal(failure, null);
  const verified = await weir.verify(120);
  t.equal(verified.code, 0, `the ledger closes: ${verified.stderr}`);
  const sorted = [...restartMs].sort((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.ceil(sorted.length * share) - 1] ?? 0).toFixed();
  const acked = http.reduce((sum, { ackedCount }) => sum + ackedCount, 0);
  const replays = http.reduce((sum, { replayCount }) => sum + replayCount, 0);
  return (
    `${restartMs.length} loops, ${doubleKills} double kills, ${acked} acknowledged, ` +
    `${replays} replays, ${tcp.sentCount} lines by TCP, ` +
    `restart ms median ${at(0.5)} max ${at(1)}`
  );
}

function judge(t: Test, { http, tcp }: Loop, stored: Stored): void {
  t.equal(stored.sameIdentity, 0, 'no number is stored twice');
  t.equal(stored.outOfOrder, 0, 'rows are in order');
  const ours = [...http.map(({ ackedCount, sentCount }) => ({ ackedCount, sentCount }))];
  for (const [i, counts] of ours.entries()) {
    const verdict = judgeSender(stored, `http-${i + 1}`, counts);
    t.same(verdict, { lost: 0, twice: 0, invented: 0 }, `http-${i + 1}`);
  }
  const { sentCount } = tcp;
  const lines = judgeSender(stored, 'tcp-1', { ackedCount: 0, sentCount });
  t.same([lines.twice, lines.invented], [0, 0], 'tcp');
}

interface Store {
  readonly name: string;
  readonly flags: readonly string[];
  readonly read: (weir: WeirProcess) => Promise<Stored>;
  readonly loopCount: number;
}

async function run(
  t: Test,
  { name, flags, read, loopCount }: Store,
  seed: number,
): Promise<number> {
  const loop = await startLoop(t, name, flags);
  await killLoops(loop, loopCount, seeded(seed));
  const text = await finish(t, loop);
  const stored = await read(loop.weir);
  t.comment(`kill -9, ${name}: ${text}, ${stored.rowCount} rows, seed ${LANE_SEED}`);
  judge(t, loop, stored);
  t.equal(await loop.weir.stop(), 0, 'it ends in order');
  return loop.restartMs.length + loop.doubleKills;
}

/** A directory and a configuration with a file sink. */
function fileStore(directory: string, name: string): Store {
  mkdirSync(join(directory, name), { recursive: true });
  const out = join(directory, name, 'out.ndjson');
  const config = join(directory, name, 'weir.toml');
  // Small segments, so that kills meet rotation and deletion.
  const spool = '[spool]\nsegment_bytes = 1048576\n[workers]\ncount = 1\n';
  writeFileSync(config, `[sinks.out]\ntype = "file"\npath = "${out}"\n${spool}`);
  const read = (): Promise<Stored> => readStored(out);
  return { name, flags: ['--config', config], read, loopCount: FILE_LOOPS };
}

const embedded: Store = {
  name: 'embedded store',
  flags: [],
  loopCount: STORE_LOOPS,
  read: async (weir) => {
    const rows = await weir.query(
      'SELECT stream, epoch, seq, raw_data FROM dev.events ORDER BY stream, epoch, seq',
    );
    return storedOf(
      rows.map(([stream = '', epoch = '', seq, raw = '']) => ({
        stream,
        epoch,
        seq: Number(seq),
        raw_data: raw.replaceAll('\\', ''),
      })),
    );
  },
};

t.test('kill -9 under load', async (t) => {
  const directory = t.testdir({});
  const files = ['file sink 1', 'file sink 2'].map((name) => fileStore(directory, name));
  const counts = await Promise.all(files.map((store, i) => run(t, store, LANE_SEED + i)));
  counts.push(await run(t, embedded, LANE_SEED + 2));
  const kills = counts.reduce((sum, count) => sum + count, 0);
  t.comment(`kill -9: ${kills} kills`);
  t.ok(kills >= KILLS_MIN, `${kills} kills, ${KILLS_MIN} wanted`);
});

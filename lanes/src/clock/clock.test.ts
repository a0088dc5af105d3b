// Scenario: the wall clock is wrong (libfaketime): an hour behind, thirty days ahead, in 1970,
// after the end of 32-bit time in 2038, or it jumps among these while events flow. Then the
// process is killed and starts again with the right clock, or with one that has gone back.
// Guarantees: the same verdict as with a right clock: every event is stored once under its number,
// the ledger closes, nothing expires; a repeat under an idempotency key gets the first receipt and
// stores nothing, within one process and over a restart, whatever the clock does.
// The monotonic clock is not faked (DONT_FAKE_MONOTONIC): no kernel lets anyone set it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, WeirProcess, waitFor } from '@weir/harness';
import t, { type Test } from 'tap';
import { HttpSender } from '../load/http-sender.js';
import { judgeSender, readStored } from '../load/stored.js';
import { TcpSender } from '../load/tcp-sender.js';
import { IS_LONG, PLAIN } from '../tools.js';

t.jobs = 2;
t.setTimeout(IS_LONG ? 3_600_000 : 600_000);
const LIBRARY = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
].find((path) => existsSync(path));
const WHY_NOT =
  LIBRARY === undefined
    ? 'SKIPPED: libfaketime not installed (npm test installs the package faketime as root)'
    : false;
const ACKED_MIN = IS_LONG ? 20_000 : 1_500;

/** In faketime's language (faketime(1)). */
const CLOCKS = {
  right: '+0',
  'an hour behind': '-3600',
  '30 days ahead': '+30d',
  1970: '@1970-01-01 00:10:00',
  2038: '@2038-01-20 00:00:00',
} as const;

class Skewed {
  readonly weir: WeirProcess;
  readonly out: string;
  readonly #clock: string;
  readonly #root: string;

  constructor(root: string, clock: string) {
    this.#root = root;
    this.out = join(root, 'out.ndjson');
    this.#clock = join(root, 'clock');
    this.set(clock);
    mkdirSync(join(root, 'data'), { recursive: true });
    const config = join(root, 'weir.toml');
    writeFileSync(config, `[sinks.out]\ntype = "file"\npath = "${this.out}"\n`);
    const environment = {
      ...PLAIN,
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.#clock,
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      TZ: 'UTC',
    };
    this.weir = new WeirProcess(join(root, 'data'), environment, ['--config', config]);
  }

  /** From now on, also while the collector runs. */
  set(clock: string): void {
    writeFileSync(join(this.#root, 'clock'), `${clock}\n`);
  }
}

interface KeyedReply {
  readonly isReplay: boolean;
  readonly receipt: string;
}

async function postKeyed(weir: WeirProcess, key: string): Promise<KeyedReply> {
  const headers = { 'idempotency-key': key };
  const body = '{"producer":"keyed","number":0}';
  const reply = await fetch(`${weir.httpUrl}/ingest`, { method: 'POST', headers, body });
  if (reply.status !== 200) throw new Error(`${reply.status} ${await reply.text()}`);
  const isReplay = reply.headers.get('idempotent-replayed') === 'true';
  return { isReplay, receipt: await reply.text() };
}

/** The receipt of the keyed request. */
async function sendSome(t: Test, skewed: Skewed, jumps: readonly string[]): Promise<string> {
  const { weir } = skewed;
  const options = { producer: 'http-1', eventsPerRequest: 50, pauseMs: 5, fillBytes: 40 };
  const http = new HttpSender(weir.httpUrl, options);
  const tcp = new TcpSender(weir.syslogAddress, {
    producer: 'tcp-1',
    linesPerWrite: 20,
    pauseMs: 5,
    fillBytes: 40,
  });
  const { isReplay, receipt } = await postKeyed(weir, 'keyed/1/0');
  t.equal(isReplay, false, 'a first request');
  http.start();
  tcp.start();
  for (const jump of jumps) {
    const acked = http.ackedCount;
    await waitFor(async () => http.ackedCount > acked + 200, 20_000, 20);
    skewed.set(jump);
  }
  const isEnough = async (): Promise<boolean> => http.ackedCount >= ACKED_MIN;
  t.ok(await waitFor(isEnough, 60_000, 20), 'events get through');
  const again = await postKeyed(weir, 'keyed/1/0');
  t.same(again, { isReplay: true, receipt }, 'a repeat is recognised');
  await Promise.all([http.stop(), tcp.stop()]);
  t.equal(http.failure, null);
  await judge(t, skewed, http, tcp);
  return receipt;
}

async function judge(t: Test, skewed: Skewed, http: HttpSender, tcp: TcpSender): Promise<void> {
  const verified = await skewed.weir.verify(30);
  t.equal(verified.code, 0, `the ledger closes: ${verified.stderr}`);
  const stored = await readStored(skewed.out);
  t.same(judgeSender(stored, 'http-1', http), { lost: 0, twice: 0, invented: 0 });
  const { sentCount } = tcp;
  const lines = judgeSender(stored, 'tcp-1', { ackedCount: sentCount, sentCount });
  t.same(lines, { lost: 0, twice: 0, invented: 0 });
  t.same(judgeSender(stored, 'keyed', { ackedCount: 1, sentCount: 1 }), {
    lost: 0,
    twice: 0,
    invented: 0,
  });
  t.same([stored.sameIdentity, stored.outOfOrder], [0, 0], 'each number once, in order');
  const numbers = JSON.parse(verified.stdout) as {
    readonly sinks: readonly {
      readonly streams: readonly { readonly issued: number; readonly lost: number }[];
    }[];
  };
  const streams = numbers.sinks[0]?.streams ?? [];
  const issued = streams.reduce((sum, stream) => sum + stream.issued, 0);
  t.equal(issued, http.ackedCount + sentCount + 1, 'the same numbers as with a right clock');
  t.equal(
    streams.reduce((sum, { lost }) => sum + lost, 0),
    0,
    'nothing expired',
  );
}

/** Years of the stamps of what is stored: shows that the clock really was wrong. */
function yearsIn(out: string): string[] {
  const years = new Set<string>();
  for (const [, year = ''] of readFileSync(out, 'utf8').matchAll(/"ingest_time":"(\d{4})/g))
    years.add(year);
  return [...years].sort();
}

interface Case {
  readonly name: string;
  /** Years that must be among the stamps. */
  readonly years: readonly string[];
  readonly first: string;
  /** Set one after the other while events flow. */
  readonly jumps: readonly string[];
  /** The clock of the process that comes after the kill, or after an orderly stop. */
  readonly after: string;
  readonly isStopped?: true;
}
const { right } = CLOCKS;
const cases: readonly Case[] = [
  { name: 'right', years: [], first: right, jumps: [], after: right },
  { name: 'right, then an hour back', years: [], first: right, jumps: [], after: '-3600' },
  {
    name: 'right, then 30 days ahead',
    years: [],
    first: right,
    jumps: [],
    after: CLOCKS['30 days ahead'],
    isStopped: true,
  },
  ...(['an hour behind', '30 days ahead', '1970', '2038'] as const).map((name): Case => {
    const first = CLOCKS[name];
    const years = name === '1970' || name === '2038' ? [name] : [];
    return { name, years, first, jumps: [], after: right };
  }),
  {
    name: 'jumps',
    years: ['1970', '2038'],
    first: right,
    jumps: ['+30d', '-3600', CLOCKS[1970], CLOCKS[2038], right],
    after: '-3600',
  },
];

for (const { name, years, first, jumps, after, isStopped } of cases) {
  t.test(`clock: ${name}`, { skip: WHY_NOT, buffered: true }, async (t) => {
    const skewed = new Skewed(t.testdir({}), first);
    const { weir } = skewed;
    t.teardown(() => weir.killTree());
    await weir.start();
    const receipt = await sendSome(t, skewed, jumps);
    const seen = yearsIn(skewed.out);
    for (const year of years) t.ok(seen.includes(year), `stamped ${year}: ${seen.join()}`);
    if (isStopped) t.equal(await weir.stop(), 0, 'an orderly stop');
    else await weir.killTree();
    skewed.set(after);
    await weir.start();
    const verified = await weir.verify(30);
    t.equal(verified.code, 0, `after a restart the ledger closes: ${verified.stderr}`);
    const again = await postKeyed(weir, 'keyed/1/0');
    t.same(again, { isReplay: true, receipt }, 'a repeat gets the first receipt');
    const sent = { ackedCount: 1, sentCount: 1 };
    const expected = { lost: 0, twice: 0, invented: 0 };
    t.same(judgeSender(await readStored(skewed.out), 'keyed', sent), expected, 'and is not stored');
    const fresh = await postKeyed(weir, 'keyed/1/1');
    t.equal(fresh.isReplay, false, 'a fresh event gets through');
    await sleep(50);
    t.equal((await weir.verify(30)).code, 0, 'and the ledger closes');
    t.comment(`clock: ${name}: verdict as with a right clock, ${jumps.length} jumps, 1 restart`);
    t.equal(await weir.stop(), 0, 'it ends in order');
  });
}

// Scenario: the data directory is on a small file system of the real kernel (tmpfs, ext4 on a loop
// device). While TCP and HTTP senders send, something else takes the last byte, or the last inode,
// holds it and gives it back, again and again.
// Guarantees: the collector never ends; while the disk is full HTTP answers 503 with Retry-After,
// TCP is held back, and a metric and /readyz say so; when space is back events get through again;
// no acknowledged event is lost or stored twice, and the ledger closes.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monotonicMs, WeirProcess, waitFor } from '@weir/harness';
import t, { type Test } from 'tap';
import { HttpSender } from '../load/http-sender.js';
import { judgeSender, readStored } from '../load/stored.js';
import { TcpSender } from '../load/tcp-sender.js';
import { IS_LONG, PLAIN } from '../tools.js';
import { Ballast, mountDisk, type SmallDisk, whyNoMounts } from './mounts.js';

// Most of the time is waiting.
t.jobs = 3;
t.setTimeout(IS_LONG ? 3_600_000 : 600_000);
/** From the last byte taken to the first refusal: what was prepared is used up first. */
const FULL_MS_MAX = 60_000;
/** Five seconds are wanted; the comment of each case says what it took. */
const GOES_ON_MS_MAX = 60_000;

interface Case {
  readonly name: string;
  readonly disk: SmallDisk;
  readonly takes: 'bytes' | 'inodes';
  /** The file that the sink writes is on the full disk as well. */
  readonly isSinkThere: boolean;
  readonly cycles: number;
}
const cases: readonly Case[] = [
  {
    name: 'tmpfs',
    disk: { kind: 'tmpfs', sizeMiB: 48, inodeCount: 0 },
    takes: 'bytes',
    isSinkThere: false,
    cycles: IS_LONG ? 20 : 4,
  },
  {
    name: 'ext4 with the sink on it',
    disk: { kind: 'ext4', sizeMiB: IS_LONG ? 1024 : 256, inodeCount: 0 },
    takes: 'bytes',
    isSinkThere: true,
    cycles: IS_LONG ? 20 : 4,
  },
  {
    name: 'inodes of ext4',
    disk: { kind: 'ext4', sizeMiB: 64, inodeCount: 128 },
    takes: 'inodes',
    isSinkThere: false,
    cycles: IS_LONG ? 10 : 2,
  },
];

interface Cycle {
  readonly toFullMs: number;
  readonly toGoMs: number;
}

class FullDisk {
  readonly #weir: WeirProcess;
  readonly #http: HttpSender;
  readonly #tcp: TcpSender;
  readonly #ballast: Ballast;
  constructor(weir: WeirProcess, http: HttpSender, tcp: TcpSender, ballast: Ballast) {
    this.#weir = weir;
    this.#http = http;
    this.#tcp = tcp;
    this.#ballast = ballast;
  }

  async cycle(t: Test, name: string): Promise<Cycle> {
    const refused = this.#refusedCount;
    const beginMs = monotonicMs();
    const isRefused = async (): Promise<boolean> => {
      this.#ballast.fill();
      return this.#refusedCount > refused + 1;
    };
    t.ok(await waitFor(isRefused, FULL_MS_MAX, 50), `${name}: HTTP is refused`);
    const toFullMs = monotonicMs() - beginMs;
    t.match(await this.#weir.metrics(), /^buffer_full\{[^}]*\} 1$/m, `${name}: buffer_full`);
    const ready = await fetch(`${this.#weir.httpUrl}/readyz`);
    t.equal(ready.status, 503, `${name}: ${await ready.text()}`);
    // The kernel's buffers take some megabytes first.
    this.#tcp.isHeldBack = false;
    this.#tcp.isInHurry = true;
    const isHeldBack = async (): Promise<boolean> => {
      this.#ballast.fill();
      return this.#tcp.isHeldBack;
    };
    t.ok(await waitFor(isHeldBack, FULL_MS_MAX, 50), `${name}: TCP is held back`);
    this.#tcp.isInHurry = false;
    const acked = this.#http.ackedCount;
    this.#ballast.free();
    const freedMs = monotonicMs();
    const goesOn = async (): Promise<boolean> => this.#http.ackedCount > acked + 60;
    t.ok(await waitFor(goesOn, GOES_ON_MS_MAX, 20), `${name}: goes on when there is space`);
    const toGoMs = monotonicMs() - freedMs;
    const isClear = async (): Promise<boolean> =>
      /^buffer_full\{[^}]*\} 0$/m.test(await this.#weir.metrics());
    t.ok(await waitFor(isClear, GOES_ON_MS_MAX), `${name}: the metric clears`);
    return { toFullMs, toGoMs };
  }

  get #refusedCount(): number {
    return this.#http.statuses.get(503) ?? 0;
  }
}

async function runCase(t: Test, { name, disk, takes, isSinkThere, cycles }: Case): Promise<void> {
  // Not a directory of the test runner, which would remove it while something is mounted there.
  const root = mkdtempSync(join(tmpdir(), 'weir-disk-'));
  const mounted = mountDisk(join(root, 'data'), disk);
  let weir: WeirProcess | null = null;
  t.teardown(async () => {
    await weir?.killTree();
    mounted.unmount();
    rmSync(root, { recursive: true, force: true });
  });
  const out = isSinkThere ? join(mounted.path, 'out', 'events.ndjson') : join(root, 'out.ndjson');
  mkdirSync(join(mounted.path, 'out'));
  const config = join(root, 'weir.toml');
  const spool = '[spool]\nsegment_bytes = 1048576\nmax_bytes = 16777216\n';
  writeFileSync(config, `[sinks.out]\ntype = "file"\npath = "${out}"\n${spool}`);
  weir = new WeirProcess(mounted.path, PLAIN, ['--config', config]);
  await weir.start();
  const { pid } = weir.runFile();
  const options = { producer: 'http-1', eventsPerRequest: 20, pauseMs: 2, fillBytes: 300 };
  const http = new HttpSender(weir.httpUrl, options);
  const lines = { producer: 'tcp-1', linesPerWrite: 20, pauseMs: 10, fillBytes: 300 };
  const tcp = new TcpSender(weir.syslogAddress, lines);
  for (const sender of [http, tcp]) sender.start();
  const ballast = new Ballast(mounted.path, takes);
  const fullDisk = new FullDisk(weir, http, tcp, ballast);
  const done: Cycle[] = [];
  try {
    for (let i = 1; i <= cycles; i++) done.push(await fullDisk.cycle(t, `${name}, cycle ${i}`));
  } finally {
    ballast.free();
    await Promise.all([http.stop(), tcp.stop()]);
  }
  t.equal(weir.runFile().pid, pid, 'it never ended');
  t.equal(http.failure, null);
  t.equal(http.withoutRetryAfter, 0, 'each refusal has Retry-After');
  const verified = await weir.verify(60);
  t.equal(verified.code, 0, `the ledger closes: ${verified.stderr}`);
  const stored = await readStored(out);
  t.equal(stored.sameIdentity, 0, 'no number is stored twice');
  t.equal(stored.outOfOrder, 0, 'rows are in order');
  t.same(judgeSender(stored, 'http-1', http), { lost: 0, twice: 0, invented: 0 });
  // Nothing was killed, so all that the kernel took by TCP is there, too.
  const { sentCount, connectionCount } = tcp;
  const all = { ackedCount: connectionCount === 1 ? sentCount : 0, sentCount };
  t.same(judgeSender(stored, 'tcp-1', all), { lost: 0, twice: 0, invented: 0 });
  const most = (key: keyof Cycle): string => Math.max(...done.map((cycle) => cycle[key])).toFixed();
  t.comment(
    `full disk, ${name}: ${done.length} cycles, ${http.statuses.get(503)} refusals, ` +
      `${http.ackedCount} acknowledged, ${stored.rowCount} rows, most ms to full ${most('toFullMs')}, ` +
      `to go on ${most('toGoMs')}`,
  );
  t.equal(await weir.stop(), 0, 'it ends in order');
}

for (const one of cases) {
  const reason = whyNoMounts(one.disk);
  t.test(one.name, { skip: reason ?? false, buffered: true }, (t) => runCase(t, one));
}

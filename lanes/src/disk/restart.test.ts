// Scenario: the receiver of a sink is down, the spool holds a backlog; the collector is killed or
// stopped, something else takes the last byte (or inode) of its disk, and it is started again.
// Guarantees: it comes up: /healthz answers 200, /readyz 503 with the cause, and commands find it.
// When the receiver is back it delivers, which frees space; killed, it needs nobody else for it.
// With space it takes events again, without a restart; nothing acknowledged is lost or told twice.
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { freePort, monotonicMs, seeded, WeirProcess, waitFor } from '@weir/harness';
import t, { type Test } from 'tap';
import { HttpSender } from '../load/http-sender.js';
import { judgeSender, type Row, storedOf } from '../load/stored.js';
import { IS_LONG, PLAIN } from '../tools.js';
import { Ballast, mountDisk, type SmallDisk, whyNoMounts } from './mounts.js';

t.jobs = 2;
t.setTimeout(IS_LONG ? 1_200_000 : 600_000);

const ACKED_MIN = 8_000;
/** For all that a collector frees by itself. */
const FREES_MS_MAX = 30_000;

interface Case {
  readonly disk: SmallDisk;
  readonly takes: 'bytes' | 'inodes';
  readonly end: 'killed' | 'stopped';
}
const cases: readonly Case[] = [
  { disk: { kind: 'tmpfs', sizeMiB: 48, inodeCount: 0 }, takes: 'bytes', end: 'killed' },
  { disk: { kind: 'tmpfs', sizeMiB: 48, inodeCount: 0 }, takes: 'bytes', end: 'stopped' },
  { disk: { kind: 'ext4', sizeMiB: 64, inodeCount: 0 }, takes: 'bytes', end: 'killed' },
  { disk: { kind: 'ext4', sizeMiB: 64, inodeCount: 0 }, takes: 'bytes', end: 'stopped' },
  { disk: { kind: 'ext4', sizeMiB: 64, inodeCount: 128 }, takes: 'inodes', end: 'killed' },
];

/** Answers 503 until it is open. */
class Receiver {
  isOpen = false;
  readonly rows: Row[] = [];
  readonly #server: Server;
  constructor() {
    this.#server = createServer((request, reply) => {
      void buffer(request).then((bytes) => {
        if (this.isOpen) {
          const isPacked = request.headers['content-encoding'] === 'gzip';
          for (const line of String(isPacked ? gunzipSync(bytes) : bytes).split('\n'))
            if (line !== '') this.rows.push(JSON.parse(line) as Row);
        }
        reply.writeHead(this.isOpen ? 200 : 503).end();
      });
    });
  }
  async start(): Promise<string> {
    const port = await freePort(seeded(process.pid + 15_485_863));
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return `http://127.0.0.1:${port}/`;
  }
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

async function answerOf(weir: WeirProcess, path: string): Promise<[status: number, text: string]> {
  try {
    const reply = await fetch(`${weir.httpUrl}${path}`, { signal: AbortSignal.timeout(2_000) });
    return [reply.status, await reply.text()];
  } catch (error) {
    return [0, String(error)];
  }
}

async function runCase(t: Test, { disk, takes, end }: Case): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'weir-restart-'));
  const mounted = mountDisk(join(root, 'data'), disk);
  const receiver = new Receiver();
  let weir: WeirProcess | null = null;
  t.teardown(async () => {
    await weir?.killTree();
    receiver.stop();
    mounted.unmount();
    rmSync(root, { recursive: true, force: true });
  });
  const config = join(root, 'weir.toml');
  const spool = '[spool]\nsegment_bytes = 1048576\nmax_bytes = 33554432\n';
  const url = await receiver.start();
  writeFileSync(config, `[sinks.out]\ntype = "http"\nurl = "${url}"\n${spool}`);
  weir = new WeirProcess(mounted.path, PLAIN, ['--config', config]);
  await weir.start();
  const options = { producer: 'http-1', eventsPerRequest: 40, pauseMs: 0, fillBytes: 400 };
  const http = new HttpSender(weir.httpUrl, options);
  http.start();
  const isEnough = async (): Promise<boolean> => http.ackedCount >= ACKED_MIN;
  t.ok(await waitFor(isEnough, 60_000, 20), 'a backlog');
  if (end === 'killed') await weir.killTree();
  else t.equal(await weir.stop(), 0);
  const ballast = new Ballast(mounted.path, takes);
  ballast.fill();
  const starting = weir.start(FREES_MS_MAX + 120_000);
  starting.catch(() => undefined);
  const process = weir;
  const isUp = async (): Promise<boolean> => (await answerOf(process, '/healthz'))[0] === 200;
  t.ok(await waitFor(isUp, 60_000, 50), 'it is up');
  // What the process before had prepared, and gave back, is taken as well.
  ballast.fill();
  let answer: [number, string] = [0, ''];
  const isNotReady = async (): Promise<boolean> => {
    answer = await answerOf(process, '/readyz');
    return answer[0] === 503;
  };
  t.ok(await waitFor(isNotReady, 20_000, 50), 'it is not ready');
  t.match(answer[1], /no space|disk is full/, 'and says why');
  t.equal(process.runFile().listeners.http, process.httpUrl.slice(7), 'commands find it');
  const { bavail } = statfsSync(mounted.path);
  const acked = http.ackedCount;
  receiver.isOpen = true;
  const openedMs = monotonicMs();
  const isTaken = async (): Promise<boolean> => http.ackedCount > acked + 200;
  const isAlone = await waitFor(isTaken, FREES_MS_MAX, 50);
  const aloneMs = monotonicMs() - openedMs;
  if (end === 'killed') t.ok(isAlone, 'it frees space by itself');
  ballast.free();
  t.ok(await waitFor(isTaken, FREES_MS_MAX, 50), 'events get through again');
  await starting;
  t.ok(process.isAlive, 'the same process');
  await http.stop();
  const verified = await process.verify(60);
  t.equal(verified.code, 0, `the ledger closes: ${verified.stderr}`);
  const stored = storedOf(receiver.rows);
  t.same(judgeSender(stored, 'http-1', http), { lost: 0, twice: 0, invented: 0 });
  t.comment(
    `restart on a full disk, ${disk.kind}, ${takes}, ${end}: ${bavail} blocks left, ` +
      (isAlone ? `freed by itself in ${aloneMs.toFixed()} ms` : 'went on when space was given') +
      `, ${http.ackedCount} acknowledged, ${stored.rowCount} rows`,
  );
  t.equal(await process.stop(), 0, 'it ends in order');
}

for (const one of cases) {
  const reason = whyNoMounts(one.disk);
  const { disk, takes, end } = one;
  const name = `${disk.kind}, no ${takes} left, ${end}`;
  t.test(name, { skip: reason ?? false, buffered: true }, (t) => runCase(t, one));
}

// Scenario: the ways in which a collector comes to its end: Ctrl-C on the default directory,
// SIGTERM with a full spool and no store, a reader of its output that goes away, a spool that
// breaks. Guarantees: it ends in bounded time and with the right exit code; what was admitted is
// durable; the next start goes on where this one stopped.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, seeded, sleep, WeirProcess, waitFor } from '@weir/harness';
import { nodeFiles } from '@weir/pipeline/node';
import { inspectSpool } from '@weir/spool';
import t from 'tap';

const WEIR = fileURLToPath(new URL('../../bin/weir.js', import.meta.url));
const random = seeded(process.pid + 11);

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code)));

t.test('the default directory, and Ctrl-C', async (t) => {
  const cwd = t.testdir({});
  const http = `127.0.0.1:${await freePort(random)}`;
  const child = spawn(process.execPath, [WEIR, 'run', '--syslog', '127.0.0.1:0', '--http', http], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const exited = exitOf(child);
  t.ok(await waitFor(async () => output.includes('gaps 0'), 30_000), 'it runs in ./var');
  await fetch(`http://${http}/ingest`, { method: 'POST', body: '{"message":"last words"}' });
  child.kill('SIGINT');
  t.equal(await exited, 0);
  t.match(output, /drained: everything accepted is delivered/);
});

t.test('a reader of the status lines that goes away', async (t) => {
  const http = `127.0.0.1:${await freePort(random)}`;
  const flags = ['--data', join(t.testdir({}), 'data'), '--syslog', '127.0.0.1:0', '--http', http];
  const child = spawn(process.execPath, [WEIR, 'run', ...flags], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const exited = exitOf(child);
  const isUp = async (): Promise<boolean> =>
    fetch(`http://${http}/readyz`).then(
      (reply) => reply.ok,
      () => false,
    );
  t.ok(await waitFor(isUp, 30_000));
  child.stdout.destroy();
  await sleep(2_500);
  t.ok(await isUp(), 'it goes on');
  child.kill('SIGTERM');
  t.equal(await exited, 0);
});

t.test('SIGTERM with a full spool and no store', async (t) => {
  const work = t.testdir({ data: {} });
  const config = join(work, 'weir.toml');
  const closedPort = await freePort(random);
  const lines = [
    '[sources.syslog]\ntype = "syslog"\nlisten = "127.0.0.1:1"',
    '[sources.http]\ntype = "http"\nlisten = "127.0.0.1:2"',
    `[spool]\nmax_bytes = 16777216\n[store]\nurl = "http://127.0.0.1:${closedPort}"\n`,
  ];
  writeFileSync(config, lines.join('\n'));
  const weir = new WeirProcess(join(work, 'data'), {}, ['--config', config]);
  await weir.start();
  t.teardown(() => weir.killTree());
  const senders = Array.from({ length: 4 }, () => flood(weir.syslogAddress));
  const metrics = async (): Promise<string> => (await fetch(`${weir.httpUrl}/metrics`)).text();
  const isFull = await waitFor(
    async () => /^buffer_full\{[^}]*\} 1/m.test(await metrics()),
    60_000,
  );
  t.ok(isFull, 'the spool fills up');
  const reply = await fetch(`${weir.httpUrl}/ingest`, { method: 'POST', body: '{"a":1}' });
  t.equal(reply.status, 503);
  t.ok(Number(reply.headers.get('retry-after')) > 0, 'with Retry-After');
  await sleep(500);
  const received = /component_received_events_total\{component_id="syslog_tcp".*\} (\d+)/.exec(
    await metrics(),
  )?.[1];
  t.equal(await weir.stop(60_000), 0, 'it ends by itself');
  for (const sender of senders) sender.stop();
  const { streams } = await inspectSpool(nodeFiles(), join(work, 'data', 'spool'));
  const durable = streams.reduce((sum, { lastSeq }) => sum + lastSeq + 1, 0);
  t.ok(durable >= Number(received), `${durable} events are durable, ${received} were received`);
});

t.test('a spool that breaks ends the process', async (t) => {
  const work = t.testdir({ data: {} });
  mkdirSync(join(work, 'data'), { recursive: true });
  const config = join(work, 'weir.toml');
  writeFileSync(config, '[spool]\nsegment_bytes = 1048576\n');
  const weir = new WeirProcess(join(work, 'data'), {}, ['--config', config]);
  await weir.start();
  t.teardown(() => weir.killTree());
  const { pid, storePid } = weir.runFile();
  rmSync(join(work, 'data', 'spool'), { recursive: true });
  const sender = flood(weir.syslogAddress);
  const isGone = (id: number | null): boolean => {
    try {
      return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${id}/status`, 'utf8'));
    } catch {
      return true;
    }
  };
  t.ok(await waitFor(async () => isGone(pid) && isGone(storePid), 60_000), 'nothing is left');
  sender.stop();
  t.match(readFileSync(join(work, 'weir.log'), 'utf8'), /failed: writing the spool failed/);
});

/** Sends lines that do not compress, as fast as they are taken. */
function flood(address: string): { stop(): void } {
  const colon = address.lastIndexOf(':');
  const socket = connect(Number(address.slice(colon + 1)), address.slice(0, colon));
  socket.on('error', () => {});
  const more = (): void => {
    let isTaken = true;
    while (isTaken && !socket.destroyed) {
      let text = '<13>';
      for (let i = 0; i < 200; i++) text += random().toString(36).slice(2);
      isTaken = socket.write(`${text}\n`);
    }
  };
  socket.on('connect', more).on('drain', more);
  return { stop: () => void socket.destroy() };
}

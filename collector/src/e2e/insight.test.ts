// Scenario: an operator looks into a collector that works: tap with a filter, a count and a rate,
// top and graph in their formats; then at one that does not run.
// Guarantees: a tap shows the events that match, live, as they leave the component, and says what
// it left out; top and graph agree with what was sent; looking stops nothing and loses nothing; the
// socket is for this user alone and gone afterwards.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep, WeirProcess, waitFor } from '@weir/harness';
import t from 'tap';

const WEIR = fileURLToPath(new URL('../../bin/weir.js', import.meta.url));
const CONFIG = `
[transforms.noise]
type = "filter"
inputs = ["syslog"]
condition = "!message.contains('noise')"

[sinks.hole]
type = "blackhole"
inputs = ["noise", "http"]
`;

/** Lines of a command that goes on while the test does other things. */
class Command {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [WEIR, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.exited = new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
  }
  get events(): Record<string, unknown>[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1).trim();
    return whole === '' ? [] : whole.split('\n').map((line) => JSON.parse(line));
  }
  async isWatching(): Promise<boolean> {
    return waitFor(async () => this.stderr.includes('watching'), 30_000);
  }
}

t.test('tap, top and graph of a collector that works', { timeout: 120_000 }, async (t) => {
  const work = t.testdir({ data: {} });
  const config = join(work, 'weir.toml');
  writeFileSync(config, CONFIG);
  const weir = new WeirProcess(join(work, 'data'), {}, ['--config', config]);
  await weir.start();
  t.teardown(() => weir.killTree());
  const flags = ['--data', weir.directory];
  const { controlSocket } = weir.runFile() as unknown as { controlSocket: string };
  t.equal(statSync(controlSocket).mode & 0o777, 0o600);
  const colon = weir.syslogAddress.lastIndexOf(':');
  const socket = connect(Number(weir.syslogAddress.slice(colon + 1)), '127.0.0.1');
  t.teardown(() => socket.destroy());
  const stopSending = keepSending(socket);

  const filtered = new Command(
    ...['tap', 'noise', ...flags, '--count', '2', '--filter', "message.contains('seq 7 ')"],
  );
  t.ok(await filtered.isWatching());
  t.match(filtered.stderr, /watching noise, on the way to hole; of syslog, .*noise, hole/);
  t.equal(await filtered.exited, 0);
  t.equal(filtered.events.length, 2);
  for (const { message } of filtered.events) t.match(message, /seq 7 good/, 'live and parsed');

  const capped = new Command('tap', ...flags, '--rate', '2', '--json');
  t.ok(await capped.isWatching());
  t.ok(await waitFor(async () => capped.events.length >= 4, 30_000), 'it goes on');
  capped.child.kill('SIGINT');
  t.equal(await capped.exited, 0);
  t.match(capped.stderr, /[\d,]+ matched, [\d,]+ shown, [\d,]+ dropped by the rate cap/);
  t.ok(capped.events.every(({ message }) => !String(message).includes('noise')));

  const raw = await weir.command('tap', 'syslog', ...flags, '--count', '1', '--pretty');
  t.match(raw.stdout, /127\.0\.0\.1 {2}<13>app: seq \d+ (good|noise)/, 'as it came');

  const refusals = [
    { args: ['tap', 'nois'], message: /no component nois; did you mean noise\?/ },
    { args: ['tap', '--filter', 'message.contains('], message: /message\.contains\(/ },
    { args: ['tap', '--filter', 'severty_id > 3'], message: /did you mean severity_id\?/ },
    { args: ['tap', '--rate', '0'], message: /--rate must be a number above 0; got 0/ },
  ];
  await Promise.all(
    refusals.map(async ({ args, message }) => {
      const result = await weir.command(...args, ...flags);
      t.equal(result.code, 2, args.join(' '));
      t.match(result.stderr, message);
    }),
  );

  const query = await weir.command('query', ...flags, 'SELECT 1');
  t.match(query.stderr, /what runs on .* has no ClickHouse sink/);

  const top = await weir.command('top', ...flags, '--once', '--json');
  const view = JSON.parse(top.stdout);
  t.equal(view.state, 'running');
  const component = (id: string): Record<string, number> =>
    view.components.find((each: { id: string }) => each.id === id);
  t.ok((component('syslog_tcp').receivedPerSecond ?? 0) > 0);
  t.ok((component('syslog_tcp').latencyP50Seconds ?? 0) > 0);
  t.ok((component('noise').filteredEvents ?? 0) > 0);
  t.equal(
    component('noise').receivedEvents,
    (component('noise').sentEvents ?? 0) + (component('noise').filteredEvents ?? 0),
  );
  t.match(view.sinks, [{ id: 'hole', type: 'blackhole', state: 'ok', lostEvents: 0 }]);
  t.ok(view.spool.hoursLeft > 0);
  t.equal(view.tapCount, 0, 'taps ended with their readers');
  const text = (await weir.command('top', ...flags)).stdout;
  t.match(text, /^weir \S+ {2}running {2}up /);
  t.match(text, /^hole +blackhole +ok +[\d,.]+ /m);
  t.notOk(text.includes('\x1b'), 'no terminal, no colours');

  const formats = ['text', 'mermaid', 'dot', 'json'].map(async (format) => {
    const { stdout } = await weir.command('graph', ...flags, '--format', format);
    return stdout;
  });
  const [tree, mermaid, dot, json = ''] = await Promise.all(formats);
  t.match(tree, /^syslog {2}\(syslog\)\n {3}-> noise {2}\(filter\) {2}[\d,.]+\/s\n {6}-> hole/m);
  t.match(mermaid, /^flowchart LR\n/);
  t.match(dot, /^digraph weir \{\n/);
  const { edges } = JSON.parse(json);
  t.ok(edges.find((edge: { from: string }) => edge.from === 'syslog').eventsPerSecond > 0);

  stopSending();
  socket.end();
  await sleep(200);
  t.equal(await weir.stop(), 0);
  t.notOk(existsSync(controlSocket));
  const verified = await weir.command('verify', ...flags);
  t.equal(verified.code, 0, verified.stdout + verified.stderr);

  await Promise.all(
    ['tap', 'top', 'graph'].map(async (name) => {
      const result = await weir.command(name, ...flags);
      t.equal(result.code, 2, name);
      t.match(result.stderr, /nothing runs on .*; start one with weir run/);
    }),
  );
  const offline = await weir.command('graph', '--config', config);
  t.match(offline.stdout, /^syslog {2}\(syslog\)\n {3}-> noise {2}\(filter\)\n {6}-> hole/m);
});

/** Ten lines, the odd ones noise, twenty times a second. */
function keepSending(socket: Socket): () => void {
  socket.on('error', () => {});
  let seq = 0;
  const timer = setInterval(() => {
    let text = '';
    for (let i = 0; i < 10; i++) {
      text += `<13>app: seq ${seq % 10} ${i % 2 === 0 || i === 7 ? 'good' : 'noise'}\n`;
      seq++;
    }
    socket.write(text);
  }, 50);
  return () => clearInterval(timer);
}

// Scenario: a control socket is asked as the commands ask it, by readers that stay, leave and stop.
// Guarantees: it is for this user only; a stale socket is replaced and a stopped one gone; a path
// that is too long is replaced by a short one; taps end with their reader, and a reader that does
// not read holds nothing up and fills no memory.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LIMITS, WeirError } from '@weir/pipeline';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import t, { type Test } from 'tap';
import { viewOfGraph } from '../graph-view.js';
import { TapHub } from '../tap-hub.js';
import { TEST_GRAPH } from '../test-graph.js';
import { type ControlServer, startControl } from './server.js';
import { usableSocketPath } from './socket-path.js';
import type { StatusReport } from './status.js';

const STATUS = { version: '0', state: 'running' } as unknown as StatusReport;

async function startAt(path: string): Promise<{ server: ControlServer; hub: TapHub }> {
  const hub = new TapHub({
    graph: TEST_GRAPH,
    clock: nodeClock,
    checkCondition: (condition) => (condition.includes('((') ? 'expected ) at 1:3' : null),
  });
  const server = await startControl({
    path,
    status: () => STATUS,
    graph: () => viewOfGraph(TEST_GRAPH),
    taps: hub,
    metricsText: async () => '# HELP a b\n',
    requeuing: null,
  });
  return { server, hub };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask(socketPath: string, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method }, (reply) => {
      let text = '';
      reply.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
      reply.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Resolves when the tap is open; its first line is the first chunk. */
function openTap(
  socketPath: string,
  query: string,
): Promise<{ sent: ClientRequest; reply: IncomingMessage }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: `/tap?${query}` }, (reply) => {
      reply.on('error', () => {});
      resolve({ sent, reply });
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** The directories of tap have names that are too long for a socket. */
function shortDirectory(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'weir-test-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return directory;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nodeTimers.sleep(5);
}

t.test('its routes, its rights and its end', async (t) => {
  const path = join(shortDirectory(t), 'control.sock');
  writeFileSync(path, 'left from a process that is gone');
  const { server } = await startAt(path);
  t.equal(server.path, path);
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.same(JSON.parse((await ask(path, '/status')).text), STATUS);
  t.equal(JSON.parse((await ask(path, '/graph')).text).nodes.length, 6);
  t.equal((await ask(path, '/metrics')).text, '# HELP a b\n');
  t.equal((await ask(path, '/ingest', 'POST')).status, 404);
  await server.stop();
  t.notOk(existsSync(path));
});

t.test('taps that are refused', async (t) => {
  const path = join(shortDirectory(t), 'control.sock');
  const { server } = await startAt(path);
  const unknown = await ask(path, '/tap?component=spilt');
  t.equal(unknown.status, 404);
  t.equal(JSON.parse(unknown.text).message, 'no component spilt; did you mean split?');
  const condition = await ask(path, `/tap?condition=${encodeURIComponent('a ((')}`);
  t.equal(condition.status, 400);
  t.equal(JSON.parse(condition.text).message, 'expected ) at 1:3');
  for (const query of ['rate=0', 'rate=-1', 'rate=x', 'count=0', 'count=1.5', 'colour=red']) {
    t.equal((await ask(path, `/tap?${query}`)).status, 400, query);
  }
  await server.stop();
});

t.test('a tap ends with its count, and with its reader', async (t) => {
  const path = join(shortDirectory(t), 'control.sock');
  const { server, hub } = await startAt(path);
  const whole = ask(path, '/tap?component=noise&count=2');
  await until(() => hub.tapCount === 1);
  const [request] = hub.requests('clickhouse');
  hub.offer([{ id: request?.id ?? 0, lines: ['{"a":1}', '{"a":2}'], matchedEvents: 3 }]);
  const lines = (await whole).text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(lines[0], { tap: { component: 'noise', sink: 'clickhouse' } });
  t.same(lines.slice(1), [
    { event: { a: 1 } },
    { event: { a: 2 } },
    { end: { matched: 3, shown: 2, droppedByRate: 0, droppedByReader: 0 } },
  ]);
  const { sent } = await openTap(path, 'component=noise');
  t.equal(hub.tapCount, 1);
  sent.destroy();
  await until(() => hub.tapCount === 0);
  await server.stop();
});

t.test('a tap that is ended by name, and one that is open at the stop', async (t) => {
  const path = join(shortDirectory(t), 'control.sock');
  const { server, hub } = await startAt(path);
  const first = ask(path, '/tap');
  await until(() => hub.tapCount === 1);
  const id = hub.requests('clickhouse')[0]?.id;
  t.equal((await ask(path, `/tap/${id}`, 'DELETE')).status, 204);
  t.match((await first).text, /"end"/);
  t.equal((await ask(path, `/tap/${id}`, 'DELETE')).status, 404);
  const second = ask(path, '/tap');
  await until(() => hub.tapCount === 1);
  await server.stop();
  t.match((await second).text, /"end"/);
});

t.test('a reader that does not read', async (t) => {
  const path = join(shortDirectory(t), 'control.sock');
  const { server, hub } = await startAt(path);
  const { sent, reply } = await openTap(path, 'component=noise&rate=100000');
  reply.pause();
  const id = hub.requests('clickhouse')[0]?.id ?? 0;
  const line = JSON.stringify('x'.repeat(10_000));
  let offered = 0;
  for (; offered < 1_000; offered++) {
    hub.offer([{ id, lines: [line], matchedEvents: 1 }]);
    await turn();
  }
  sent.destroy();
  await until(() => hub.tapCount === 0);
  t.pass('10 MB were offered and nothing waited');
  await server.stop();
});

t.test('lines beyond the buffer are dropped and counted', async (t) => {
  const path = join(shortDirectory(t), 'control.sock');
  const { server, hub } = await startAt(path);
  const whole = ask(path, '/tap?component=noise&rate=100000');
  await until(() => hub.tapCount === 1);
  const id = hub.requests('clickhouse')[0]?.id ?? 0;
  // In one go: the socket gets no turn to take any.
  const line = JSON.stringify('x'.repeat(10_000));
  const lines = new Array<string>(500).fill(line);
  hub.offer([{ id, lines, matchedEvents: 500 }]);
  hub.end(id);
  const received = (await whole).text
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text));
  const { end } = received.at(-1);
  t.equal(end.shown, received.filter((each) => 'event' in each).length);
  t.equal(end.shown + end.droppedByReader, 500);
  // The socket takes some at once, up to what the kernel keeps for it.
  t.ok(end.shown * 10_000 <= 2 * LIMITS.tapBufferBytesMax, `${end.shown} of 500 lines`);
  t.ok(end.droppedByReader > 0);
  await server.stop();
});

t.test('a path that is too long for a socket', async (t) => {
  const directory = join(shortDirectory(t), 'd'.repeat(90));
  mkdirSync(directory);
  const path = join(directory, 'control.sock');
  const { server } = await startAt(path);
  t.not(server.path, path);
  t.equal(statSync(dirname(server.path)).mode & 0o777, 0o700);
  t.equal(usableSocketPath(path), server.path, 'the same one every time');
  t.match((await ask(server.path, '/status')).text, /running/);
  await server.stop();
  t.notOk(existsSync(dirname(server.path)));
  mkdirSync(dirname(server.path), { mode: 0o755 });
  t.throws(() => usableSocketPath(path), WeirError, 'a directory that others can enter');
  rmdirSync(dirname(server.path));
});

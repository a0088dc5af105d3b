// Scenario: runs against receivers in this process, some of which break connections or are
// overloaded. Guarantees: everything arrives; repeats carry the same key and the same bytes; breaks
// are told.
import { createSocket } from 'node:dgram';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import t, { type Test } from 'tap';
import type { Framing } from './generator.js';
import { createGenerator } from './generator.js';
import { parseRetryAfterMs } from './http.js';
import { type LoadPlan, type Protocol, parseTarget } from './plan.js';
import { runLoad } from './run.js';

function planFor(protocol: Protocol, port: number, more: Partial<LoadPlan> = {}): LoadPlan {
  const rfc = protocol === 'http' ? 'json' : '3164';
  return {
    protocol,
    target: { host: '127.0.0.1', port },
    generator: createGenerator({ profile: 'mixed', seed: 3, rfc, startMs: 1e12, runId: 'run' }),
    framing: 'newline',
    eventCount: 3_000,
    durationMs: null,
    lingerMs: 100,
    rate: 0,
    connectionCount: 1,
    timeoutMs: 20_000,
    keyPrefix: 'producer/1',
    ...more,
  };
}

const hooks = (notices: string[] = []) => ({
  signal: new AbortController().signal,
  notice: (text: string) => void notices.push(text),
});

function numbersIn(text: string): number[] {
  return [...text.matchAll(/seq=(\d{10}) run=run/g)].map((match) => Number(match[1]));
}
const countUp = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const unique = (numbers: readonly number[]): number[] =>
  [...new Set(numbers)].sort((left, right) => left - right);

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

for (const framing of ['newline', 'octet', 'nul'] as Framing[]) {
  t.test(`tcp, ${framing}, three connections`, async (t) => {
    const texts: string[] = [];
    const server = createTcpServer((socket) => {
      const index = texts.push('') - 1;
      socket.setEncoding('latin1');
      socket.on('data', (chunk: string) => {
        texts[index] += chunk;
      });
    });
    const port = await listen(server);
    t.teardown(() => server.close());
    const plan = planFor('tcp', port, { framing, connectionCount: 3 });
    const summary = await runLoad(plan, hooks());
    t.match(summary, { events: 3_000, failure: null, reconnects: 0, maybeLost: 0, maybeTwice: 0 });
    t.equal(texts.length, 3);
    t.equal(summary.bytes, texts.join('').length);
    t.strictSame(unique(texts.flatMap(numbersIn)), countUp(3_000));
  });
}

t.test('tcp: a receiver that breaks the first connections', async (t) => {
  const texts: string[] = [];
  let connections = 0;
  const server = createTcpServer((socket) => {
    const isBreaking = connections++ < 3;
    let text = '';
    let bytes = 0;
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('close', () => texts.push(text));
    socket.on('data', (chunk: string) => {
      text += chunk;
      bytes += chunk.length;
      if (isBreaking && bytes > 200_000) socket.resetAndDestroy();
    });
  });
  const port = await listen(server);
  t.teardown(() => server.close());
  const notices: string[] = [];
  const eventCount = 200_000;
  const summary = await runLoad(planFor('tcp', port, { eventCount }), hooks(notices));
  t.match(summary, { events: eventCount, failure: null, reconnects: 3 });
  t.equal(notices.filter((text) => text.startsWith('connection lost')).length, 3);
  const received = texts.flatMap(numbersIn);
  const arrived = unique(received);
  const missing = eventCount - arrived.length;
  const twice = received.length - arrived.length;
  t.ok(missing <= summary.maybeLost, `${missing} missing, at most ${summary.maybeLost} were told`);
  t.ok(twice <= summary.maybeTwice, `${twice} twice, at most ${summary.maybeTwice} were told`);
  t.equal(arrived.at(-1), eventCount - 1);
});

t.test('tcp: nobody listens', async (t) => {
  const server = createTcpServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  const summary = await runLoad(planFor('tcp', port, { timeoutMs: 200 }), hooks());
  const refused = /^cannot connect to 127.0.0.1:\d+: connection refused/;
  t.match(summary, { events: 0, failure: refused });
  const stopping = new AbortController();
  const stopped = await runLoad(planFor('tcp', port), {
    signal: stopping.signal,
    notice: (text) => t.match(text, /connection refused; trying again$/),
    trouble: (reason) => {
      t.match(reason, refused);
      stopping.abort();
    },
  });
  t.match(
    stopped.failure,
    /^stopped after 0 of \d+ events: cannot connect .*: connection refused$/,
  );
});

t.test('tcp: a receiver that stops reading', async (t) => {
  const server = createTcpServer((socket) => {
    socket.pause();
    socket.on('error', () => {});
    t.teardown(() => socket.destroy());
  });
  const port = await listen(server);
  t.teardown(() => server.close());
  const plan = planFor('tcp', port, { timeoutMs: 400, eventCount: 500_000 });
  const summary = await runLoad(plan, hooks());
  t.match(summary, { failure: /^the receiver takes nothing/ });
  t.ok(summary.events < 500_000);
});

t.test('tcp: an abort stops and is no success', async (t) => {
  const server = createTcpServer((socket) => socket.resume());
  const port = await listen(server);
  t.teardown(() => server.close());
  const controller = new AbortController();
  server.once('connection', () => controller.abort());
  const plan = planFor('tcp', port, { rate: 10, eventCount: 1_000_000 });
  const summary = await runLoad(plan, { signal: controller.signal });
  t.match(summary.failure, /^stopped after \d+ of 1000000 events$/);
});

t.test('tcp: time ends the run, and latency counts from the intended time', async (t) => {
  let isHeld = true;
  const server = createTcpServer((socket) => {
    socket.on('data', () => {
      if (!isHeld) return;
      isHeld = false;
      // The receiver stalls; what came due meanwhile is late from then on, though sent at once.
      socket.pause();
      setTimeout(() => socket.resume(), 400);
    });
  });
  const port = await listen(server);
  t.teardown(() => server.close());
  const more = { rate: 40_000, eventCount: 1e9, durationMs: 700 };
  const summary = await runLoad(planFor('tcp', port, more), hooks());
  t.match(summary, { events: 28_000, failure: null, latencyMs: { count: 28_000 } });
  const { p50, p99, max } = summary.latencyMs ?? { p50: 0, p99: 0, max: 0 };
  t.ok(p50 <= p99 && p99 <= max, `${p50} <= ${p99} <= ${max}`);
});

t.test('udp: one event a datagram', async (t) => {
  const socket = createSocket('udp4');
  const received: string[] = [];
  const plan = planFor('udp', 0, { rate: 4_000, eventCount: 400, connectionCount: 2 });
  const all = new Promise<void>((resolve) => {
    socket.on('message', (message) => {
      if (received.push(message.toString('latin1')) === plan.eventCount) resolve();
    });
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  const target = { host: '127.0.0.1', port: socket.address().port };
  const summary = await runLoad({ ...plan, target }, hooks());
  await all;
  t.match(summary, { events: 400, failure: null });
  t.ok(received.every((text) => numbersIn(text).length === 1 && !text.includes('\n')));
  t.strictSame(unique(received.flatMap(numbersIn)), countUp(400));
});

t.test('udp: nobody listens', async (t) => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  const notices: string[] = [];
  const plan = planFor('udp', port, { timeoutMs: 300, eventCount: 5_000 });
  const summary = await runLoad(plan, hooks(notices));
  t.match(summary.failure, /takes no datagrams/);
  t.match(notices[0], /trying again/);
});

interface Request {
  readonly key: string;
  readonly body: string;
}

async function serveHttp(
  t: Test,
  answer: (request: Request, count: number, response: ServerResponse) => void,
): Promise<{ port: number; requests: Request[] }> {
  const requests: Request[] = [];
  const server = createServer(async (message: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const key = String(message.headers['idempotency-key']);
    const request = { key, body: Buffer.concat(chunks).toString('latin1') };
    answer(request, requests.push(request), response);
  });
  const port = await listen(server);
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port, requests };
}

const accept = (request: Request, response: ServerResponse): void => {
  const accepted = request.body.split('\n').length - 1;
  response.end(JSON.stringify({ accepted, suspect: [] }));
};

t.test('http: overload and broken connections are repeated with the same key', async (t) => {
  const { port, requests } = await serveHttp(t, (request, count, response) => {
    if (count === 2) response.writeHead(503, { 'retry-after': '0' }).end();
    else if (count === 3) response.writeHead(429, { 'retry-after': '0' }).end();
    else if (count === 4) response.socket?.destroy();
    else accept(request, response);
  });
  const summary = await runLoad(planFor('http', port, { eventCount: 1_700 }), hooks());
  t.match(summary, { events: 1_700, failure: null, retries: 3, reconnects: 1 });
  const keys = requests.map((request) => request.key);
  const [first, second, third, fourth] = [0, 500, 1000, 1500].map((seq) => `producer/1/${seq}`);
  t.strictSame(keys, [first, second, second, second, second, third, fourth]);
  t.equal(new Set(requests.slice(1, 5).map((request) => request.body)).size, 1);
  const bodies = new Map(requests.map((request) => [request.key, request.body]));
  t.strictSame(unique(numbersIn([...bodies.values()].join(''))), countUp(1_700));
});

t.test('http: a stall of the receiver shows in the latency of all that came due', async (t) => {
  const { port } = await serveHttp(t, (request, count, response) => {
    setTimeout(() => accept(request, response), count === 1 ? 300 : 0);
  });
  const more = { eventCount: 100, rate: 1_000, lingerMs: 1 };
  const { latencyMs, events } = await runLoad(planFor('http', port, more), hooks());
  t.equal(events, 100);
  t.equal(latencyMs?.count, 100);
  // With latencies from the time of sending, all but the first would look fast.
  t.ok((latencyMs?.p50 ?? 0) > 150, `median ${latencyMs?.p50} ms`);
});

t.test('http: what a repeat cannot help ends the run', async (t) => {
  const { port } = await serveHttp(t, (_request, _count, response) =>
    response.writeHead(422).end('another body under this key'),
  );
  const summary = await runLoad(planFor('http', port), hooks());
  t.match(summary, { events: 0, failure: /answered 422: another body under this key/ });
});

t.test('http: fewer accepted than sent is a failure', async (t) => {
  const { port } = await serveHttp(t, (_request, _count, response) =>
    response.end('{"accepted":499,"suspect":[]}'),
  );
  const summary = await runLoad(planFor('http', port), hooks());
  t.match(summary, { failure: /499 of 500 events were accepted/ });
});

t.test('Retry-After', async (t) => {
  t.equal(parseRetryAfterMs('3'), 3_000);
  t.equal(parseRetryAfterMs('86400'), 30_000, 'bounded');
  t.equal(parseRetryAfterMs(''), null);
  const nowMs = (): number => Date.UTC(2026, 0, 1);
  t.equal(parseRetryAfterMs('Thu, 01 Jan 2026 00:00:02 GMT', nowMs), 2_000);
});

t.test('targets', async (t) => {
  t.strictSame(parseTarget('[::1]:5514'), { host: '::1', port: 5514 });
  t.strictSame(parseTarget('collector.example:1'), { host: 'collector.example', port: 1 });
  for (const bad of [
    '',
    'host',
    'host:',
    ':1',
    'host:0',
    'host:65536',
    '::1:5514',
    'a b:1',
    '[]:1',
  ])
    t.equal(parseTarget(bad), null, bad);
});

// Scenario: an http sink sends to a real server that answers, fails, hangs, lies and goes away.
// Guarantees: only 2xx is delivered; only answers about the rows reject them; everything else keeps
// them. Bodies decode to the rows that were given. Answers are read only up to a limit.
import { createServer } from 'node:net';
import type { SinkOutcome } from '@weir/pipeline';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import { ndjsonPayload, type SinkUnderTest, testSink } from '@weir/pipeline/testing';
import t, { type Test } from 'tap';
import { createHttpSink, type HttpSink, type HttpSinkOptions } from './index.js';
import { retryAfterMs } from './judge.js';
import { type Answer, Receiver, rowsOf } from './testing/receiver.js';

const deps = { clock: nodeClock, timers: nodeTimers, env: {} };
const never = (): AbortSignal => new AbortController().signal;
const ROWS = ['{"a":1}', '{"b":"x\\n,y"}', '{"c":"\u00e9\u2028"}'];

async function rig(t: Test, options: Partial<HttpSinkOptions> = {}) {
  const receiver = new Receiver();
  await receiver.start();
  const url = `http://127.0.0.1:${receiver.port}/in?x=1`;
  const sink = createHttpSink({ url, ...options }, deps);
  t.teardown(async () => {
    await sink.close();
    await receiver.stop();
  });
  await sink.open(never());
  return { receiver, sink };
}

const send = (sink: HttpSink, rows = ROWS): Promise<SinkOutcome> =>
  sink.write(ndjsonPayload(rows), never());

async function underTest(options: Partial<HttpSinkOptions>): Promise<SinkUnderTest> {
  const receiver = new Receiver();
  await receiver.start();
  const taken: string[] = [];
  const take: Answer = (request, response) => {
    taken.push(...rowsOf(request));
    response.writeHead(204).end();
  };
  receiver.answer = take;
  const url = `http://127.0.0.1:${receiver.port}/`;
  return {
    sink: createHttpSink({ url, ...options }, deps),
    received: () => taken,
    breakDown: () => receiver.stop(),
    hang: () => {
      receiver.answer = () => undefined;
    },
    heal: async () => {
      receiver.answer = take;
      await receiver.stop();
      await receiver.start();
    },
    refuse: (bad) => {
      receiver.answer = (request, response) => {
        if (rowsOf(request).includes(bad)) response.writeHead(422).end('bad row');
        else take(request, response);
      };
    },
    dispose: () => receiver.stop(),
  };
}

for (const format of ['ndjson', 'json_array'] as const)
  for (const compression of ['none', 'gzip', 'zstd'] as const)
    t.test(`conformance: ${format}, ${compression}`, async (t) => {
      testSink(t, { create: () => underTest({ format, compression }) });
    });

t.test('what each status means', async (t) => {
  const { receiver, sink } = await rig(t);
  const expected: Readonly<Record<SinkOutcome['kind'], readonly number[]>> = {
    delivered: [200, 201, 202, 204, 299],
    rejected: [400, 413, 422],
    retry: [
      ...[301, 302, 307, 308, 401, 402, 403, 404, 405, 406, 408, 409, 410, 415, 418, 425],
      ...[429, 431, 451, 500, 501, 502, 503, 504, 507, 599],
    ],
  };
  for (const [kind, statuses] of Object.entries(expected)) {
    for (const status of statuses) {
      receiver.answer = (_, response) =>
        response.writeHead(status, { location: '/elsewhere' }).end('because\nof this');
      const outcome = await send(sink);
      t.equal(outcome.kind, kind, `${status} is ${kind}`);
      if (outcome.kind === 'rejected') t.ok(outcome.isWhole && outcome.rows.length === 0, 'whole');
      if (outcome.kind === 'delivered') continue;
      t.match(outcome.failure, { code: 'WEIR_SINK_REJECTED', details: { status } });
      if (status >= 400) t.match(outcome.failure.message, `HTTP ${status}: because of this`);
    }
  }
  t.ok(
    receiver.requests.every((request) => request.url === '/in?x=1'),
    'no redirect was followed',
  );
});

t.test('errors of configuration are loud and say where to look', async (t) => {
  const { receiver, sink } = await rig(t);
  for (const [status, words] of [
    [401, /headers of this sink.*nothing is lost/],
    [404, /url of this sink.*nothing is lost/],
    [302, /redirects to \/elsewhere.*not followed.*nothing is lost/],
  ] as const) {
    receiver.answer = (_, response) => response.writeHead(status, { location: '/elsewhere' }).end();
    const outcome = await send(sink);
    t.match(outcome.kind === 'retry' && outcome.failure.message, words);
    t.notMatch(outcome.kind === 'retry' && outcome.failure.message, 'x=1', 'no query in a message');
  }
});

t.test('a redirect is told without what may be a secret', async (t) => {
  const { receiver, sink } = await rig(t);
  for (const [location, words] of [
    [
      'https://me:s3cret@192.0.2.7:8443/login?token=s3cret#s3cret',
      'to https://192.0.2.7:8443/login (HTTP',
    ],
    ['/login?token=s3cret', 'to /login (HTTP'],
    ['?token=s3cret', 'to / (HTTP'],
    ['//192.0.2.7/x?s3cret', 'to http://192.0.2.7/x (HTTP'],
    ['http://s3cret:[', 'to elsewhere (HTTP'],
    [`/${'x'.repeat(5_000)}`, `to /${'x'.repeat(299)} (HTTP`],
  ] as const) {
    receiver.answer = (_, response) => response.writeHead(302, { location }).end();
    const outcome = await send(sink);
    const message = outcome.kind === 'retry' ? outcome.failure.message : '';
    t.ok(message.includes(words), message);
    t.notMatch(message, 's3cret');
  }
});

t.test('Retry-After is honoured, as seconds and as a date', async (t) => {
  const { receiver, sink } = await rig(t);
  const afterMs = async (status: number, value: string): Promise<number | null> => {
    receiver.answer = (_, response) => response.writeHead(status, { 'retry-after': value }).end();
    const outcome = await send(sink);
    return outcome.kind === 'retry' ? outcome.afterMs : -1;
  };
  t.equal(await afterMs(429, '7'), 7_000);
  t.equal(await afterMs(503, '0'), 0);
  t.equal(await afterMs(503, 'soon'), null, 'what is neither is left to the runtime');
  t.equal(await afterMs(503, '99999999'), 3_600_000, 'never longer than an hour');
  const nowMs = Date.UTC(2026, 2, 1, 12, 0, 0);
  t.equal(retryAfterMs('Sun, 01 Mar 2026 12:00:30 GMT', nowMs), 30_000);
  t.equal(retryAfterMs('Sun, 01 Mar 2026 11:00:00 GMT', nowMs), 0, 'a date in the past is now');
  t.equal(retryAfterMs(undefined, nowMs), null);
});

t.test('requests: headers, encoding, name of the batch, body', async (t) => {
  const row = { tenant_id: 'acme', stream: 'node/syslog/0', epoch: '4294967297', seq: 12 };
  const rows = [JSON.stringify(row), ...ROWS];
  const { receiver, sink } = await rig(t, {
    headers: { Authorization: 'Bearer secret', 'X-Source': 'weir', 'content-encoding': 'br' },
    format: 'json_array',
    compression: 'zstd',
  });
  t.equal((await send(sink, rows)).kind, 'delivered');
  const [request] = receiver.requests;
  t.match(request, {
    method: 'POST',
    url: '/in?x=1',
    headers: {
      authorization: 'Bearer secret',
      'x-source': 'weir',
      'content-type': 'application/json',
      'content-encoding': 'zstd',
      'weir-batch-id': 'acme/node%2Fsyslog%2F0/4294967297/12+4',
    },
  });
  t.same(
    JSON.parse(request?.text ?? ''),
    rows.map((text) => JSON.parse(text) as unknown),
  );
  t.equal((await sink.write({ blocks: [], rowCount: 0, byteCount: 0 }, never())).kind, 'delivered');
  t.equal(receiver.requests[1]?.text, '[]', 'no rows are an empty array');
});

t.test('user and password of the url are a header', async (t) => {
  const receiver = new Receiver();
  await receiver.start();
  t.teardown(() => receiver.stop());
  const url = `http://us%65r:p%3Aw@127.0.0.1:${receiver.port}/`;
  const sink = createHttpSink({ url, batchIdHeader: null }, deps);
  t.teardown(() => sink.close());
  t.equal((await send(sink)).kind, 'delivered', 'a write opens what was not opened');
  const headers = receiver.requests[0]?.headers;
  t.equal(headers?.authorization, `Basic ${Buffer.from('user:p:w').toString('base64')}`);
  t.equal(headers?.['weir-batch-id'], undefined);
});

t.test('urls and headers that cannot be are refused at once, without their values', async (t) => {
  const config = { code: 'WEIR_CONFIG_INVALID' };
  for (const url of ['', 'logs.example', 'ftp://logs.example/'])
    t.throws(() => createHttpSink({ url }, deps), config);
  const url = 'http://127.0.0.1/';
  for (const headers of [{ 'a b': 'x' }, { a: 'sec\nret' }] as Record<string, string>[]) {
    const make = (): unknown => createHttpSink({ url, headers }, deps);
    t.throws(make, config);
    t.throws(make, { message: /^(?!.*sec).*$/s });
  }
  const sink = createHttpSink({ url, tlsCaFile: '/nowhere/ca.pem' }, deps);
  await t.rejects(sink.open(never()), config);
});

t.test('a server that does not answer in time', async (t) => {
  const { receiver, sink } = await rig(t, { timeoutMs: 100 });
  receiver.answer = () => undefined;
  const outcome = await send(sink);
  t.match(outcome, { kind: 'retry', failure: { code: 'WEIR_SINK_UNREACHABLE' } });
  t.match(outcome.kind === 'retry' && outcome.failure.message, 'no answer within 100 ms');
  receiver.answer = (_, response) => response.writeHead(200).end();
  t.equal((await send(sink)).kind, 'delivered', 'the next request is not disturbed');
});

t.test('a server that drips its answer', async (t) => {
  const { receiver, sink } = await rig(t, { timeoutMs: 150 });
  const drip: Answer = (_, response) => {
    const timer = setInterval(() => response.write('x'), 10);
    response.on('close', () => clearInterval(timer));
  };
  receiver.answer = (request, response) => drip(request, response.writeHead(200));
  t.equal((await send(sink)).kind, 'delivered', 'it said 200 before');
  receiver.answer = (request, response) => drip(request, response.writeHead(500));
  t.match(await send(sink), { kind: 'retry', failure: { details: { status: 500 } } });
});

t.test('answers without end are not read to their end', async (t) => {
  const { receiver, sink } = await rig(t);
  let sentBytes = 0;
  const flood: Answer = (_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('y'.repeat(16_384))) sentBytes += 16_384;
    };
    response.on('drain', more);
    more();
  };
  for (const [status, kind] of [
    [200, 'delivered'],
    [500, 'retry'],
  ] as const) {
    sentBytes = 0;
    receiver.answer = (request, response) => flood(request, response.writeHead(status));
    const outcome = await send(sink);
    t.equal(outcome.kind, kind);
    if (outcome.kind === 'retry') t.ok(outcome.failure.message.length < 1_000, 'a short sentence');
    t.ok(sentBytes < 64 * 1024 * 1024, `${sentBytes} bytes were sent`);
  }
});

t.test('connections that end in the middle', async (t) => {
  let reply = '';
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => (reply === '' ? socket.destroy() : socket.end(reply)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const sink = createHttpSink({ url: `http://127.0.0.1:${port}/` }, deps);
  t.teardown(async () => {
    await sink.close();
    server.close();
  });
  for (const [text, kind] of [
    ['', 'retry'],
    ['HTTP/1.1 200 OK\r\nContent-Le', 'retry'],
    ['no HTTP at all\r\n\r\n', 'retry'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this', 'delivered'],
    ['HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nonly this', 'retry'],
  ] as const) {
    reply = text;
    t.equal((await send(sink)).kind, kind, JSON.stringify(text.slice(0, 30)));
  }
  server.close();
});

t.test('a server that refuses a large body before it has read it', async (t) => {
  const { receiver, sink } = await rig(t);
  const rows = Array.from({ length: 2_000 }, (_, row) =>
    JSON.stringify({ row, x: 'y'.repeat(999) }),
  );
  receiver.answer = (_, response) => response.writeHead(413, { connection: 'close' }).end('big');
  const outcome = await send(sink, rows);
  t.equal(outcome.kind, 'rejected', 'the runtime halves it');
});

t.test('writes at once', async (t) => {
  const { receiver, sink } = await rig(t, { connectionsMax: 3 });
  t.equal(sink.writesInFlightMax, 3);
  const waiting: (() => void)[] = [];
  receiver.answer = (_, response) => {
    waiting.push(() => response.writeHead(200).end());
    if (waiting.length === 3) for (const go of waiting) go();
  };
  const outcomes = await Promise.all([1, 2, 3].map((n) => send(sink, [`{"n":${n}}`])));
  t.same(
    outcomes.map((outcome) => outcome.kind),
    ['delivered', 'delivered', 'delivered'],
  );
});

t.test('a server that answers before it has read the body holds the memory', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    // Once: what does not fit into the buffers of both kernels stays with the sink.
    socket.once('data', () => {
      socket.pause();
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
    t.teardown(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const sink = createHttpSink({ url: `http://127.0.0.1:${port}/` }, deps);
  t.teardown(async () => {
    await sink.close();
    server.close();
  });
  await sink.open(never());
  const outcome = await send(sink, [`{"text":"${'x'.repeat(32 * 1024 * 1024)}"}`]);
  t.equal(outcome.kind, 'delivered', 'whoever says 2xx has taken the rows');
  t.equal(sink.mayHoldPayload?.(), true);
  t.equal((await rig(t)).sink.mayHoldPayload?.(), false, 'and one that was never used holds none');
});

// Scenario: an elasticsearch sink against a real HTTP server that answers for each document, is
//   busy for some, refuses others, cuts connections after it stored, and lies.
// Guarantees: what comes again is stored once; only what was not taken is sent again; a mapping
//   error names its event and holds up no other; credentials are sent and never printed.
import type { SinkOutcome } from '@weir/pipeline';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import { joinPayloads, ndjsonPayload, type SinkUnderTest, testSink } from '@weir/pipeline/testing';
import t, { type Test } from 'tap';
import {
  createElasticsearchSink,
  type ElasticsearchSink,
  type ElasticsearchSinkOptions,
} from './index.js';
import { BulkServer } from './testing/bulk-server.js';

const deps = { clock: nodeClock, timers: nodeTimers, env: {} };
const never = (): AbortSignal => new AbortController().signal;
const line = (id: string, document: string): string =>
  `[{"create":{"_index":"weir-2026.03.01","_id":"${id}"}},${document}]`;
const payloadOf = (ids: readonly string[]) =>
  ndjsonPayload(ids.map((id) => line(id, JSON.stringify({ id, text: 'a}},{"b' }))));
const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `x-${i}`);

async function rig(t: Test, options: Partial<ElasticsearchSinkOptions> = {}) {
  const server = await new BulkServer().start();
  const sink = createElasticsearchSink({ url: server.url, ...options }, deps);
  t.teardown(async () => {
    await sink.close();
    await server.stop();
  });
  return { server, sink };
}

const send = (sink: ElasticsearchSink, names: readonly string[]): Promise<SinkOutcome> =>
  sink.write(payloadOf(names), never());
const storedIds = (server: BulkServer): string[] => server.stored.map(({ id }) => id);

async function underTest(options: Partial<ElasticsearchSinkOptions>): Promise<SinkUnderTest> {
  const server = await new BulkServer().start();
  return {
    sink: createElasticsearchSink({ url: server.url, ...options }, deps),
    received: () => server.stored.map(({ text }) => text),
    breakDown: () => server.stop(),
    hang: () => {
      server.fault = () => true;
    },
    heal: async () => {
      server.fault = null;
      await server.stop();
      await server.start();
    },
    refuse: (bad) => {
      server.judge = ({ text }) =>
        text === bad ? { status: 400, type: 'mapper_parsing_exception', reason: 'no' } : null;
    },
    dispose: () => server.stop(),
  };
}

for (const compression of ['none', 'gzip'] as const)
  t.test(`conformance, ${compression}`, async (t) => {
    testSink(t, {
      create: () => underTest({ compression }),
      payloadOf: (rows) =>
        ndjsonPayload(rows.map((row) => line(Buffer.from(row).toString('base64url'), row))),
    });
  });

t.test('a request', async (t) => {
  const { server, sink } = await rig(t, { apiKey: 'S3CRET==', pipeline: 'geo' });
  server.authorization = 'ApiKey S3CRET==';
  t.same(await send(sink, ids(3)), { kind: 'delivered' });
  t.same(server.stored[1], {
    index: 'weir-2026.03.01',
    id: 'x-1',
    text: '{"id":"x-1","text":"a}},{\\"b"}',
  });
  const url = new URL(server.requests[0]?.url ?? '', server.url);
  t.equal(url.pathname, '/_bulk');
  t.equal(url.searchParams.get('pipeline'), 'geo');
  t.match(url.searchParams.get('filter_path'), /items\.\*\.status/);
  t.match(server.headers[0], {
    'content-type': 'application/x-ndjson',
    'content-encoding': 'gzip',
  });
  server.authorization = 'ApiKey other';
  const denied = await send(sink, ids(1));
  t.match(denied, { kind: 'retry', failure: { details: { status: 401 } } });
  t.notMatch(JSON.stringify(denied), 'S3CRET');
});

t.test('user and password of the address, a path prefix', async (t) => {
  const server = await new BulkServer().start();
  server.authorization = `Basic ${Buffer.from('us:p w').toString('base64')}`;
  const url = server.url.replace('//', '//us:p%20w@');
  const sink = createElasticsearchSink({ url: `${url}/es/` }, deps);
  t.teardown(async () => {
    await sink.close();
    await server.stop();
  });
  t.equal((await send(sink, ids(1))).kind, 'delivered');
  t.match(server.requests[0]?.url, /^\/es\/_bulk\?/);
  server.fault = (_, response) => {
    response.writeHead(503).end('busy');
    return true;
  };
  t.notMatch(JSON.stringify(await send(sink, ids(1))), /p%20w|p w/);
});

t.test('what comes again is stored once', async (t) => {
  const { server, sink } = await rig(t);
  server.fault = (request, _, handle) => {
    handle();
    request.socket.destroy();
    return true;
  };
  const cut = await send(sink, ids(20));
  t.match(cut, { kind: 'retry', failure: { code: 'WEIR_SINK_UNREACHABLE' } });
  server.fault = null;
  t.same(await send(sink, ids(25)), { kind: 'delivered' }, '409 is as good as 201');
  t.same(storedIds(server), ids(25));
});

t.test('only what was not taken is sent again', async (t) => {
  const { server, sink } = await rig(t);
  const busy = new Set(['x-1', 'x-4', 'x-5']);
  server.judge = ({ id }) =>
    busy.has(id) ? { status: 429, type: 'es_rejected_execution_exception', reason: 'full' } : null;
  const payload = joinPayloads([payloadOf(ids(3)), payloadOf(ids(8).slice(3))]);
  const first = await sink.write(payload, never());
  t.match(first, {
    kind: 'retry',
    failure: { message: /did not take 3 of 8 events yet \(HTTP 429: es_rejected.*: full\)/ },
  });
  busy.delete('x-4');
  t.match(await sink.write(payload, never()), { kind: 'retry' });
  busy.clear();
  t.same(await sink.write(payload, never()), { kind: 'delivered' });
  t.same(
    server.requests.map(({ count }) => count),
    [8, 3, 2],
  );
  t.same(storedIds(server).sort(), ids(8));
  t.same(await sink.write(payload, never()), { kind: 'delivered' }, 'it remembers');
});

t.test('mapping errors beside busy shards', async (t) => {
  const { server, sink } = await rig(t);
  let isBusy = true;
  server.judge = ({ id }) => {
    if (id === 'x-2')
      return { status: 400, type: 'document_parsing_exception', reason: 'field [a] of [long]' };
    return id === 'x-3' && isBusy ? { status: 503, type: 'unavailable', reason: 'shard' } : null;
  };
  const payload = payloadOf(ids(5));
  t.match(await sink.write(payload, never()), { kind: 'retry' });
  isBusy = false;
  const outcome = await sink.write(payload, never());
  t.match(outcome, {
    kind: 'rejected',
    isWhole: false,
    rowFailures: [{ message: /HTTP 400: document_parsing_exception: field \[a\] of \[long\]/ }],
  });
  t.same(outcome.kind === 'rejected' && [...outcome.rows], [2]);
  t.same(storedIds(server).sort(), ['x-0', 'x-1', 'x-3', 'x-4']);
});

t.test('an index that takes no writes keeps the events here', async (t) => {
  const { server, sink } = await rig(t);
  for (const [status, type] of [
    [403, 'cluster_block_exception'],
    [404, 'index_not_found_exception'],
    [500, 'illegal_state_exception'],
  ] as const) {
    server.judge = () => ({ status, type, reason: 'no' });
    t.match(await send(sink, ids(2)), { kind: 'retry', failure: { details: { status } } });
  }
  t.same(server.stored, []);
});

t.test('answers to the whole request', async (t) => {
  const { server, sink } = await rig(t);
  const cases: [number, string, RegExp, object][] = [
    [429, '{"error":{"type":"circuit_breaking_exception","reason":"memory"}}', /memory/, R(4_000)],
    [503, 'busy', /busy or failing/, R(4_000)],
    [404, '', /no bulk API/, R(4_000)],
    [403, '', /rights of the user/, R(4_000)],
    [302, '', /redirects/, R(4_000)],
    [200, '<html>', /no answer to a bulk request/, R(4_000)],
    [200, '{"errors":false,"items":[{"create":{"status":201}}]}', /no answer/, R(4_000)],
    [200, '{"items":[{"index":{"status":201}},{}]}', /no answer/, R(4_000)],
    [400, '{"error":{"type":"illegal_argument_exception"}}', /illegal_argument/, WHOLE],
    [413, '', /too large/, WHOLE],
  ];
  for (const [status, text, said, wanted] of cases) {
    server.fault = (_, response) => {
      response.writeHead(status, { 'retry-after': '4' }).end(text);
      return true;
    };
    const outcome = await send(sink, ids(2));
    t.match(outcome, wanted, `${status} ${text}`);
    t.match(outcome.kind !== 'delivered' && outcome.failure.message, said);
  }
});

const R = (afterMs: number) => ({ kind: 'retry', afterMs });
const WHOLE = { kind: 'rejected', isWhole: true };

t.test('an answer that is cut, or does not come', async (t) => {
  const { server, sink } = await rig(t, { timeoutMs: 150 });
  server.fault = (_, response, handle) => {
    const text = handle();
    response.writeHead(200, { 'content-length': String(text.length) });
    response.write(text.slice(0, text.length / 2));
    setTimeout(() => response.destroy(), 5);
    return true;
  };
  t.match(await send(sink, ids(4)), { kind: 'retry' }, 'half an answer is none');
  server.fault = () => true;
  t.match(await send(sink, ids(4)), { kind: 'retry', failure: { message: /within 150 ms/ } });
  server.fault = null;
  t.equal((await send(sink, ids(4))).kind, 'delivered');
  t.same(storedIds(server), ids(4), 'once');
});

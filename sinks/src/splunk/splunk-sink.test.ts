// Scenario: a splunk_hec sink against a real HTTP server that behaves as Splunk documents: bad
//   events in a batch, codes, busy servers, cut connections, acknowledgements that come late,
//   never, or from a server that was started again.
// Guarantees: one bad event is told by its row and all others arrive; what is the token's fault
//   waits; with acknowledgement nothing is delivered before it is indexed; no secret is printed.
import { type SinkOutcome, toFailure } from '@weir/pipeline';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import { ndjsonPayload, type SinkUnderTest, testSink } from '@weir/pipeline/testing';
import t, { type Test } from 'tap';
import { createSplunkSink, type SplunkSink, type SplunkSinkOptions } from './index.js';
import { judgeHec } from './judge.js';
import { HecServer, reply } from './testing/hec-server.js';

const deps = { clock: nodeClock, timers: nodeTimers, env: {} };
const never = (): AbortSignal => new AbortController().signal;
const rowOf = (i: number): string => JSON.stringify({ event: `event ${i}`, fields: {} });
const rowsOf = (count: number): string[] => Array.from({ length: count }, (_, i) => rowOf(i));

async function rig(t: Test, options: Partial<SplunkSinkOptions> = {}, hasAcks = false) {
  const server = await new HecServer().start();
  server.hasAcks = hasAcks;
  const sink = createSplunkSink(
    { url: server.url, token: server.token, ackPollMs: 5, ...options },
    deps,
  );
  t.teardown(async () => {
    await sink.close();
    await server.stop();
  });
  return { server, sink };
}

const send = (sink: SplunkSink, rows: readonly string[]): Promise<SinkOutcome> =>
  sink.write(ndjsonPayload(rows), never());

async function underTest(options: Partial<SplunkSinkOptions>): Promise<SinkUnderTest> {
  const server = await new HecServer().start();
  server.hasAcks = options.acknowledge === true;
  return {
    sink: createSplunkSink(
      { url: server.url, token: server.token, ackPollMs: 5, ...options },
      deps,
    ),
    received: () => server.taken.map((text) => JSON.stringify(JSON.parse(text).event)),
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
      server.isBad = (text) => (JSON.stringify(JSON.parse(text).event) === bad ? 6 : 0);
    },
    dispose: () => server.stop(),
  };
}

const payloadOf = (rows: readonly string[]) =>
  ndjsonPayload(rows.map((row) => `{"event":${row},"fields":{}}`));
for (const acknowledge of [false, true])
  t.test(`conformance, acknowledge: ${acknowledge}`, async (t) => {
    testSink(t, { create: () => underTest({ acknowledge }), payloadOf });
  });

t.test('a request', async (t) => {
  const { server, sink } = await rig(t, { headers: { 'X-Team': 'blue' } });
  t.same(await send(sink, rowsOf(3)), { kind: 'delivered' });
  t.same(server.taken, rowsOf(3));
  t.match(server.headers[0], {
    authorization: `Splunk ${server.token}`,
    'content-encoding': 'gzip',
    'content-type': 'application/json',
    'x-team': 'blue',
  });
  const prefixed = createSplunkSink(
    { url: `${server.url}/services/collector/event/`, token: server.token, compression: 'none' },
    deps,
  );
  t.teardown(() => prefixed.close());
  t.equal((await send(prefixed, rowsOf(1))).kind, 'delivered', 'the path stands there once');
  t.equal(server.headers[1]?.['content-encoding'], undefined);
});

t.test('bad events are told by their rows, and all others arrive once', async (t) => {
  for (const code of [6, 12, 13, 15]) {
    const { server, sink } = await rig(t);
    const bad = [0, 3, 4, 9].map(rowOf);
    server.isBad = (text) => (bad.includes(text) ? code : 0);
    const outcome = await send(sink, rowsOf(10));
    t.match(outcome, {
      kind: 'rejected',
      isWhole: false,
      failure: { details: { hec_code: code } },
    });
    t.same(outcome.kind === 'rejected' && [...outcome.rows], [0, 3, 4, 9]);
    t.equal(outcome.kind === 'rejected' && outcome.rowFailures?.length, 4);
    t.same(
      server.taken,
      rowsOf(10).filter((row) => !bad.includes(row)),
    );
  }
});

t.test('a body that nobody says more of is refused whole', async (t) => {
  const { server, sink } = await rig(t);
  const answers: [number, string][] = [
    [413, 'too large'],
    [400, 'Bad Request'],
    [400, '{"text":"Invalid data format","code":6}'],
    [400, '{"text":"Invalid data format","code":6,"invalid-event-number":99}'],
  ];
  for (const [status, text] of answers) {
    server.fault = (_, response) => {
      response.writeHead(status).end(text);
      return true;
    };
    t.match(await send(sink, rowsOf(2)), { kind: 'rejected', isWhole: true }, text);
  }
});

t.test('what is not the fault of events waits', async (t) => {
  const { server, sink } = await rig(t);
  for (const code of [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 14, 16, 23]) {
    server.fault = (_, response) => {
      reply(response, code, {}, { 'retry-after': '7' });
      return true;
    };
    const outcome = await send(sink, rowsOf(2));
    t.match(outcome, { kind: 'retry', afterMs: 7_000, failure: { details: { hec_code: code } } });
    t.notMatch(JSON.stringify(outcome), server.token, 'no token is printed');
  }
  server.fault = null;
  t.same(server.taken, []);
  server.indexes = ['main'];
  const indexed = await send(sink, ['{"event":"x","index":"secret"}']);
  t.match(indexed, { kind: 'retry', failure: { message: /may not write to the index/ } });
});

t.test('an answer that is none of a collector', async (t) => {
  const { server, sink } = await rig(t);
  for (const [status, text, said] of [
    [200, '<html>welcome</html>', /no answer of an event collector/],
    [200, '{"text":"?","code":24}', /no answer of an event collector/],
    [404, '', /no event collector at this url/],
    [302, '', /redirects/],
    [429, '', /busy/],
  ] as const) {
    server.fault = (_, response) => {
      response.writeHead(status).end(text);
      return true;
    };
    const outcome = await send(sink, rowsOf(1));
    t.match(outcome, { kind: 'retry' });
    t.match(outcome.kind === 'retry' && outcome.failure.message, said);
  }
});

t.test('a connection that is cut before the answer', async (t) => {
  const { server, sink } = await rig(t);
  server.fault = (request) => {
    request.socket.destroy();
    return true;
  };
  t.match(await send(sink, rowsOf(2)), {
    kind: 'retry',
    failure: { code: 'WEIR_SINK_UNREACHABLE' },
  });
  server.fault = null;
  t.equal((await send(sink, rowsOf(2))).kind, 'delivered');
});

t.test('acknowledged only when indexed', async (t) => {
  const { server, sink } = await rig(t, { acknowledge: true }, true);
  server.isIndexing = false;
  let isDelivered = false;
  const writing = send(sink, rowsOf(3)).then((outcome) => {
    isDelivered = true;
    return outcome;
  });
  while (server.asked.length < 5) await nodeTimers.sleep(5);
  t.equal(server.taken.length, 3);
  t.equal(isDelivered, false, 'taken, and not indexed');
  server.isIndexing = true;
  t.equal((await writing).kind, 'delivered');
  const many = await Promise.all(Array.from({ length: 12 }, () => send(sink, rowsOf(1))));
  t.ok(many.every(({ kind }) => kind === 'delivered'));
  t.equal(server.channels.size, 1);
});

t.test('an acknowledgement that does not come', async (t) => {
  const { server, sink } = await rig(t, { acknowledge: true, ackTimeoutMs: 40 }, true);
  server.isIndexing = false;
  const payload = ndjsonPayload(rowsOf(2));
  t.match(await sink.write(payload, never()), {
    kind: 'retry',
    failure: { message: /did not say within 40 ms that the events are indexed/ },
  });
  server.isIndexing = true;
  t.equal((await sink.write(payload, never())).kind, 'delivered');
  t.same(server.taken, [...rowsOf(2), ...rowsOf(2)], 'sent again, whole');
  t.equal(server.channels.size, 2, 'in another channel');
});

t.test('a server that begins to count again acknowledges nothing of before', async (t) => {
  const { server, sink } = await rig(t, { acknowledge: true }, true);
  server.isIndexing = false;
  const before = send(sink, [rowOf(0)]);
  while (server.asked.length < 3) await nodeTimers.sleep(5);
  server.forgetAcks();
  // Has the id that the first one waits for.
  const after = await send(sink, [rowOf(1)]);
  t.match(after, { kind: 'retry', failure: { message: /began to count acknowledgements again/ } });
  t.match(await before, { kind: 'retry' }, 'never acknowledged in the name of another');
  server.isIndexing = true;
  t.equal((await send(sink, rowsOf(2))).kind, 'delivered');
});

t.test('a token without acknowledgement', async (t) => {
  const { server, sink } = await rig(t, { acknowledge: true });
  const error = await sink.open(never()).then(
    () => null,
    (reason: unknown) => toFailure(reason, 'WEIR_SINK_UNREACHABLE'),
  );
  t.match(error?.message, /acknowledgement turned off for the token/);
  t.match(await send(sink, rowsOf(2)), { kind: 'retry' });
  t.same(server.taken, [], 'nothing is sent that could only be repeated');
});

t.test('a bad event where the others wait for acknowledgement', async (t) => {
  const { server, sink } = await rig(t, { acknowledge: true }, true);
  server.isBad = (text) => (text === rowOf(2) ? 6 : 0);
  const outcome = await send(sink, rowsOf(4));
  t.same(outcome.kind === 'rejected' && [...outcome.rows], [2]);
  t.same([...new Set(server.taken)], [0, 1, 3].map(rowOf), 'all others are acknowledged');
});

t.test('wrong options', async (t) => {
  const create = (options: Partial<SplunkSinkOptions>) =>
    createSplunkSink({ url: 'http://127.0.0.1:1', token: 'x', ...options }, deps);
  t.throws(() => create({ url: 'splunk:8088' }), { code: 'WEIR_CONFIG_INVALID' });
  t.throws(() => create({ token: 'a\nb' }), { code: 'WEIR_CONFIG_INVALID' });
  const verdict = judgeHec({ status: 200, retryAfter: undefined, text: '{"code":0}' }, 'x', 0);
  t.same(verdict, { kind: 'taken', ackId: null });
});

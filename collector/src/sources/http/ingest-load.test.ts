// Scenario: slow senders, many at once, senders with too much, a buffer that fills up some time,
// and a stop in the middle of it.
// Guarantees: whoever is slow keeps nobody else out; memory for bodies is bounded; what was refused
// is counted item by item where the items are known; a stop ends whatever the buffer does, and
// repeats admit nothing twice.
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { compress } from 'zstd-napi';
import { until } from '../test-rig.js';
import { serve } from './test-serve.js';

/** A request that announces `announced` bytes and sends `sent` of them. */
function slowBody(
  t: Test,
  { host, port }: { host: string; port: number },
  announced: number,
  sent: string | Buffer,
  headers = '',
  localAddress = '127.0.0.1',
): Socket & { reply: string } {
  const socket = connect({ host, port, localAddress });
  const client = Object.assign(socket, { reply: '' });
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    client.reply += bytes.toString();
  });
  const length = `Content-Length: ${announced}\r\n${headers}`;
  socket.write(`POST /ingest HTTP/1.1\r\nHost: x\r\n${length}\r\n`);
  socket.write(sent);
  t.teardown(() => socket.destroy());
  return client;
}

t.test('slow senders keep nobody out, and are no leak', async (t) => {
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', onWarning);
  t.teardown(() => process.off('warning', onWarning));
  const rig = await serve(t, { limits: { httpRequestsInFlightMax: 2 } });
  for (let i = 0; i < 20; i++) slowBody(t, rig, 100, '{');
  await until(() => rig.ingest.requestCount === 20);
  t.equal((await rig.post('{"a":1}')).status, 200);
  await new Promise((resolve) => setImmediate(resolve));
  t.same(warnings, []);
});

t.test('bodies of one address, and of all of them', async (t) => {
  const limits = {
    httpBodyBytesMax: 65_536,
    httpBodyCompressedBytesMax: 65_536,
    httpPeerBodiesBytesMax: 65_536,
    httpBodiesBytesMax: 131_072,
  };
  const rig = await serve(t, { limits });
  const { postFrom, streams, counter } = rig;
  const body = `{"a":"${'x'.repeat(20_000)}"}`;
  const one = slowBody(t, rig, 64_000, Buffer.alloc(60_000, 'x'));
  const statusFrom = async (address: string): Promise<number> =>
    (await postFrom(address, body)).status;
  await until(async () => (await statusFrom('127.0.0.1')) === 429);
  t.equal(await statusFrom('127.0.0.2'), 200, 'another address has its own share');
  slowBody(t, rig, 64_000, Buffer.alloc(60_000, 'x'), '', '127.0.0.2');
  await until(async () => (await statusFrom('127.0.0.3')) === 503);
  const refused = await postFrom('127.0.0.3', body);
  t.same([refused.status, refused.headers['retry-after']], [503, '1']);
  t.equal((await postFrom('127.0.0.3', '{}')).status, 200, 'what still fits is taken');
  one.destroy();
  await until(() => rig.ingest.requestCount === 1);
  t.equal(await statusFrom('127.0.0.3'), 200);
  await streams.close();
  const discarded = 'component_discarded_events_total';
  t.equal(await counter(discarded, 'queue_full'), streams.refusedTotal('queue_full'));
  t.equal(await counter(discarded, 'body_aborted'), 1);
});

t.test('one address has only so many bodies at once', async (t) => {
  const rig = await serve(t, { limits: { httpPeerBodiesMax: 2 } });
  for (let i = 0; i < 2; i++) slowBody(t, rig, 100, '{');
  await until(() => rig.ingest.requestCount === 2);
  const refused = await rig.post('{}');
  t.same([refused.status, refused.headers['retry-after']], [429, '1']);
  t.equal((await rig.postFrom('127.0.0.2', '{}')).status, 200);
});

t.test('more complete bodies at once than may be: 429', async (t) => {
  const rig = await serve(t, {
    admission: { admissionPendingBytesMax: 100 },
    limits: { httpRequestsInFlightMax: 1 },
  });
  const { post, buffer, streams } = rig;
  buffer.isHeld = true;
  const running = post(`{"a":"${'x'.repeat(200)}"}\n{"b":1}`);
  await until(() => streams.first.isBlocked);
  // The stream is not blocked in between, but the first request has not had its turn.
  Object.defineProperty(streams.first, 'blockCause', { value: null, configurable: true });
  const refused = await post('{"c":1}');
  t.same([refused.status, refused.headers['retry-after']], [429, '1']);
  Reflect.deleteProperty(streams.first, 'blockCause');
  buffer.isHeld = false;
  buffer.release();
  t.equal((await running).status, 200);
});

t.test('compressed bodies take turns and all get theirs', async (t) => {
  const limits = { httpBodyBytesMax: 65_536, httpBodyCompressedBytesMax: 65_536 };
  const rig = await serve(t, { limits: { ...limits, httpDecodedBytesMax: 65_536 } });
  const body = Buffer.from('{"a":1}\n'.repeat(5_000));
  const replies = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      i % 2 === 0
        ? rig.post(gzipSync(body), { 'content-encoding': 'gzip' })
        : rig.post(compress(body), { 'content-encoding': 'zstd' }),
    ),
  );
  for (const reply of replies) t.same([reply.status, reply.body.accepted], [200, 5_000]);
  t.equal(rig.buffer.texts().length, 60_000);
});

t.test('a stream that fills up while a body comes: nothing is decoded', async (t) => {
  const rig = await serve(t);
  const slow = slowBody(t, rig, 9, 'not ', 'Content-Encoding: gzip\r\n');
  await until(() => rig.ingest.requestCount === 1);
  rig.buffer.isFull = true;
  slow.write('gzip.');
  await until(() => slow.reply.length > 0);
  t.match(slow.reply, /^HTTP\/1.1 503 /);
  t.equal(rig.streams.refusedTotal('spool_full'), 1);
});

t.test(
  'a buffer that fills up at any moment: refused item by item once they are known',
  async (t) => {
    const body = gzipSync('{"a":1}\n{"a":2}\n{"a":3}\n');
    const counts: number[] = [];
    // Asked before the body is read, before it is decoded (twice), and before it is admitted.
    for (let fullFrom = 1; fullFrom <= 4; fullFrom++) {
      const { post, buffer, streams } = await serve(t);
      let asked = 0;
      Object.defineProperty(buffer, 'isFull', { get: () => ++asked >= fullFrom });
      const reply = await post(body, { 'content-encoding': 'gzip' });
      t.same([reply.status, reply.headers['retry-after']], [503, '1']);
      counts.push(streams.refusedTotal('spool_full'));
    }
    t.same(counts, [1, 1, 1, 3]);
  },
);

t.test('too many items: each is counted', async (t) => {
  const { post, streams } = await serve(t, { limits: { httpItemCountMax: 10 } });
  t.equal((await post('{}\n'.repeat(1_000))).status, 413);
  t.equal((await post(`[${'{},'.repeat(99)}{}]`)).status, 413);
  t.equal(streams.refusedTotal('body_too_large'), 1_100);
});

t.test('stop: a request that waits for space is given up', { timeout: 20_000 }, async (t) => {
  const { post, buffer, streams, ingest } = await serve(t, {
    admission: { admissionPendingBytesMax: 2_000, batchBytesTarget: 500 },
    limits: { stopGraceMs: 50, stopDurableMs: 50 },
  });
  buffer.isHeld = true;
  const body = `{"a":"${'x'.repeat(90)}"}\n`.repeat(100);
  const key = { 'idempotency-key': 'p/1/0' };
  const waiting = post(body, key);
  await until(() => streams.first.isBlocked);
  // A repeat, which gets as far as to wait for the first attempt.
  let asked = 0;
  Object.defineProperty(streams.first, 'blockCause', {
    get: () => {
      asked++;
      return null;
    },
    configurable: true,
  });
  const repeat = post(body, key);
  await until(() => asked === 3);
  Reflect.deleteProperty(streams.first, 'blockCause');
  await Promise.all([ingest.stop(), ingest.stop()]);
  t.equal(ingest.requestCount, 0);
  for (const reply of await Promise.all([waiting, repeat]))
    t.same([reply.status, reply.headers['retry-after']], [503, '1']);
  t.equal((await post('{}')).status, 503);
  buffer.isHeld = false;
  buffer.release();
  await streams.close();
  const admitted = buffer.texts().length;
  t.ok(admitted > 0 && admitted < 100, `${admitted} of 100 were admitted`);
  t.equal(buffer.refused('queue_full'), 100 - admitted, 'and the others refused');
});

t.test('stop: what never becomes durable is given up too', { timeout: 20_000 }, async (t) => {
  const { post, buffer, streams, ingest } = await serve(t, {
    limits: { stopGraceMs: 10, stopDurableMs: 50 },
  });
  buffer.isHeld = true;
  const waiting = post('{"a":1}');
  await until(() => buffer.waitingCount === 1);
  await ingest.stop();
  t.equal((await waiting).status, 503);
  buffer.isHeld = false;
  buffer.release();
  await streams.close();
  t.same(buffer.texts(), ['{"a":1}'], 'it was admitted and is not taken back');
});

/** As objects of 100 bytes, each with its own number. */
const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `{"n":${i},"a":"${'x'.repeat(80)}"}`);

t.test('a spool that fills up within a request: 503, and the repeat completes it', async (t) => {
  const { post, buffer, streams, ingest } = await serve(t, {
    admission: { admissionPendingBytesMax: 2_000, batchBytesTarget: 500 },
    limits: { httpFullWaitMs: 50 },
  });
  buffer.isHeld = true;
  const items = numbered(100);
  const key = { 'idempotency-key': 'p/1/0' };
  const first = post(items.join('\n'), key);
  await until(() => streams.first.isBlocked);
  buffer.isFull = true;
  const reply = await first;
  t.same([reply.status, reply.headers['retry-after']], [503, '1']);
  t.match(reply.body.error, /^the spool is full; not all of it is known to be durable/);
  t.equal((await post(items.join('\n'), key)).status, 503, 'nothing new is taken meanwhile');
  t.equal(ingest.requestCount, 0);
  buffer.isFull = false;
  buffer.isHeld = false;
  buffer.release();
  await until(() => !streams.first.isBlocked);
  const partCount = buffer.texts().length;
  t.ok(partCount > 0 && partCount < 100, `${partCount} of 100 were admitted`);
  const repeat = await post(items.join('\n'), key);
  t.match(repeat, { status: 200, body: { accepted: 100, seqFirst: 0 } });
  t.same(buffer.texts(), items, 'each is there once');
  await streams.close();
  const refused = 100 - partCount + 1;
  t.equal(buffer.refused('spool_full'), refused, 'what was left, and a body that was not read');
});

t.test('a spool that fills up behind a request: a repeat waits for what it left', async (t) => {
  const { post, buffer, streams, ingest } = await serve(t, { limits: { httpFullWaitMs: 50 } });
  buffer.isHeld = true;
  const items = numbered(5);
  const key = { 'idempotency-key': 'p/1/0' };
  const keyed = post(items.join('\n'), key);
  const plain = post('{"b":1}');
  await until(() => buffer.waitingCount === 2 || streams.first.pendingBytes > 500);
  await until(() => ingest.requestCount === 2);
  buffer.isFull = true;
  for (const reply of await Promise.all([keyed, plain]))
    t.same([reply.status, reply.headers['retry-after']], [503, '1']);
  // There is space again, and what was admitted is still being written.
  buffer.isFull = false;
  await until(() => !streams.first.isBlocked);
  const repeat = post(items.join('\n'), key);
  await until(() => ingest.requestCount === 1);
  t.equal((await post('{"b":2}', { 'idempotency-key': 'bad' })).status, 400, 'others are served');
  buffer.isHeld = false;
  buffer.release();
  t.equal((await repeat).status, 200);
  await streams.close();
  t.same(buffer.texts().toSorted(), [...items, '{"b":1}'].toSorted(), 'once each');
});

t.test('a slow disk is no full one: the request waits', async (t) => {
  const { post, buffer } = await serve(t, { limits: { httpFullWaitMs: 10 } });
  let asked = 0;
  Object.defineProperty(buffer, 'isFull', { get: () => ++asked < 0 });
  buffer.isHeld = true;
  const waiting = post('{"a":1}');
  await until(() => buffer.waitingCount === 1);
  const before = asked;
  await until(() => asked > before + 50);
  buffer.isHeld = false;
  buffer.release();
  t.equal((await waiting).status, 200);
});

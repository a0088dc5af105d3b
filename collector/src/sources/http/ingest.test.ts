// Scenario: real requests on loopback, good, broken, compressed, repeated, slow, and a buffer that
// stalls. Guarantees: 200 only after durability; a body that breaks a rule leaves nothing behind; a
// key makes a repeat harmless; a full collector says so before it takes anything; each refusal has
// its counter.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { MARK, WeirError } from '@weir/pipeline';
import { FakeBuffer } from '@weir/pipeline/testing';
import t from 'tap';
import { compress } from 'zstd-napi';
import { closed, dial, isNoSuchAddress, until } from '../test-rig.js';
import type { RecoveredRequestPart } from './idempotency.js';
import { serve } from './test-serve.js';

t.test('bodies and encodings', async (t) => {
  const { post, buffer } = await serve(t);
  const lines = '{"a":1}\n{"a": \xff}\n';
  const bytes = Buffer.from(lines, 'latin1');
  const cases: [string, Buffer, Record<string, string>][] = [
    ['plain', bytes, {}],
    ['gzip', gzipSync(bytes), { 'content-encoding': 'gzip' }],
    ['x-gzip', gzipSync(bytes), { 'content-encoding': 'X-GZip' }],
    ['zstd', compress(bytes), { 'content-encoding': 'zstd' }],
    ['identity', bytes, { 'content-encoding': 'identity' }],
    ['a form', bytes, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['no type at all', bytes, { 'content-type': '' }],
    ['a malformed type', bytes, { 'content-type': 'not a type; ;=' }],
    ['an array', Buffer.from('[{"a":1},{"a": \xff}]', 'latin1'), { 'content-type': 'text/plain' }],
  ];
  for (const [i, [name, body, headers]] of cases.entries()) {
    const reply = await post(body, headers);
    t.same(
      [reply.status, reply.body],
      [200, { accepted: 2, suspect: [], stream: 'node/in/0', epoch: '5', seqFirst: i * 2 }],
      name,
    );
    t.same(buffer.texts().slice(-2), ['{"a":1}', '{"a": \xff}'], `${name}: the bytes as sent`);
  }
  t.same(buffer.batches[0]?.runs[0]?.source, '127.0.0.1');
  const empty = await post('');
  t.same([empty.status, empty.body.accepted, empty.body.seqFirst], [200, 0, null]);
  t.equal((await post('\n[]\n')).body.accepted, 0);
});

t.test('a large body goes through whole, at any block size', async (t) => {
  const { post, buffer } = await serve(t);
  for (const size of [128 * 1024, 256 * 1024, 1024 * 1024 + 1, 5_000_000]) {
    const items: string[] = [];
    for (let i = 0, length = 0; length < size; i++) {
      const frame = `{"i":${i},"x":""}`.length + 1;
      const fill = Math.min(1_000, Math.max(0, size - length - frame));
      items.push(`{"i":${i},"x":"${'y'.repeat(fill)}"}`);
      length += frame + fill;
    }
    const body = Buffer.from(`${items.join('\n')}\n`);
    for (const [encoding, sent] of [
      ['identity', body],
      ['gzip', gzipSync(body)],
      ['zstd', compress(body)],
      ['zstd', Buffer.concat([compress(body.subarray(0, 1_000)), compress(body.subarray(1_000))])],
    ] as const) {
      const before = buffer.texts().length;
      const reply = await post(sent, { 'content-encoding': encoding });
      t.same([reply.status, reply.body.accepted], [200, items.length], `${encoding} ${size}`);
      t.same(buffer.texts().slice(before), items);
    }
  }
});

t.test('items that are suspect are admitted, marked and named', async (t) => {
  const { post, buffer } = await serve(t, { limits: { httpItemBytesMax: 100, jsonDepthMax: 4 } });
  const long = `{"x":"${'y'.repeat(200)}"}`;
  const reply = await post(`{"a":1}\n{"a":\n${long}\n{"a":[[[[1]]]]}\n{"b":2}\n`);
  t.same([reply.status, reply.body.accepted, reply.body.suspect], [200, 5, [1, 2, 3]]);
  t.same(
    buffer.events().map((event) => event.mark),
    [null, [MARK.json_invalid, 5], [MARK.oversize, 208], [MARK.depth_exceeded, 15], null],
  );
  t.equal(buffer.texts()[2], long.slice(0, 100));
  const broken = await post('[{"a":1},{"b":"cut he');
  t.same([broken.status, broken.body.accepted, broken.body.suspect], [200, 2, [1]]);
  t.same(buffer.texts().slice(-2), ['{"a":1}', '{"b":"cut he']);
});

t.test('an array without its end is answered as such', async (t) => {
  const { post, buffer, counter } = await serve(t);
  const cases: [string, number, true | undefined][] = [
    ['[{"a":1},', 1, true],
    ['[{"a":1},{"b":2}', 2, true],
    ['[', 0, true],
    ['[{"a":1}]', 1, undefined],
    ['{"a":1}', 1, undefined],
  ];
  for (const [body, accepted, truncated] of cases) {
    const reply = await post(body);
    t.same([reply.status, reply.body.accepted, reply.body.suspect], [200, accepted, []], body);
    t.equal(reply.body.truncated, truncated, body);
  }
  t.equal(buffer.texts().length, 5);
  t.equal(await counter('component_errors_total', 'array_unclosed'), 3);
});

t.test('bodies that break a rule leave nothing behind', async (t) => {
  const limits = {
    httpBodyBytesMax: 10_000,
    httpBodyCompressedBytesMax: 5_000,
    httpItemCountMax: 50,
  };
  const { post, buffer, streams, counter } = await serve(t, { limits });
  const item = '{"a":1}\n';
  const large = Buffer.from(item.repeat(2_000));
  const cases: [string, number, string | Buffer, Record<string, string>][] = [
    ['over the cap', 413, large, {}],
    ['over the cap, length not announced', 413, large, { 'transfer-encoding': 'chunked' }],
    ['gzip over the cap', 413, gzipSync(large), { 'content-encoding': 'gzip' }],
    ['zstd over the cap', 413, compress(large), { 'content-encoding': 'zstd' }],
    ['too many items', 413, item.repeat(77), {}],
    ['gzip that is none', 400, item, { 'content-encoding': 'gzip' }],
    [
      'gzip cut off',
      400,
      gzipSync(item.repeat(40)).subarray(0, 30),
      { 'content-encoding': 'gzip' },
    ],
    ['zstd that is none', 400, item, { 'content-encoding': 'zstd' }],
    [
      'zstd cut off',
      400,
      compress(Buffer.from(item.repeat(40))).subarray(0, -3),
      { 'content-encoding': 'zstd' },
    ],
    ['an unknown encoding', 415, item, { 'content-encoding': 'br' }],
    ['encodings on top of each other', 415, item, { 'content-encoding': 'gzip, gzip' }],
    ['frames', 415, item, { 'content-type': 'application/vnd.weir.frames; v=1' }],
    ['a key of another form', 400, item, { 'idempotency-key': 'one' }],
  ];
  for (const [name, status, body, headers] of cases) {
    const reply = await post(body, headers);
    t.equal(reply.status, status, name);
    t.type(reply.body.error, 'string', name);
  }
  t.same(
    [streams.refusedTotal('body_too_large'), streams.refusedTotal('body_encoding_invalid')],
    [4 + 77, 6],
    'with each item where they are known',
  );
  t.equal((await post(item)).status, 200, 'and then a good one');
  await streams.close();
  t.equal(buffer.texts().length, 1);
  t.same([buffer.refused('body_too_large'), buffer.refused('body_encoding_invalid')], [81, 6]);
  t.equal(await counter('component_discarded_events_total', 'cause="body_too_large"'), 81);
  t.equal(await counter('component_errors_total', 'idempotency_key_invalid'), 1);
});

t.test('compressed bombs are refused, in bounded memory', async (t) => {
  const { post, buffer } = await serve(t);
  const gzipBomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
  const zstdBomb = compress(Buffer.alloc(256 * 1024 * 1024));
  // The same content, with the announced size taken out: only streaming finds out.
  const block = compress(Buffer.alloc(8 * 1024 * 1024));
  const manyFrames = Buffer.concat(Array.from({ length: 32 }, () => block));
  const window128MiB = Buffer.from('28b52ffd0088010000', 'hex');
  await post('{"warm":1}');
  const before = process.memoryUsage().rss;
  let peak = before;
  for (let i = 0; i < 3; i++)
    for (const [encoding, body] of [
      ['gzip', gzipBomb],
      ['zstd', zstdBomb],
      ['zstd', manyFrames],
      ['zstd', window128MiB],
    ] as const) {
      t.equal((await post(body, { 'content-encoding': encoding })).status, 413);
      peak = Math.max(peak, process.memoryUsage().rss);
    }
  const grownMiB = (peak - before) / (1024 * 1024);
  t.ok(grownMiB < 200, `memory grew by ${grownMiB.toFixed(0)} MiB against 256 MiB in each bomb`);
  t.same(buffer.texts(), ['{"warm":1}']);
  const nested = await post(gzipSync(gzipBomb), { 'content-encoding': 'gzip' });
  t.equal(nested.status, 200, 'one layer is taken off and no more');
  const inside = buffer.events().slice(1);
  t.ok(
    inside.length > 0 && inside.every(({ mark }) => mark?.[0] === MARK.json_invalid),
    'what it uncovered is not JSON',
  );
});

t.test('200 comes only after durability', async (t) => {
  const { post, buffer } = await serve(t);
  buffer.isHeld = true;
  let isAnswered = false;
  const pending = post('{"a":1}').finally(() => {
    isAnswered = true;
  });
  await until(() => buffer.waitingCount === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(isAnswered, false);
  buffer.release();
  t.equal((await pending).status, 200);
});

t.test('a spool that fails is 503; the key can be used again', async (t) => {
  const { post, buffer } = await serve(t);
  buffer.isHeld = true;
  const first = post('{"a":1}', { 'idempotency-key': 'p/1/0' });
  await until(() => buffer.waitingCount === 1);
  buffer.fail(new WeirError('WEIR_SPOOL_IO', 'write failed: EIO'));
  const failed = await first;
  t.same([failed.status, failed.headers['retry-after']], [503, '1']);
  buffer.isHeld = false;
  let again = await post('{"a":1}', { 'idempotency-key': 'p/1/0' });
  while (again.status === 503) again = await post('{"a":1}', { 'idempotency-key': 'p/1/0' });
  t.same([again.status, again.headers['idempotent-replayed']], [200, undefined]);
  t.same(buffer.texts(), ['{"a":1}'], 'stored once');
  t.same(
    buffer.batches.flatMap((batch) => batch.dispositions.filter((d) => d.kind === 'lost')),
    [{ kind: 'lost', cause: 'spool_write_failed', seqRanges: [[0, 0]], eventCount: 1 }],
  );
});

t.test('a key makes a repeat harmless', async (t) => {
  const { post, buffer } = await serve(t);
  const key = { 'idempotency-key': 'agent-1/0x2a/1000' };
  const body = '{"a":1}\n{"b":\n';
  buffer.isHeld = true;
  const both = [post(body, key), post(body, key)];
  await until(() => buffer.waitingCount === 1);
  buffer.isHeld = false;
  buffer.release();
  const [one, two] = await Promise.all(both);
  t.same([one?.status, two?.status], [200, 200]);
  t.same(one?.body, two?.body, 'the same receipt');
  t.same(one?.body.suspect, [1]);
  const replayed = [one, two].map((reply) => reply?.headers['idempotent-replayed'] ?? 'false');
  t.same(replayed.sort(), ['false', 'true']);
  const later = await post(gzipSync(body), { ...key, 'content-encoding': 'gzip' });
  t.same(
    [later.body, later.headers['idempotent-replayed']],
    [one?.body, 'true'],
    'the decoded body counts',
  );
  t.equal((await post('{"other":1}', key)).status, 422);
  t.equal(buffer.texts().length, 2, 'stored once');
  t.same(
    buffer.batches.flatMap((batch) => batch.requestParts.map((part) => [part.key, part.itemCount])),
    [['agent-1/0x2a/1000', 2]],
  );
});

t.test('after a start, a request that was durable in part is completed', async (t) => {
  const items = ['{"i":0}', '{"i":1}', '{"i":2}', '{"i":3}'];
  const body = `${items.join('\n')}\n`;
  const recovered: RecoveredRequestPart = {
    key: 'p/1/0',
    bodySha256: createHash('sha256').update(body).digest(),
    stream: 'node/in/0',
    epoch: 4n,
    seqFirst: 77,
    itemIndexFirst: 0,
    eventCount: 2,
    itemCount: 4,
  };
  const elsewhere = { ...recovered, key: 'q/1/0', stream: 'node/other/0', eventCount: 4 };
  const { post, buffer } = await serve(t, { recovered: [recovered, elsewhere] });
  const reply = await post(body, { 'idempotency-key': 'p/1/0' });
  t.same(reply.body, { accepted: 4, suspect: [], stream: 'node/in/0', epoch: '4', seqFirst: 77 });
  t.same(buffer.texts(), items.slice(2), 'only the missing rest');
  t.equal(buffer.batches[0]?.requestParts[0]?.itemIndexFirst, 2);
  const again = await post(body, { 'idempotency-key': 'p/1/0' });
  t.same([again.body, again.headers['idempotent-replayed']], [reply.body, 'true']);
  await post(body, { 'idempotency-key': 'q/1/0' });
  t.equal(buffer.texts().length, 6, "another listener's key is another key");
});

t.test('a body larger than the bound is taken bit by bit, not refused', async (t) => {
  const { post, buffer, streams } = await serve(t, {
    admission: { admissionPendingBytesMax: 20_000, batchBytesTarget: 2_000 },
  });
  buffer.isHeld = true;
  const body = `{"a":"${'x'.repeat(90)}"}\n`.repeat(1_000);
  const pending = post(body);
  await until(() => streams.first.isBlocked);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.ok(streams.pendingBytes < 20_000 + 200, 'what is pending stays within the bound');
  t.equal((await post('{"b":1}')).status, 503, 'others are refused meanwhile');
  const releasing = setInterval(() => buffer.release(2), 1);
  const reply = await pending;
  clearInterval(releasing);
  t.same([reply.status, reply.body.accepted, reply.body.seqFirst], [200, 1_000, 0]);
  t.equal(buffer.texts().length, 1_000);
});

t.test('full: 503 with Retry-After before anything is taken', async (t) => {
  const { post, buffer, streams } = await serve(t, {
    admission: { admissionPendingBytesMax: 100 },
  });
  buffer.isFull = true;
  const full = await post('{"a":1}');
  t.same([full.status, full.headers['retry-after']], [503, '1']);
  t.equal(streams.refusedTotal('spool_full'), 1);
  buffer.isFull = false;
  await until(() => !streams.first.isBlocked);
  buffer.isHeld = true;
  const waiting = post(`{"a":"${'x'.repeat(200)}"}`);
  await until(() => streams.first.isBlocked);
  const queue = await post('{"a":1}');
  t.same([queue.status, queue.headers['retry-after']], [503, '1']);
  t.equal(streams.refusedTotal('queue_full'), 1);
  buffer.isHeld = false;
  buffer.release();
  t.equal((await waiting).status, 200, 'what was begun is finished');
  await until(() => !streams.first.isBlocked);
  t.equal((await post('{"b":1}')).status, 200);
  await streams.close();
  t.equal(buffer.texts().length, 2);
});

t.test('a body that is aborted or drips is not admitted', async (t) => {
  const { buffer, streams, host, port, ingest, counter } = await serve(t, {
    limits: { bodyCheckMs: 100, bodyBytesPerCheckMin: 50 },
  });
  const aborted = await dial(host, port);
  aborted.write('POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a":1}\n{"b":');
  await until(() => ingest.requestCount === 1);
  aborted.destroy();
  await until(() => streams.refusedTotal('body_aborted') === 1);
  const drip = await dial(host, port);
  let reply = '';
  drip.on('data', (bytes) => {
    reply += bytes.toString();
  });
  drip.write('POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n');
  const dripping = setInterval(() => drip.write('x'), 10);
  await closed(drip);
  clearInterval(dripping);
  t.match(reply, /^HTTP\/1.1 408 /);
  t.equal(streams.refusedTotal('body_aborted'), 2);
  await streams.close();
  t.equal(buffer.texts().length, 0);
  t.equal(buffer.refused('body_aborted'), 2);
  t.equal(await counter('component_discarded_events_total', 'cause="body_aborted"'), 2);
});

t.test('slow and huge headers end', async (t) => {
  const { host, port, post } = await serve(t, {
    server: {
      headersTimeoutMs: 100,
      requestTimeoutMs: 200,
      timeoutCheckMs: 50,
      headerBytesMax: 4_096,
    },
  });
  const reply = async (first: string): Promise<string> => {
    const socket = await dial(host, port);
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    socket.write(first);
    await closed(socket);
    return text;
  };
  t.match(await reply('POST /ingest HTTP/1.1\r\nHost: x\r\nX-Slow'), /^HTTP\/1.1 408 /);
  t.match(
    await reply('POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{'),
    /^HTTP\/1.1 408 /,
  );
  t.match(await reply(`GET / HTTP/1.1\r\nX: ${'y'.repeat(5_000)}\r\n\r\n`), /^HTTP\/1.1 431 /);
  t.match(await reply('no http at all\r\n\r\n'), /^HTTP\/1.1 400 /);
  t.equal((await post('{}')).status, 200);
});

t.test('other paths and methods', async (t) => {
  const { call } = await serve(t);
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const reply = await call(method, '/ingest?x=1', '');
    t.same([reply.status, reply.headers.allow], [405, 'POST'], method);
    t.match(reply.body.error, /takes POST/);
  }
  t.same((await call('HEAD', '/ingest', '')).status, 405);
  const missing = await call('POST', '/_bulk', '{}');
  t.same([missing.status, missing.body.error], [404, 'there is nothing at /_bulk']);
});

t.test('stop: running requests finish, new ones are refused, dawdlers are given up', async (t) => {
  const { post, buffer, ingest, host, port, streams } = await serve(t, {
    limits: { stopGraceMs: 100 },
  });
  buffer.isHeld = true;
  const running = post('{"a":1}');
  await until(() => buffer.waitingCount === 1);
  const dawdler = await dial(host, port);
  let answer = '';
  dawdler.on('data', (bytes) => {
    answer += bytes.toString();
  });
  dawdler.write('POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
  await until(() => ingest.requestCount === 2);
  let isStopped = false;
  const stopping = ingest.stop().then(() => {
    isStopped = true;
  });
  const late = await post('{"b":1}');
  t.same([late.status, late.headers['retry-after']], [503, '1']);
  await until(() => ingest.requestCount === 1);
  t.equal(isStopped, false);
  buffer.release();
  t.equal((await running).status, 200);
  await stopping;
  buffer.isHeld = false;
  await streams.close();
  t.same(buffer.texts(), ['{"a":1}']);
  t.equal(buffer.refused('body_aborted'), 1);
  await closed(dawdler);
  t.match(answer, /^HTTP\/1.1 503 .*retry-after: 1/is, 'it is not its fault: it comes again');
});

t.test('IPv6', async (t) => {
  let rig: Awaited<ReturnType<typeof serve>>;
  try {
    rig = await serve(t, { host: '::1' });
  } catch (error) {
    if (!isNoSuchAddress(error)) throw error;
    t.pass('IPv6', { skip: 'no IPv6 on this machine' });
    return;
  }
  t.equal((await rig.post('{"a":1}')).status, 200);
  t.equal(rig.buffer.events()[0]?.source, '::1');
  t.type(rig.buffer, FakeBuffer);
});

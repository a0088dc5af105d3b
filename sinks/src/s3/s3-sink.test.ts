// Scenario: an s3 sink against a real HTTP server that checks signatures, is away or busy, answers
//   and keeps nothing, keeps and does not answer, and refuses with each code of the API.
// Guarantees: an object is signed and has a name made from its rows, so that a repeat replaces it
//   by an equal one; whatever a store answers, no row is given up; secrets are never printed.

import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import { ndjsonPayload, type SinkUnderTest, testSink } from '@weir/pipeline/testing';
import t, { type Test } from 'tap';
import { decompress } from 'zstd-napi';
import { createS3Sink, type S3SinkOptions } from './index.js';
import { objectNameOf } from './object-key.js';
import { answerError, S3Server, TEST_CREDENTIALS } from './testing/s3-server.js';

const deps = { clock: nodeClock, timers: nodeTimers, env: {} };
const never = (): AbortSignal => new AbortController().signal;
const lineOf = (seq: number, more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    ...{ tenant_id: 'acme', stream: 'node/udp/0', epoch: '77', seq },
    ...{ ingest_time: '2026-03-01T12:00:00.123456Z', message: `event ${seq}`, ...more },
  });
const payloadOf = (seqs: readonly number[]) => ndjsonPayload(seqs.map((seq) => lineOf(seq)));

const optionsOf = (server: S3Server, more: Partial<S3SinkOptions> = {}): S3SinkOptions => ({
  endpoint: server.url,
  ...{ bucket: 'events', region: 'eu-central-1', credentials: TEST_CREDENTIALS, ...more },
});

async function rig(t: Test, more: Partial<S3SinkOptions> = {}) {
  const server = await new S3Server().start();
  const sink = createS3Sink(optionsOf(server, more), deps);
  t.teardown(async () => {
    await sink.close();
    await server.stop();
  });
  return { server, sink };
}

async function underTest(): Promise<SinkUnderTest> {
  const server = await new S3Server().start();
  return {
    sink: createS3Sink(optionsOf(server, { compression: 'none' }), deps),
    received: () =>
      [...new Set(server.puts)].flatMap((key) => {
        const lines = server.objects.get(key)?.body.toString().split('\n').slice(0, -1) ?? [];
        return lines.map((line) => (JSON.parse(line) as { row: string }).row);
      }),
    breakDown: () => server.stop(),
    hang: () => {
      server.fault = () => true;
    },
    heal: async () => {
      server.fault = null;
      await server.stop();
      await server.start();
    },
    dispose: () => server.stop(),
  };
}

let conformanceSeq = 0;
t.test('conformance', async (t) => {
  testSink(t, {
    create: underTest,
    payloadOf: (rows) => ndjsonPayload(rows.map((row) => lineOf(conformanceSeq++, { row }))),
  });
});

t.test('an object', async (t) => {
  const { server, sink } = await rig(t, {
    storageClass: 'STANDARD_IA',
    serverSideEncryption: 'aws:kms',
    kmsKeyId: 'key/1',
  });
  t.same(await sink.write(payloadOf([5, 6, 9]), never()), { kind: 'delivered' });
  const [[key, object] = ['', undefined]] = [...server.objects];
  t.match(key, /^weir\/2026-03-01\/acme-node_udp_0-77-5-3-[0-9a-f]{12}\.ndjson\.zst$/);
  t.match(object?.headers, {
    'content-type': 'application/zstd',
    'x-amz-meta-weir-rows': '3',
    'x-amz-meta-weir-first': 'acme/node_udp_0/77/5',
    'x-amz-meta-weir-last': 'acme/node_udp_0/77/9',
    'x-amz-storage-class': 'STANDARD_IA',
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': 'key/1',
  });
  t.notOk(object?.headers['content-encoding'], 'it is stored as it is');
  const lines = textOfObject(object?.body);
  t.same(
    lines,
    [5, 6, 9].map((seq) => lineOf(seq)),
  );
});

t.test('an answer that is lost: the same object again', async (t) => {
  const { server, sink } = await rig(t);
  server.faultAfter = (_, response) => {
    response.destroy();
    return true;
  };
  const first = await sink.write(payloadOf([1, 2]), never());
  t.equal(first.kind, 'retry');
  const before = [...server.objects].map(([key, { body }]) => [key, body.toString('hex')]);
  server.faultAfter = null;
  t.same(await sink.write(payloadOf([1, 2]), never()), { kind: 'delivered' });
  t.equal(server.puts.length, 2);
  t.same(
    [...server.objects].map(([key, { body }]) => [key, body.toString('hex')]),
    before,
    'one object, equal byte for byte',
  );
});

t.test('names of objects', (t) => {
  const of = (lines: readonly string[]) => {
    const { blocks, rowCount } = ndjsonPayload(lines);
    return objectNameOf(blocks, rowCount, { prefix: 'a/{date}/', compression: 'gzip' });
  };
  t.match(of([lineOf(1)])?.key, /^a\/2026-03-01\/acme-node_udp_0-77-1-1-\w{12}\.ndjson\.gz$/);
  const alike = ['node/udp/0', 'node_udp_0', 'node-udp-0'].map(
    (stream) => of([lineOf(1, { stream })])?.key,
  );
  t.equal(new Set(alike).size, 3, 'streams that look alike are told apart');
  const odd = of([lineOf(1, { stream: 'x'.repeat(500), tenant_id: '../\u00e9?+ &' })])?.key ?? '';
  t.match(odd, /^a\/2026-03-01\/[A-Za-z0-9._-]{1,400}$/);
  t.equal(of(['{"tenant_id":"a"}']), null);
  t.equal(of(['no json']), null);
  t.end();
});

t.test('a key with whatever a prefix may have is signed as it is sent', async (t) => {
  const { server, sink } = await rig(t, { prefix: "raw=1/it's (a) + b!/{date}/", region: 'x-1' });
  t.same(await sink.write(payloadOf([1]), never()), { kind: 'delivered' });
  t.match([...server.objects.keys()][0], /^raw=1\/it's \(a\) \+ b!\/2026-03-01\/acme/);
});

t.test('what a store answers gives no row up', async (t) => {
  const { server, sink } = await rig(t);
  const codes = [
    [403, 'AccessDenied', /credentials lack the right/],
    [403, 'InvalidAccessKeyId', /access key is not known/],
    [403, 'RequestTimeTooSkewed', /clock/],
    [404, 'NoSuchBucket', /make the bucket/],
    [400, 'AuthorizationHeaderMalformed', /region/],
    [301, 'PermanentRedirect', /endpoint and region/],
    [503, 'SlowDown', /busy or failing/],
    [500, 'InternalError', /busy or failing/],
    [400, 'EntityTooLarge', /does not take objects/],
    [204, 'Nothing', /does not take objects/],
  ] as const;
  for (const [status, code, says] of codes) {
    server.fault = (_, response) => {
      answerError(response, status, code, 'because');
      return true;
    };
    const outcome = await sink.write(payloadOf([1]), never());
    t.match(outcome, { kind: 'retry', failure: { message: says } }, code);
    t.notMatch(JSON.stringify(outcome), /S3CRET/);
  }
  server.fault = (_, response) => {
    response.writeHead(503, { 'retry-after': '7' }).end();
    return true;
  };
  t.match(await sink.write(payloadOf([1]), never()), { kind: 'retry', afterMs: 7_000 });
  server.fault = null;
  t.same(await sink.write(payloadOf([1]), never()), { kind: 'delivered' });
});

t.test('a wrong secret is refused, and not printed', async (t) => {
  const credentials = { ...TEST_CREDENTIALS, secretAccessKey: 'S3CRET/other' };
  const { server, sink } = await rig(t, { credentials });
  const outcome = await sink.write(payloadOf([1]), never());
  t.match(outcome, { kind: 'retry', failure: { message: /secret access key/ } });
  t.notMatch(JSON.stringify(outcome), /S3CRET/);
  t.equal(server.objects.size, 0);
});

t.test('a session token is signed', async (t) => {
  const { server, sink } = await rig(t, {
    credentials: { ...TEST_CREDENTIALS, sessionToken: 'token-1' },
  });
  t.same(await sink.write(payloadOf([1]), never()), { kind: 'delivered' });
  const [[, object] = ['', undefined]] = [...server.objects];
  t.equal(object?.headers['x-amz-security-token'], 'token-1');
});

t.test('the bucket in the host name', (t) => {
  const server = { url: 'https://s3.example:9000/base' } as S3Server;
  t.doesNotThrow(() => createS3Sink(optionsOf(server, { isPathStyle: false }), deps));
  for (const endpoint of ['http://127.0.0.1:9000', 'http://[::1]:9000'])
    t.throws(
      () => createS3Sink(optionsOf({ url: endpoint } as S3Server, { isPathStyle: false }), deps),
      { code: 'WEIR_CONFIG_INVALID' },
      endpoint,
    );
  for (const endpoint of ['s3.example', 'ftp://s3.example', 'https://user:pass@s3.example'])
    t.throws(
      () => createS3Sink(optionsOf({ url: endpoint } as S3Server), deps),
      { code: 'WEIR_CONFIG_INVALID' },
      endpoint,
    );
  t.end();
});

const textOfObject = (body: Uint8Array = Buffer.alloc(0)): string[] =>
  Buffer.from(decompress(body)).toString().split('\n').slice(0, -1);

// Scenario: a syslog sink against real TCP and TLS servers that are away, close, stop reading, have
//   another certificate, or want one of the client.
// Guarantees: a payload is delivered only while the connection stands; after anything else it comes
//   again on a new connection, and the server never reads half a frame as a message.
import { nodeTimers } from '@weir/pipeline/node';
import { type SinkUnderTest, testSink } from '@weir/pipeline/testing';
import t, { type Test } from 'tap';
import { type Certificates, makeCertificates } from '../http/testing/certificates.js';
import { createSyslogSink, type SyslogSinkOptions } from './index.js';
import { SyslogServer } from './testing/syslog-server.js';

const deps = { timers: nodeTimers };
const never = (): AbortSignal => new AbortController().signal;
const encoder = new TextEncoder();
const payloadOf = (rows: readonly string[]) => {
  const text = rows.map((row) => `${Buffer.byteLength(row)} ${row}`).join('');
  const bytes = encoder.encode(text);
  return { blocks: [bytes], rowCount: rows.length, byteCount: bytes.length };
};
const textsOf = ({ messages }: SyslogServer): string[] => messages.map(String);

async function rig(t: Test, options: Partial<SyslogSinkOptions> = {}) {
  const server = await new SyslogServer('octet_counting').start();
  const to = { host: '127.0.0.1', port: server.port, tls: null };
  const sink = createSyslogSink({ ...to, ...options }, deps);
  t.teardown(async () => {
    await sink.close();
    await server.stop();
  });
  return { server, sink };
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !isTrue(); i++) await nodeTimers.sleep(10);
  if (!isTrue()) throw new Error(`never came: ${what}`);
}

async function underTest(): Promise<SinkUnderTest> {
  const server = await new SyslogServer('octet_counting').start();
  return {
    sink: createSyslogSink({ host: '127.0.0.1', port: server.port, tls: null }, deps),
    // What the kernel has taken is on its way.
    received: async () => {
      let count = -1;
      while (count !== server.messages.length) {
        count = server.messages.length;
        await nodeTimers.sleep(300);
      }
      return textsOf(server);
    },
    breakDown: () => server.stop(),
    heal: async () => {
      await server.stop();
      await server.start();
    },
    dispose: () => server.stop(),
  };
}

testSink(t, { create: underTest, payloadOf });

t.test('a server that went away between two payloads', async (t) => {
  const { server, sink } = await rig(t);
  t.same(await sink.write(payloadOf(['one']), never()), { kind: 'delivered' });
  await until('one', () => server.messages.length === 1);
  server.closeAll();
  await nodeTimers.sleep(100);
  t.same(await sink.write(payloadOf(['two']), never()), { kind: 'delivered' });
  await until('two', () => server.messages.length === 2);
  t.equal(server.connectionCount, 2, 'the end was seen, and another connection made');
  t.same(textsOf(server), ['one', 'two']);
});

t.test('a server that does not read', async (t) => {
  const { server, sink } = await rig(t, { timeoutMs: 300 });
  server.isReading = false;
  // More than the kernels keep.
  const large = payloadOf(Array.from({ length: 200 }, (_, i) => `${i} ${'x'.repeat(200_000)}`));
  const outcome = await sink.write(large, never());
  t.match(outcome, { kind: 'retry', failure: { message: /did not take all within 300 ms/ } });
  server.isReading = true;
  t.same(await sink.write(payloadOf(['after']), never()), { kind: 'delivered' });
  await until('after', () => server.messages.length > 0);
  t.same(textsOf(server), ['after'], 'on a connection of its own, not behind half a frame');
});

t.test('nobody there', async (t) => {
  const { server, sink } = await rig(t);
  await server.stop();
  const outcome = await sink.write(payloadOf(['one']), never());
  t.match(outcome, {
    kind: 'retry',
    failure: { message: /syslog:\/\/127\.0\.0\.1:\d+ cannot be/ },
  });
});

t.test('TLS', async (t) => {
  const certificates: Certificates = await makeCertificates();
  t.teardown(() => certificates.remove());
  const { key, cert, caFile } = certificates;
  const server = await new SyslogServer('octet_counting', { key, cert }).start();
  t.teardown(() => server.stop());
  const none = { certificateFile: null, keyFile: null };
  const to = { host: 'localhost', port: server.port };
  const sinkWith = (ca: string | null) => {
    const sink = createSyslogSink({ ...to, tls: { ...none, caFile: ca } }, deps);
    t.teardown(() => sink.close());
    return sink;
  };
  t.same(await sinkWith(caFile).write(payloadOf(['safe']), never()), { kind: 'delivered' });
  await until('safe', () => server.messages.length === 1);
  const stranger = await sinkWith(null).write(payloadOf(['no']), never());
  t.match(stranger, { kind: 'retry', failure: { message: /certificate/ } });
  const missing = await sinkWith('/nowhere/ca.pem').write(payloadOf(['no']), never());
  t.match(missing, { kind: 'retry', failure: { code: 'WEIR_CONFIG_INVALID' } });
  t.same(textsOf(server), ['safe'], 'nothing goes to a server that is not the right one');
});

t.test('a server that asks for a certificate', async (t) => {
  const certificates = await makeCertificates();
  t.teardown(() => certificates.remove());
  const { key, cert, caFile } = certificates;
  const { readFile, writeFile } = await import('node:fs/promises');
  const ca = await readFile(caFile, 'utf8');
  const options = { key, cert, ca, requestCert: true, rejectUnauthorized: true };
  const server = await new SyslogServer('octet_counting', options).start();
  t.teardown(() => server.stop());
  const directory = t.testdir({});
  const [certificateFile, keyFile] = [`${directory}/client.pem`, `${directory}/client.key`];
  await writeFile(certificateFile, cert);
  await writeFile(keyFile, key);
  const tls = { caFile, certificateFile, keyFile };
  const sink = createSyslogSink({ host: 'localhost', port: server.port, tls }, deps);
  t.teardown(() => sink.close());
  t.same(await sink.write(payloadOf(['known']), never()), { kind: 'delivered' });
  await until('known', () => server.messages.length === 1);
  const none = { caFile, certificateFile: null, keyFile: null };
  const stranger = createSyslogSink({ host: 'localhost', port: server.port, tls: none }, deps);
  t.teardown(() => stranger.close());
  for (let i = 0; i < 3; i++)
    t.match(await stranger.write(payloadOf(['unknown']), never()), { kind: 'retry' });
  t.same(textsOf(server), ['known'], 'nothing counts as delivered that the server refused');
});

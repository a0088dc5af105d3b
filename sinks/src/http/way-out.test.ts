// Scenario: an http sink reaches its server by TLS, or through a proxy that the environment names.
// Guarantees: a server is trusted by the given certificates alone; a proxy sees no event of an
// https server; NO_PROXY is obeyed; a failing proxy loses nothing.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import { ndjsonPayload } from '@weir/pipeline/testing';
import t, { type Test } from 'tap';
import { createHttpSink, type HttpSinkOptions } from './index.js';
import { type Certificates, makeCertificates } from './testing/certificates.js';
import { Receiver } from './testing/receiver.js';

const ROWS = ['{"secret":"value"}'];
let certificates: Certificates;
t.before(async () => {
  certificates = await makeCertificates();
});
t.teardown(() => certificates.remove());

async function receiverOf(t: Test, isTls: boolean): Promise<Receiver> {
  const receiver = new Receiver(isTls ? certificates : null);
  await receiver.start();
  t.teardown(() => receiver.stop());
  return receiver;
}

type Env = Readonly<Record<string, string>>;
async function send(t: Test, options: HttpSinkOptions, env: Env = {}) {
  const sink = createHttpSink(options, { clock: nodeClock, timers: nodeTimers, env });
  t.teardown(() => sink.close());
  return sink.write(ndjsonPayload(ROWS), new AbortController().signal);
}

/** A proxy that knows CONNECT alone. `seen` has what passes through it. */
class ConnectProxy {
  readonly targets: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  seen = '';
  status = 200;
  readonly #server: Server = createServer((_, response) => response.writeHead(501).end());

  async start(t: Test): Promise<number> {
    this.#server.on('connect', (request, socket) => {
      this.targets.push(request.url ?? '');
      this.authorizations.push(request.headers['proxy-authorization']);
      if (this.status !== 200) {
        socket.end(`HTTP/1.1 ${this.status} No\r\n\r\n`);
        return;
      }
      const [host = '', port = ''] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connected\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      socket.on('data', (chunk: Buffer) => {
        this.seen += chunk.toString('latin1');
      });
      for (const end of [socket, upstream]) {
        end.on('error', () => undefined);
        end.on('close', () => {
          socket.destroy();
          upstream.destroy();
        });
      }
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    t.teardown(() => this.#server.close());
    return (this.#server.address() as AddressInfo).port;
  }
}

t.test('a certificate of a known authority', async (t) => {
  const receiver = await receiverOf(t, true);
  const url = `https://localhost:${receiver.port}/`;
  t.equal((await send(t, { url, tlsCaFile: certificates.caFile })).kind, 'delivered');
  t.equal(receiver.requests[0]?.text, `${ROWS[0]}\n`);
});

t.test('TLS to a server that speaks none', async (t) => {
  const receiver = await receiverOf(t, false);
  const outcome = await send(t, { url: `https://localhost:${receiver.port}/` });
  t.equal(outcome.kind, 'retry');
  const message =
    /cannot be reached: the other side does not speak TLS; is it http:\/\/ instead\?$/;
  t.match(outcome.kind === 'retry' && outcome.failure.message, message);
});

t.test('a certificate of an unknown authority', async (t) => {
  const receiver = await receiverOf(t, true);
  const outcome = await send(t, { url: `https://localhost:${receiver.port}/` });
  t.match(outcome, { kind: 'retry', failure: { code: 'WEIR_SINK_UNREACHABLE' } });
  t.match(outcome.kind === 'retry' && outcome.failure.message, /certificate/i);
  t.equal(receiver.requests.length, 0, 'nothing was sent');
});

t.test('an https server behind a proxy', async (t) => {
  const receiver = await receiverOf(t, true);
  const proxy = new ConnectProxy();
  const port = await proxy.start(t);
  const options = {
    url: `https://localhost:${receiver.port}/`,
    tlsCaFile: certificates.caFile,
    headers: { authorization: 'Bearer token' },
  };
  const outcome = await send(t, options, { HTTPS_PROXY: `http://us:pw@127.0.0.1:${port}` });
  t.equal(outcome.kind, 'delivered');
  t.same(proxy.targets, [`localhost:${receiver.port}`]);
  t.same(proxy.authorizations, [`Basic ${Buffer.from('us:pw').toString('base64')}`]);
  t.equal(receiver.requests[0]?.headers['proxy-authorization'], undefined);
  t.notMatch(proxy.seen, 'secret', 'the proxy sees no event');
  t.notMatch(proxy.seen, 'token', 'and no credentials');
});

t.test('an http server behind a proxy, and past it', async (t) => {
  const receiver = await receiverOf(t, false);
  const proxy = new ConnectProxy();
  const HTTP_PROXY = `http://127.0.0.1:${await proxy.start(t)}`;
  const url = `http://localhost:${receiver.port}/`;
  t.equal((await send(t, { url }, { HTTP_PROXY })).kind, 'delivered');
  t.equal(proxy.targets.length, 1);
  t.equal((await send(t, { url }, { HTTP_PROXY, NO_PROXY: 'localhost' })).kind, 'delivered');
  t.equal((await send(t, { url }, { HTTPS_PROXY: 'http://127.0.0.1:9' })).kind, 'delivered');
  t.equal(proxy.targets.length, 1, 'neither went through it');
  t.equal(receiver.requests.length, 3);
});

t.test('a proxy that refuses or is away', async (t) => {
  const receiver = await receiverOf(t, false);
  const proxy = new ConnectProxy();
  const port = await proxy.start(t);
  const url = `http://localhost:${receiver.port}/`;
  for (const status of [407, 502]) {
    proxy.status = status;
    const outcome = await send(t, { url }, { http_proxy: `http://127.0.0.1:${port}` });
    t.match(outcome, { kind: 'retry', failure: { code: 'WEIR_SINK_UNREACHABLE' } });
    t.match(outcome.kind === 'retry' && outcome.failure.message, String(status));
  }
  t.equal((await send(t, { url }, { http_proxy: 'http://127.0.0.1:9' })).kind, 'retry');
  const wrong = await send(t, { url }, { http_proxy: 'http://us:hunter2@/' });
  t.match(wrong, { kind: 'retry', failure: { code: 'WEIR_CONFIG_INVALID' } });
  t.notMatch(wrong.kind === 'retry' && wrong.failure.message, 'hunter2');
  t.equal(receiver.requests.length, 0);
});

// Scenario: real connections that send at the same time, stop, are paused, cut and reset.
// Guarantees: though all read into the same memory, each gets its own bytes, in order and once;
// nothing comes while a connection is paused; its end is told once, with the reason.
import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { Listening, TcpConnection } from '../ports.js';
import { nodeNetwork } from './network.js';

interface Peer {
  readonly client: Socket;
  readonly connection: TcpConnection;
}

async function listen(onConnection: (connection: TcpConnection) => void): Promise<Listening> {
  return await nodeNetwork.listenTcp({ host: '127.0.0.1', port: 0, onConnection });
}

async function connected(t: Test): Promise<Peer> {
  let give: (connection: TcpConnection) => void = () => {};
  const accepted = new Promise<TcpConnection>((resolve) => {
    give = resolve;
  });
  const { port, close } = await listen((connection) => give(connection));
  const client = connect({ port, host: '127.0.0.1' });
  t.teardown(() => client.destroy());
  const connection = await accepted;
  await close();
  return { client, connection };
}

const closed = (connection: TcpConnection): Promise<Error | null> =>
  new Promise((resolve) => connection.onClose(resolve));
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

t.test('connections that send at once get their own bytes', async (t) => {
  const hashes: Promise<string>[] = [];
  const { port, close } = await listen((connection) => {
    const hash = createHash('sha256');
    connection.onData((chunk) => void hash.update(chunk));
    hashes.push(closed(connection).then(() => hash.digest('hex')));
  });
  const bodies = Array.from({ length: 8 }, (_, i) => randomBytes(300_000 + i * 7_919));
  await Promise.all(
    bodies.map(
      (body) =>
        new Promise<void>((resolve, reject) => {
          const client = connect({ port, host: '127.0.0.1' }, () => client.end(body));
          client.on('close', () => resolve()).on('error', reject);
        }),
    ),
  );
  const expected = bodies.map((body) => createHash('sha256').update(body).digest('hex'));
  t.same((await Promise.all(hashes)).sort(), expected.sort());
  await close();
});

t.test('nothing is read before someone listens, nor while paused', async (t) => {
  const { client, connection } = await connected(t);
  t.equal(connection.peerAddress, '127.0.0.1');
  const ended = closed(connection);
  client.write('one');
  await later();
  const texts: string[] = [];
  connection.onData((chunk) => {
    texts.push(chunk.toString());
    if (texts.length < 3) connection.pause();
  });
  while (texts.length === 0) await later();
  t.same(texts, ['one']);
  client.write('two');
  await later();
  t.same(texts, ['one'], 'paused');
  connection.resume();
  while (texts.length === 1) await later();
  t.same(texts, ['one', 'two']);
  connection.resume();
  client.end('three');
  t.equal(await ended, null, 'an orderly end');
  t.same(texts, ['one', 'two', 'three']);
});

t.test('paused right after someone listens: nothing is read', async (t) => {
  const { client, connection } = await connected(t);
  const ended = closed(connection);
  const body = randomBytes(200_000);
  client.end(body);
  await later();
  let byteCount = 0;
  connection.onData((chunk) => {
    byteCount += chunk.length;
  });
  connection.pause();
  await later();
  t.equal(byteCount, 0);
  connection.resume();
  t.equal(await ended, null);
  t.equal(byteCount, body.length);
});

t.test('cut from this side within the call', async (t) => {
  const { client, connection } = await connected(t);
  const ended = closed(connection);
  let count = 0;
  connection.onData(() => {
    count++;
    connection.destroy();
  });
  client.on('error', () => {});
  client.write('x');
  t.equal(await ended, null);
  t.equal(count, 1);
  await new Promise((resolve) => client.once('close', resolve));
  t.pass('the other side sees the end');
});

t.test('reset by the other side', async (t) => {
  const { client, connection } = await connected(t);
  const ended = closed(connection);
  connection.onData(() => {});
  client.resetAndDestroy();
  t.match(await ended, { code: 'ECONNRESET' });
});

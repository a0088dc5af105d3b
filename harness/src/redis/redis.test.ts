// Scenario: a real Redis, killed, frozen and started again on its port.
// Guarantees: what was acknowledged by a durable one is there after SIGKILL.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import t from 'tap';
import { RedisServer } from './index.js';

const directory = mkdtempSync(join(tmpdir(), 'weir-redis-'));
t.teardown(() => rmSync(directory, { recursive: true, force: true }));

t.test('a durable one keeps what it acknowledged', async (t) => {
  const server = await RedisServer.start({ directory: join(directory, 'durable'), durable: true });
  t.teardown(() => server.process.kill());
  const client = new Redis(server.url);
  t.teardown(() => client.disconnect());
  client.on('error', () => {});
  t.equal(await client.incrby('count', 5), 5);
  await server.process.kill();
  await server.process.start();
  t.equal(await client.incr('count'), 6, 'the client finds it again on its port');

  server.process.pause();
  const asked = client.incr('count');
  t.equal(await Promise.race([asked, halfSecond()]), 'waiting');
  server.process.resume();
  t.equal(await asked, 7);
});

t.test('a password is asked for', async (t) => {
  const server = await RedisServer.start({ directory: join(directory, 'secret'), password: 'p/w' });
  t.teardown(() => server.process.kill());
  const client = new Redis(server.url);
  t.teardown(() => client.disconnect());
  t.equal(await client.ping(), 'PONG');
  const stranger = new Redis(server.port, '127.0.0.1');
  t.teardown(() => stranger.disconnect());
  stranger.on('error', () => {});
  await t.rejects(stranger.ping(), /NOAUTH/);
});

const halfSecond = (): Promise<string> =>
  new Promise((resolve) => setTimeout(() => resolve('waiting'), 500));

// Scenario: someone else on the machine, or a web page, speaks to the embedded store. Guarantees:
// no request without the password, from a page, or to another host name is served; GET changes
// nothing.
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createStore } from '../store/index.js';
import { createInsertFiles } from './insert-files.js';
import { type EmbeddedStore, startEmbeddedStore } from './start.js';
import { namedFormat } from './statement.js';

let directory = '';
let store: EmbeddedStore;
t.before(async () => {
  directory = await mkdtemp(join(tmpdir(), "weir-it's-"));
  store = await startEmbeddedStore({ directory, log: () => undefined });
});
t.teardown(async () => {
  await store.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Reply {
  readonly status: number;
  readonly text: string;
}

function ask(
  method: string,
  sql: string,
  headers: Record<string, string> = {},
  auth?: string,
): Promise<Reply> {
  const { username, password, port } = new URL(store.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path: `/?query=${encodeURIComponent(sql)}`,
        auth: auth ?? `${username}:${password}`,
        headers,
      },
      (reply) => {
        let text = '';
        reply.on('data', (chunk) => {
          text += chunk;
        });
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

t.test('GET reads and changes nothing', async (t) => {
  t.match(await ask('GET', 'SELECT 1 + 1'), { status: 200, text: '2\n' });
  t.match(await ask('GET', 'CREATE TABLE t (a UInt8) ORDER BY a'), { text: /READONLY/ });
  t.match(await ask('GET', 'SELECT 1 SETTINGS readonly = 0'), { text: /READONLY/ });
  t.match(await ask('POST', 'CREATE TABLE t (a UInt8) ORDER BY a'), { status: 200 });
  t.match(await ask('GET', 'INSERT INTO t VALUES (1)'), { text: /READONLY/ });
  t.match(await ask('GET', 'DROP TABLE t'), { text: /READONLY/ });
  t.match(await ask('GET', 'SELECT count() FROM t'), { status: 200, text: '0\n' });
});

t.test('pages, other host names and wrong passwords are refused', async (t) => {
  t.match(await ask('POST', 'SELECT 1', { origin: 'http://192.0.2.1' }), { status: 403 });
  t.match(await ask('GET', 'SELECT 1', { host: 'rebound.example:8123' }), { status: 403 });
  t.match(await ask('GET', 'SELECT 1', { host: 'localhost:8123' }), { status: 200 });
  for (const auth of ['', 'weir:', 'weir:wrong', 'default:'])
    t.match(await ask('POST', 'SELECT 1', {}, auth), { status: 403, text: /Code: 516/ });
  const wrong = createStore({ url: store.url.replace(/:\w+@/, ':wrong@') });
  await t.rejects(wrong.query('SELECT 1'), { code: 'WEIR_STORE_REJECTED' });
  await wrong.close();
});

t.test('insert files go to disk when the memory is full', async (t) => {
  const data = join(directory, 'files');
  await mkdir(data);
  const full = createInsertFiles(data, { sharedFreeBytesMin: Number.MAX_SAFE_INTEGER });
  const path = await full.store(Buffer.from('abc'), null);
  t.same(await readdir(join(data, 'incoming')), [path.slice(join(data, 'incoming/').length)]);
  await full.discard(path);
  const memory = join(directory, 'memory');
  await mkdir(memory);
  const roomy = createInsertFiles(data, { sharedMemory: memory, sharedFreeBytesMin: 0 });
  t.ok((await roomy.store(Buffer.from('abc'), null)).startsWith(memory));
});

t.test('a column named format', async (t) => {
  t.equal(namedFormat('SELECT 1 FORMAT CSV'), 'CSV');
  t.equal(namedFormat('SELECT 1 FORMAT CSV SETTINGS max_threads = 1;'), 'CSV');
  t.equal(namedFormat('SELECT format FROM f ORDER BY format DESC'), undefined);
  const reply = await ask('POST', 'SELECT number AS format FROM numbers(2) ORDER BY format DESC');
  t.match(reply, { status: 200, text: '1\n0\n' });
});

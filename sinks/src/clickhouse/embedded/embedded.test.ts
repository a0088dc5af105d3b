// Scenario: @clickhouse/client talks to the embedded store as to a server; processes die.
// Guarantees: parameters, settings, formats, compression and errors behave as on a server; no
// engine outlives its parent; two never share a directory.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { processStart } from '@weir/pipeline/node';
import t from 'tap';
import { temporaryDirectory } from '../testing/fixture.js';
import { type EmbeddedStore, startEmbeddedStore } from './start.js';
import { superviseStore } from './supervise.js';

const directories: string[] = [];
async function directoryFor(name: string): Promise<string> {
  const directory = join(await temporaryDirectory(), name);
  directories.push(directory);
  return directory;
}
const quiet = { log: { level: ClickHouseLogLevel.OFF } };

let store: EmbeddedStore;
let plain: ClickHouseClient;
let gzip: ClickHouseClient;

t.before(async () => {
  const directory = await directoryFor('protocol');
  store = await startEmbeddedStore({ directory, log: () => undefined });
  plain = createClient({ url: store.url, ...quiet });
  gzip = createClient({
    url: store.url,
    compression: { request: true, response: true },
    ...quiet,
  });
});
t.teardown(async () => {
  await plain.close();
  await gzip.close();
  await store.stop();
  for (const directory of directories)
    await rm(join(directory, '..'), { recursive: true, force: true });
});

t.test('ping, parameters of all kinds, settings', async (t) => {
  t.equal((await plain.ping()).success, true);
  const result = await plain.query({
    query:
      'SELECT {text:String} AS text, {list:Array(UInt8)} AS list, ' +
      '{none:Nullable(String)} AS none, ' +
      "getSetting('max_threads') AS threads",
    query_params: { text: "it's a \\ \n\t 'test'", list: [1, 2], none: null },
    clickhouse_settings: { max_threads: 1 },
    format: 'JSONEachRow',
  });
  t.same(await result.json(), [
    { text: "it's a \\ \n\t 'test'", list: [1, 2], none: null, threads: '1' },
  ]);
});

t.test('nothing of a request is left for the next', async (t) => {
  const second = await plain.query({
    query: "SELECT getSetting('max_threads') > 1 OR 1 AS ok, currentDatabase() AS database",
    format: 'JSONEachRow',
  });
  t.match(await second.json(), [{ database: 'default' }]);
  await t.rejects(plain.query({ query: 'SELECT {text:String}' }), { code: '456' });
});

t.test('parameters of many requests at once do not mix', async (t) => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const result = await plain.query({
        query: 'SELECT {n:UInt32} AS n, sum(number) AS s FROM numbers(10000)',
        query_params: { n: i },
        format: 'JSONEachRow',
      });
      return ((await result.json()) as { n: number }[])[0]?.n;
    }),
  );
  t.same(
    answers,
    answers.map((_, i) => i),
  );
});

t.test('inserts: JSONEachRow, RowBinary, VALUES, compressed, with blank lines', async (t) => {
  for (const client of [plain, gzip]) {
    await client.command({ query: 'CREATE OR REPLACE TABLE t (a UInt32, s String) ORDER BY a' });
    await client.insert({
      table: 't',
      values: [{ a: 1, s: 'x\n\ny' }],
      format: 'JSONEachRow',
    });
    // 0a 0a 00 00 is the number 2570: a blank line within binary data.
    const rowBinary = Buffer.from([0x0a, 0x0a, 0, 0, 2, 0x0a, 0x0a]);
    const { stream } = await client.exec({
      query: 'INSERT INTO t (a, s) FORMAT RowBinary',
      values: Readable.from([rowBinary.subarray(0, 3), rowBinary.subarray(3)], {
        objectMode: false,
      }),
    });
    stream.resume();
    await once(stream, 'end');
    await client.command({ query: "INSERT INTO t VALUES (7, 'seven')" });
    await client.command({ query: 'INSERT INTO t FORMAT JSONEachRow\n{"a":8,"s":"eight"}' });
    await client.insert({ table: 't', values: [], format: 'JSONEachRow' });
    const result = await client.query({ query: 'SELECT * FROM t ORDER BY a', format: 'JSON' });
    const { data, rows } = await result.json<{ a: number; s: string }>();
    t.equal(rows, 4);
    t.same(data, [
      { a: 1, s: 'x\n\ny' },
      { a: 7, s: 'seven' },
      { a: 8, s: 'eight' },
      { a: 2570, s: '\n\n' },
    ]);
  }
});

t.test('large results are streamed', async (t) => {
  for (const client of [plain, gzip]) {
    const result = await client.query({
      query: 'SELECT number FROM numbers(300000)',
      format: 'JSONEachRow',
    });
    let count = 0;
    for await (const rows of result.stream()) count += rows.length;
    t.equal(count, 300_000);
  }
});

t.test('errors: code and type, before and behind the first row', async (t) => {
  await t.rejects(plain.query({ query: 'SELECT nothing' }), {
    code: '47',
    type: 'UNKNOWN_IDENTIFIER',
  });
  await t.rejects(plain.query({ query: 'SELECT * FROM nowhere' }), { code: '60' });
  await t.rejects(plain.command({ query: 'SELEC' }), { code: '62' });
  await t.rejects(plain.query({ query: 'SELECT 1', clickhouse_settings: { nosuch: 1 } }), {
    code: '115',
  });
  const result = await plain.query({
    query: 'SELECT number, throwIf(number = 2000000) FROM numbers(3000000)',
    clickhouse_settings: { max_threads: 1 },
    format: 'JSONEachRow',
  });
  let rowsBefore = 0;
  await t.rejects(
    (async () => {
      for await (const rows of result.stream()) rowsBefore += rows.length;
    })(),
    { code: '395' },
  );
  t.ok(rowsBefore > 0);
  await t.rejects(plain.insert({ table: 't', values: ['{"a":"x"}'], format: 'JSONEachRow' }));
});

t.test('a second store on the directory is refused, a leftover is ended', async (t) => {
  const directory = await directoryFor('locked');
  const first = await startEmbeddedStore({ directory, log: () => undefined });
  await t.rejects(startEmbeddedStore({ directory, log: () => undefined }), {
    code: 'WEIR_DATA_DIR_LOCKED',
  });
  // Without the record only the engine's own lock is left.
  await rm(join(directory, `engine-${first.pid}.json`));
  await t.rejects(startEmbeddedStore({ directory, log: () => undefined }), {
    code: 'WEIR_DATA_DIR_LOCKED',
  });
  // A record whose parent is gone makes it a leftover.
  await writeFile(
    join(directory, `engine-${first.pid}.json`),
    JSON.stringify({
      pid: first.pid,
      start: processStart(first.pid),
      parentPid: 999_999_999,
      parentStart: '1',
    }),
  );
  const stale = `/dev/shm/weir-insert-${first.pid}-1-0`;
  const hasSharedMemory = await writeFile(stale, 'x').then(
    () => true,
    () => false,
  );
  const lines: string[] = [];
  const second = await startEmbeddedStore({ directory, log: (line) => lines.push(line) });
  t.equal((await first.exited).signal, 'SIGKILL');
  t.ok(lines.some((line) => line.includes(String(first.pid))));
  if (hasSharedMemory)
    t.notOk((await readdir('/dev/shm')).includes(stale.slice('/dev/shm/'.length)));
  await second.stop();
  t.same(
    (await readdir(directory)).filter((name) => name.startsWith('engine-')),
    [],
    'no record is left',
  );
});

t.test('kill -9 of the parent ends the engine', async (t) => {
  const directory = await directoryFor('orphan');
  const parent = fork(fileURLToPath(new URL('../testing/store-parent.js', import.meta.url)), [
    directory,
  ]);
  const pid = await new Promise<number>((resolve) =>
    parent.once('message', (m) => resolve(m as number)),
  );
  t.not(processStart(pid), null);
  parent.kill('SIGKILL');
  while (processStart(pid) !== null) await new Promise((resolve) => setTimeout(resolve, 10));
  const next = await startEmbeddedStore({ directory, log: () => undefined });
  await next.stop();
});

t.test('the supervisor restarts on the same port, and fences', async (t) => {
  const states: string[] = [];
  const supervised = await superviseStore({
    directory: await directoryFor('supervised'),
    log: () => undefined,
    restartDelayMsMax: 50,
    onState: (state) => states.push(state),
  });
  const { url, pid } = supervised;
  const client = createClient({ url, ...quiet });
  await client.command({ query: 'CREATE TABLE t (a UInt8) ORDER BY a' });
  process.kill(pid, 'SIGKILL');
  while (supervised.restartCount === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(supervised.url, url);
  t.not(supervised.pid, pid);
  t.equal((await client.ping()).success, true);
  const before = supervised.pid;
  await supervised.fence();
  t.not(supervised.pid, before);
  t.equal(supervised.state, 'running');
  const result = await client.query({ query: 'EXISTS TABLE t', format: 'JSONEachRow' });
  t.same(await result.json(), [{ result: 1 }]);
  await client.close();
  await supervised.stop();
  t.same(states, ['restarting', 'running', 'restarting', 'running', 'stopped']);
});

t.test('a directory that cannot be used says so', async (t) => {
  const directory = await directoryFor('file');
  await mkdir(join(directory, '..'), { recursive: true });
  await writeFile(directory, 'not a directory');
  await t.rejects(startEmbeddedStore({ directory, log: () => undefined }), {
    code: 'WEIR_DATA_DIR_UNWRITABLE',
  });
});

// Guarantees: no literal of a statement gets into what is shown of it; names and structure do; a
// store tells of every statement once, with its duration, and of one that fails with the reason.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startEmbeddedStore } from '../embedded/index.js';
import { temporaryDirectory } from '../testing/fixture.js';
import { redactSql } from './redact-sql.js';
import { createStore, type ExecutedStatement } from './store.js';

t.test('literals go, names stay', (t) => {
  for (const [sql, shown] of [
    [
      "SELECT a FROM t WHERE b = 'it''s \\' secret' AND c > 12.5",
      'SELECT a FROM t WHERE b = ? AND c > ?',
    ],
    ['SELECT `12`, "se 3", col4 FROM db.t5', 'SELECT `12`, "se 3", col4 FROM db.t5'],
    ['SELECT {p1:UInt64}, x -- secret 7\nFROM t /* secret */', 'SELECT {p1:UInt64}, x FROM t'],
    ["INSERT INTO t VALUES ('a', 1, 0x1F), ('b', 2, 3)", 'INSERT INTO t VALUES (?, ...), ...'],
    ['SELECT $tag$ secret $tag$, 1e9', 'SELECT ?, ?'],
    ["SELECT 'secret without end", 'SELECT ?'],
    ['a IN (1, 2, 3, 4)', 'a IN (?, ...)'],
  ] as const)
    t.equal(redactSql(sql), shown);
  t.equal(redactSql(`SELECT ${'a, '.repeat(5_000)}b`).length, 2_003);
  t.end();
});

t.test('a store tells of its statements', async (t) => {
  const directory = await temporaryDirectory();
  const engine = await startEmbeddedStore({ directory: join(directory, 'store'), log: () => {} });
  const told: ExecutedStatement[] = [];
  const store = createStore({ url: engine.url, logSql: (statement) => told.push(statement) });
  t.teardown(async () => {
    await store.close();
    await engine.stop();
    await rm(directory, { recursive: true });
  });
  await store.query("SELECT 'secret', {who:String} AS who", { who: 'secret' });
  await store.command('CREATE TABLE default.t (a String) ENGINE = Memory');
  await store.insertNative('INSERT INTO default.t FORMAT Native', [new Uint8Array(0)], {
    queryId: 'x',
  });
  await t.rejects(store.command("INSERT INTO nowhere VALUES ('secret')"), {
    code: 'WEIR_STORE_REJECTED',
  });
  t.same(
    told.map(({ sql }) => sql),
    [
      'SELECT ?, {who:String} AS who',
      'CREATE TABLE default.t (a String) ENGINE = Memory',
      'INSERT INTO default.t FORMAT Native',
      'INSERT INTO nowhere VALUES (?)',
    ],
  );
  t.ok(told.every(({ durationMs }) => durationMs >= 0));
  t.same(
    told.map(({ error }) => error === null),
    [true, true, true, false],
  );
  t.notMatch(JSON.stringify(told), /secret/);
});

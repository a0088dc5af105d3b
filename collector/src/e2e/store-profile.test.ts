// Scenario: `weir run` with the slim profile, its store killed under load; then the same data
// directory, and the same server, with the other profile.
// Guarantees: every event is stored once, with its bytes, and the ledger closes, tables compared;
// what cannot be parsed is in quarantine; a table of another profile is refused with one sentence
// and exit code 2, before anything listens, and is not touched. The queries that the start and the
// README show find an event.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeirProcess, waitFor } from '@weir/harness';
import t from 'tap';

const WEIR = fileURLToPath(new URL('../../bin/weir.js', import.meta.url));
const SLIM = { WEIR_STORE__PROFILE: 'slim' };
const README = fileURLToPath(new URL('../../../README.md', import.meta.url));
const EVENT_COUNT = 8_000;
const REFUSED =
  'weir: dev.events was made with store.profile = "slim", not "full"; ' +
  'set that profile, or name another store.events_table, in a database and with a data_dir ' +
  'of its own';

t.test('the slim profile', async (t) => {
  const weir = new WeirProcess(join(t.testdir({ data: {} }), 'data'), SLIM);
  await weir.start();
  t.teardown(() => weir.killTree());
  const tables = (): Promise<string> =>
    weir.sql("SELECT name, create_table_query FROM system.tables WHERE database = 'dev'");
  const runFull = (data: string, environment: NodeJS.ProcessEnv = {}) => {
    const addresses = ['--syslog', '127.0.0.1:0', '--http', '127.0.0.1:0'];
    const { status, stderr } = spawnSync(
      process.execPath,
      [WEIR, 'run', '--data', data, ...addresses],
      { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...environment } },
    );
    const sentence = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    return { status, sentence: sentence.join('\n'), stderr };
  };

  await t.test('stores every event once, also when its engine is killed', async (t) => {
    const loading = weir.command(
      ...['load', '--target', weir.syslogAddress],
      ...['--count', String(EVENT_COUNT), '--rate', '4000', '--json'],
    );
    const some = async (): Promise<boolean> =>
      (await weir.sql('SELECT count() > 0 FROM dev.events')) === '1';
    t.ok(await waitFor(some, 30_000));
    t.ok(weir.killStore());
    t.equal((await loading).code, 0);
    const body =
      '{"message":"kept","vendor":{"key":"only in raw_data"},"severity":"high"}\n{"broken';
    const reply = await fetch(`${weir.httpUrl}/ingest`, { method: 'POST', body });
    t.equal(reply.status, 200);
    const verified = await weir.verify(30, '--deep');
    t.equal(verified.code, 0, verified.stderr);
    t.equal(
      await weir.sql('SELECT count(), uniqExact(stream, epoch, seq) FROM dev.events'),
      `${EVENT_COUNT + 1}\t${EVENT_COUNT + 1}`,
    );
    t.equal(
      await weir.sql("SELECT raw_data FROM dev.events WHERE raw_data LIKE '%only in raw_data%'"),
      body.split('\n')[0],
    );
    t.equal(await weir.sql('SELECT raw_data FROM dev.quarantine'), '{"broken');
    t.equal(await weir.sql("SELECT countIf(parser = '' OR time = 0) FROM dev.events"), '0');
  });

  await t.test('the queries that people are shown find an event', async (t) => {
    const body = '{"message":"hello weir"}';
    await fetch(`${weir.httpUrl}/ingest`, { method: 'POST', body });
    t.equal((await weir.verify(30)).code, 0);
    const log = readFileSync(join(weir.directory, '..', 'weir.log'), 'utf8');
    for (const [name, text] of [
      ['start', log],
      ['README', readFileSync(README, 'utf8')],
    ] as const) {
      const shown = text.match(/npx weir query "(SELECT time, [^"]*hello[^"]*)"/)?.[1];
      t.ok((await weir.sql(shown ?? '')).includes(body), name);
    }
  });

  const before = await tables();
  await t.test('a server whose table is slim, for a collector that writes full', async (t) => {
    const other = join(t.testdir({ data: {} }), 'data');
    const result = runFull(other, { CLICKHOUSE_URL: weir.runFile().storeUrl });
    t.equal(result.status, 2, result.stderr);
    t.equal(result.sentence, REFUSED);
    t.notMatch(result.stderr, /listening/);
    t.equal(await tables(), before, 'untouched');
  });

  await t.test('the same directory with the other profile, and with its own', async (t) => {
    t.equal(await weir.stop(), 0);
    const full = runFull(weir.directory);
    t.equal(full.status, 2, full.stderr);
    t.equal(full.sentence, REFUSED);
    await weir.start();
    t.equal(await tables(), before, 'untouched');
    const verified = await weir.verify(5, '--deep');
    t.equal(verified.code, 0, verified.stderr);
  });
});

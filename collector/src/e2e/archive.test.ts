// Scenario: a collector writes objects into an S3-compatible store that is away, keeps an object
//   without answering, and comes back, and messages to a syslog server; the collector is killed
//   meanwhile.
// Guarantees: every accepted event is in an object and in a message, and the ledgers of both sinks
//   close; credentials stand in no file that it writes. The archive can be replayed into another
//   Weir, however often and however it is cut, and each event is one row there.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirProcess, waitFor } from '@weir/harness';
import { S3Server, SyslogServer, TEST_CREDENTIALS } from '@weir/sinks/testing';
import t, { type Test } from 'tap';
import { decompress } from 'zstd-napi';

const EVENTS = 500;
const CONFIG = (endpoint: string, syslogPort: number) => `
[sources.http]
type = "http"
listen = "127.0.0.1:0"

[sources.syslog]
type = "syslog"
listen = "127.0.0.1:0"

[sinks.archive]
type = "s3"
endpoint = "${endpoint}"
bucket = "events"
region = "eu-central-1"
linger_ms = 200
batch_max_events = 300
retry_max_delay_ms = 300

[sinks.relay]
type = "syslog"
address = "127.0.0.1:${syslogPort}"
facility = 4
`;

function rowsOf(server: S3Server): { readonly seq: number; readonly raw_data: string }[] {
  return [...server.objects.values()].flatMap(({ body }) =>
    Buffer.from(decompress(body))
      .toString()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  );
}

/** Into an empty Weir with a store, twice and from a folder, too: each event is one row. */
async function replayed(
  t: Test,
  server: S3Server,
  environment: NodeJS.ProcessEnv,
  directory: string,
): Promise<void> {
  const other = new WeirProcess(join(directory, 'other', 'data'), environment);
  mkdirSync(other.directory, { recursive: true });
  await other.start();
  t.teardown(() => other.killTree());
  const archive = ['s3://events/weir/', '--endpoint', server.url, '--region', 'eu-central-1'];
  server.pageKeysMax = 2;
  const dry = await other.command('replay', ...archive, '--dry-run', '--json');
  t.match(JSON.parse(dry.stdout), { events: 3 * EVENTS, otherLines: 0 });
  for (let times = 0; times < 2; times++) {
    const run = await other.command('replay', ...archive, '--url', other.httpUrl, '--json');
    t.equal(run.code, 0, run.stderr);
    t.match(JSON.parse(run.stdout), { files: server.objects.size, events: 3 * EVENTS });
  }
  // As a copy of the bucket in one folder, in another order and cut otherwise.
  const copy = join(directory, 'copy');
  mkdirSync(copy);
  const lines = rowsOf(server).map((row) => JSON.stringify(row));
  writeFileSync(join(copy, 'a.ndjson'), `${lines.slice(700).join('\n')}\n`);
  writeFileSync(join(copy, 'b.jsonl'), ['no event', ...lines.slice(0, 777)].join('\n'));
  writeFileSync(join(copy, 'c.txt'), 'not read');
  const again = await other.command('replay', copy, '--url', other.httpUrl, '--json');
  t.equal(again.code, 0, again.stderr);
  t.match(JSON.parse(again.stdout), { files: 2, events: 3 * EVENTS, otherLines: 1 });
  const verified = await other.verify(60);
  t.equal(verified.code, 0, verified.stderr);
  const [[total, numbers, texts] = []] = await other.query(
    'SELECT count(), uniqExact(stream, epoch, seq), uniqExact(raw_data) FROM dev.events',
  );
  t.same([total, numbers, texts].map(Number), [3 * EVENTS, 3 * EVENTS, 3 * EVENTS]);
  const nowhere = await other.command(
    'replay',
    copy,
    '--url',
    'http://127.0.0.1:9',
    '--patience',
    '0',
  );
  t.equal(nowhere.code, 1);
  t.match(nowhere.stderr, /cannot be reached/);
  t.equal((await other.command('replay', copy)).code, 2, 'to which Weir?');
  t.equal((await other.command('replay', join(directory, 'none'), '--dry-run')).code, 2);
  t.equal(await other.stop(), 0);
}

t.setTimeout(120_000);
t.test('objects in a store that is not always there', async (t) => {
  const server = await new S3Server().start();
  t.teardown(() => server.stop());
  const syslog = await new SyslogServer('octet_counting').start();
  t.teardown(() => syslog.stop());
  const directory = t.testdir({});
  const config = join(directory, 'weir.toml');
  writeFileSync(config, CONFIG(server.url, syslog.port));
  const data = join(directory, 'data');
  mkdirSync(data);
  const environment = {
    AWS_ACCESS_KEY_ID: TEST_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: TEST_CREDENTIALS.secretAccessKey,
  };
  const weir = new WeirProcess(data, environment, ['--config', config]);
  await weir.start();
  t.teardown(() => weir.killTree());
  const send = async (first: number): Promise<void> => {
    const lines = Array.from({ length: EVENTS }, (_, i) => `{"message":"event ${first + i}"}`);
    const reply = await fetch(`${weir.httpUrl}/ingest`, { method: 'POST', body: lines.join('\n') });
    t.equal(reply.status, 200);
  };
  await send(0);
  t.ok(await waitFor(async () => rowsOf(server).length >= EVENTS, 30_000, 50), 'objects come');
  await server.stop();
  await send(EVENTS);
  await weir.killTree();
  await server.start();
  let lostAnswers = 2;
  server.faultAfter = (_, response) => {
    if (lostAnswers-- <= 0) return false;
    response.destroy();
    return true;
  };
  await weir.start();
  await send(2 * EVENTS);
  const verified = await weir.verify(60);
  t.equal(verified.code, 0, verified.stderr);
  const rows = rowsOf(server);
  const wanted = Array.from({ length: 3 * EVENTS }, (_, i) => `{"message":"event ${i}"}`);
  t.same([...new Set(rows.map(({ raw_data }) => raw_data))].sort(), wanted.sort());
  const bodies = syslog.messages.map((message) => {
    const [, priority, body] =
      /^<(\d+)>1 \S+ \S+ json - - \[weir@32473 [^\]]*\] (.*)$/.exec(String(message)) ?? [];
    t.equal(priority, '38', 'facility 4, informational');
    return body;
  });
  t.same([...new Set(bodies)].sort(), wanted, 'every event is a message');
  await replayed(t, server, environment, directory);
  t.equal(await weir.stop(), 0);
  const written = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const tell = written.filter((path) =>
    readFileSync(path).includes(TEST_CREDENTIALS.secretAccessKey),
  );
  t.same(tell, [], 'the secret is written nowhere');
});

// Scenario: logger, rsyslog's omfwd (TCP, octet counted) and curl send into a running collector;
// rows are read back with SQL through `weir query`, and `weir verify` closes the ledger.
// Guarantees: what real senders write is what stands in the table, once, with its fields.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, seeded, WeirProcess, waitFor } from '@weir/harness';
import t, { type Test } from 'tap';

const exec = promisify(execFile);
const TIMEOUT_MS = 30_000;

t.test('real clients', async (t) => {
  const directory = join(t.testdir({ data: {} }), 'data');
  const weir = new WeirProcess(directory);
  await weir.start();
  t.teardown(() => weir.killTree());
  const [host, port] = splitAddress(weir.syslogAddress);

  await t.test('logger over TCP, RFC 5424', async (t) => {
    await exec('logger', [
      '--server',
      host,
      '--port',
      port,
      '--tcp',
      '--rfc5424',
      '-t',
      'demo',
      'via logger tcp',
    ]);
    const [row] = await rowsOf(
      t,
      weir,
      "SELECT message, actor_process_name, parser FROM dev.events WHERE message = 'via logger tcp'",
      1,
    );
    t.equal(row?.[1], 'demo');
    t.match(row?.[2], /syslog/);
  });

  await t.test('logger over TCP, octet counted', async (t) => {
    await exec('logger', [
      '--server',
      host,
      '--port',
      port,
      '--tcp',
      '--octet-count',
      '--rfc5424',
      'via octets',
    ]);
    await rowsOf(t, weir, "SELECT message FROM dev.events WHERE message = 'via octets'", 1);
  });

  await t.test('logger over UDP, RFC 3164', async (t) => {
    await exec('logger', [
      '--server',
      host,
      '--port',
      port,
      '--udp',
      '--rfc3164',
      '-p',
      'local0.warning',
      'via logger udp',
    ]);
    const [row] = await rowsOf(
      t,
      weir,
      "SELECT syslog_facility, syslog_severity, source FROM dev.events WHERE message = 'via logger udp'",
      1,
    );
    t.same(row, ['16', '4', '127.0.0.1']);
  });

  await t.test('curl: NDJSON, array, gzip, and a repeat under the same key', async (t) => {
    const url = `${weir.httpUrl}/ingest`;
    const body = '{"message":"via curl 1","user":"ann"}\n{"message":"via curl 2"}\n';
    const send = (...more: string[]): Promise<{ stdout: string }> =>
      exec('curl', ['-sS', '--fail-with-body', url, ...more]);
    const first = await send('-H', 'Idempotency-Key: curl/1/0', '--data-binary', body);
    t.equal(JSON.parse(first.stdout).accepted, 2);
    const second = await send('-H', 'Idempotency-Key: curl/1/0', '--data-binary', body);
    t.equal(JSON.parse(second.stdout).accepted, 2);
    await send('--data-binary', '[{"message":"via curl 3"},{"message":"via curl 4"}]');
    const file = join(t.testdir({}), 'body.gz');
    await exec('sh', ['-c', `printf '{"message":"via curl 5"}' | gzip > '${file}'`]);
    await send('-H', 'Content-Encoding: gzip', '--data-binary', `@${file}`);
    const rows = await rowsOf(
      t,
      weir,
      "SELECT message FROM dev.events WHERE message LIKE 'via curl %' ORDER BY message",
      5,
    );
    t.same(
      rows.flat(),
      [1, 2, 3, 4, 5].map((n) => `via curl ${n}`),
    );
  });

  await t.test('rsyslog omfwd, TCP, octet counted', async (t) => {
    await withRsyslog(t, host, port, async (inputPort) => {
      for (let i = 0; i < 200; i++) {
        await exec('logger', [
          '--server',
          '127.0.0.1',
          '--port',
          String(inputPort),
          '--tcp',
          '--rfc5424',
          `via rsyslog ${i}`,
        ]);
      }
      const rows = await rowsOf(
        t,
        weir,
        "SELECT message FROM dev.events WHERE message LIKE 'via rsyslog %'",
        200,
      );
      t.equal(new Set(rows.flat()).size, 200, 'each once');
    });
  });

  await t.test('the ledger closes, and a drain is orderly', async (t) => {
    const verified = await weir.verify(30);
    t.equal(verified.code, 0, verified.stderr);
    t.equal(await weir.stop(), 0);
    const again = await weir.verify(30);
    t.equal(again.code, 0, 'also for a stopped instance');
  });
});

function splitAddress(address: string): [string, string] {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon), address.slice(colon + 1)];
}

/** Waits until the query gives `count` rows, and fails the test otherwise. */
async function rowsOf(t: Test, weir: WeirProcess, sql: string, count: number): Promise<string[][]> {
  let rows: string[][] = [];
  const came = await waitFor(async () => {
    rows = await weir.query(sql);
    return rows.length >= count;
  }, TIMEOUT_MS);
  t.ok(came, `${count} rows came`);
  t.equal(rows.length, count, sql);
  return rows;
}

/**
 * Runs rsyslogd in the foreground with a TCP input and an octet-counted forward to the collector.
 */
async function withRsyslog(
  t: Test,
  host: string,
  port: string,
  use: (inputPort: number) => Promise<void>,
): Promise<void> {
  const work = join(t.testdir({}), 'rsyslog');
  mkdirSync(work);
  const inputPort = await freePort(seeded(process.pid + 7));
  const config = `
global(workDirectory="${work}")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="${inputPort}")
*.* action(type="omfwd" target="${host}" port="${port}" protocol="tcp" TCP_Framing="octet-counted"
  template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1")
`;
  writeFileSync(join(work, 'rsyslog.conf'), config);
  const child = spawn(
    'rsyslogd',
    ['-n', '-i', join(work, 'pid'), '-f', join(work, 'rsyslog.conf')],
    { stdio: 'ignore' },
  );
  const exited = new Promise<void>((resolve) =>
    child.once('exit', () => resolve()).once('error', () => resolve()),
  );
  try {
    const open = await waitFor(async () => {
      try {
        await exec('logger', [
          '--server',
          '127.0.0.1',
          '--port',
          String(inputPort),
          '--tcp',
          'probe',
        ]);
        return true;
      } catch {
        return false;
      }
    }, TIMEOUT_MS);
    t.ok(open, 'rsyslogd listens');
    await use(inputPort);
  } finally {
    child.kill('SIGTERM');
    await exited;
  }
}

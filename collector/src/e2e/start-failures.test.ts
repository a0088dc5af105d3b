// Scenario: what goes wrong when a person starts the collector: port in use, a data directory that
// cannot be written, a second process on it, an unknown key, wrong flags; and a ClickHouse that is
// not there. Guarantees: one clear sentence on standard error and exit code 2, nothing left
// running; an unreachable server is no reason to stop: events are spooled, and the status says so.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, seeded, WeirProcess, waitFor } from '@weir/harness';
import t from 'tap';

const WEIR = fileURLToPath(new URL('../../bin/weir.js', import.meta.url));

function weir(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [WEIR, ...args], { encoding: 'utf8', timeout: 60_000 });
}

/** One sentence on standard error that names the thing, apart from log lines (JSON). */
function sentenceOf(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  return lines.join('\n');
}

/** Segment header of spool/FORMAT.md: magic, version, and a CRC that says it is no damage. */
function segmentHeaderOfVersion(version: number): Buffer {
  const header = Buffer.alloc(192);
  header.write('WEIRSEG1');
  header.writeUInt16LE(version, 8);
  header.writeUInt16LE(header.length, 10);
  header.writeUInt32LE(crc32c(header.subarray(0, 188)), 188);
  return header;
}

/** CRC-32C (RFC 3720 B.4), bit by bit. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

t.test('an unknown key in the configuration', async (t) => {
  const file = join(t.testdir({}), 'weir.toml');
  writeFileSync(file, 'log_levle = "info"\n');
  for (const command of [
    ['run', '--config', file],
    ['validate', file],
  ]) {
    const result = weir(...command);
    t.equal(result.status, 2);
    t.match(
      sentenceOf(result.stderr),
      /^weir: .*\/log_levle is not a known key; did you mean log_level\?$/,
    );
  }
});

t.test('unknown commands and flags', async (t) => {
  const command = weir('rum');
  t.equal(command.status, 2);
  t.match(command.stderr, /Did you mean run\?/);
  t.equal(weir('run', '--dat', 'x').status, 2);
  t.equal(weir('--help').status, 0);
  t.equal(weir('--version').status, 0);
});

t.test('a port in use', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const data = join(t.testdir({}), 'data');
  for (const flags of [
    ['--http', `127.0.0.1:${port}`, '--syslog', '127.0.0.1:0'],
    ['--http', '127.0.0.1:0', '--syslog', `127.0.0.1:${port}`],
  ]) {
    const result = weir('run', '--data', data, ...flags);
    t.equal(result.status, 2, result.stderr);
    t.match(sentenceOf(result.stderr), new RegExp(`^weir: .*127\\.0\\.0\\.1:${port}.*$`));
  }
});

t.test('a data directory that cannot be made', async (t) => {
  const file = join(t.testdir({ file: 'x' }), 'file');
  const result = weir(
    'run',
    '--data',
    join(file, 'data'),
    '--syslog',
    '127.0.0.1:0',
    '--http',
    '127.0.0.1:0',
  );
  t.equal(result.status, 2);
  t.match(sentenceOf(result.stderr), /^weir: cannot write the data directory .*$/);
});

t.test('a second process on the same directory', async (t) => {
  const first = new WeirProcess(join(t.testdir({ data: {} }), 'data'));
  await first.start();
  t.teardown(() => first.killTree());
  const second = weir(
    'run',
    '--data',
    first.directory,
    '--syslog',
    '127.0.0.1:0',
    '--http',
    '127.0.0.1:0',
  );
  t.equal(second.status, 2);
  t.match(sentenceOf(second.stderr), /^weir: the data directory .* is in use by process \d+.*$/);
  t.equal(await first.stop(), 0, 'the first is unharmed');
});

t.test('a spool of a later version is refused untouched', async (t) => {
  const data = join(t.testdir({ data: {} }), 'data');
  const first = new WeirProcess(data);
  await first.start();
  await first.stop();
  const path = join(data, 'spool', 'seg-00000000000000ff.log');
  writeFileSync(path, segmentHeaderOfVersion(99));
  const result = weir('run', '--data', data, '--syslog', '127.0.0.1:0', '--http', '127.0.0.1:0');
  t.equal(result.status, 2, result.stderr);
  t.match(sentenceOf(result.stderr), /version 99/);
  t.same(readFileSync(path), segmentHeaderOfVersion(99));
});

t.test('a ClickHouse that is not there', async (t) => {
  const port = await freePort(seeded(process.pid + 3));
  const weirProcess = new WeirProcess(join(t.testdir({ data: {} }), 'data'), {
    CLICKHOUSE_URL: `http://127.0.0.1:${port}`,
  });
  await weirProcess.start();
  t.teardown(() => weirProcess.killTree());
  const reply = await fetch(`${weirProcess.httpUrl}/ingest`, {
    method: 'POST',
    body: '{"message":"kept"}',
  });
  t.equal(reply.status, 200, 'accepted and durable');
  const said = await waitFor(async () => {
    const ready = await fetch(`${weirProcess.httpUrl}/readyz`);
    const body = (await ready.json()) as { sinks?: { clickhouse?: { state?: string } } };
    return ready.status === 200 && body.sinks?.clickhouse?.state === 'unreachable';
  }, 30_000);
  t.ok(said, '/readyz stays 200 and says that the store is unreachable');
  t.equal(await weirProcess.stop(), 0);
});

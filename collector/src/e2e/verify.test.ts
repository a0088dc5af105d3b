// Scenario: `weir verify` on a running collector while events flow, on a stopped one, and after
// somebody took rows out of the tables.
// Guarantees: no false alarm under traffic; the deep check finds a row that is gone, the plain one
// finds numbers that the ledger does not know; each names stream and numbers and exits with 1.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { WeirProcess } from '@weir/harness';
import t from 'tap';

interface Report {
  readonly closes: boolean;
  readonly inFlight: number;
  readonly problems: readonly string[];
  readonly streams: readonly { readonly issued: number; readonly stored: number }[];
}
const reportOf = (stdout: string): Report => JSON.parse(stdout) as Report;

t.test('verify', async (t) => {
  const weir = new WeirProcess(join(t.testdir({ data: {} }), 'data'));
  await weir.start();
  t.teardown(() => weir.killTree());
  const load = (count: number, rate: number): ReturnType<WeirProcess['command']> =>
    weir.command(
      ...['load', '--target', weir.syslogAddress, '--json'],
      ...['--count', String(count), '--rate', String(rate)],
    );

  await t.test('under traffic', async (t) => {
    const loading = load(30_000, 6_000);
    for (let i = 0; i < 3; i++) {
      const result = await weir.verify(0);
      t.equal(result.code, 0, result.stderr);
      t.same(reportOf(result.stdout).problems, []);
    }
    t.equal((await loading).code, 0);
  });

  await t.test('at rest, and with the tables compared', async (t) => {
    const result = await weir.verify(30, '--deep');
    const report = reportOf(result.stdout);
    t.equal(result.code, 0, result.stderr);
    t.equal(report.inFlight, 0);
    t.equal(
      report.streams.reduce((sum, stream) => sum + stream.stored, 0),
      30_000,
    );
  });

  await t.test('waits for a store that is just coming back', async (t) => {
    t.ok(weir.killStore());
    const result = await weir.verify(60);
    t.equal(result.code, 0, result.stderr);
  });

  await t.test('a row that is gone', async (t) => {
    await weir.sql('ALTER TABLE dev.events DELETE WHERE seq = 77 SETTINGS mutations_sync = 2');
    t.equal((await weir.verify(5)).code, 0, 'the ledger alone cannot know');
    const result = await weir.verify(5, '--deep');
    t.equal(result.code, 1);
    t.match(result.stderr, /lacks 1 rows/);
  });

  await t.test('a ledger that lost its rows', async (t) => {
    await weir.sql('TRUNCATE TABLE dev.ledger');
    const result = await weir.verify(1);
    t.equal(result.code, 1);
    t.match(result.stderr, /30000 numbers are missing: 0-29999/);
  });

  await t.test('nothing runs and there is no store', async (t) => {
    t.equal(await weir.stop(), 0);
    rmSync(join(weir.directory, 'store'), { recursive: true });
    const result = await weir.verify(0);
    t.equal(result.code, 2);
    t.match(result.stderr, /nothing runs on/);
  });
});

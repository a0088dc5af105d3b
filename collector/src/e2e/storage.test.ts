// Scenario: `weir storage` on a running instance and on a stopped one: status, migrations,
// retention, a backup at work, one that is damaged, a store that is destroyed and restored as it
// was too early. (The proof `drill` restores one that verifies.)
// Guarantees: what was stored after the backup and left the spool is missing, by its numbers;
// nothing is replaced without being told so, and nothing by a backup that does not match its
// manifest.
import { appendFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, WeirProcess } from '@weir/harness';
import t from 'tap';

const COUNT = 3_000;

t.test('weir storage', async (t) => {
  const weir = new WeirProcess(join(t.testdir({ data: {} }), 'data'), {});
  await weir.start();
  t.teardown(() => weir.killTree());
  const storage = async (...args: string[]): Promise<CommandResult> =>
    weir.command('storage', ...args, '--data', weir.directory);
  const done = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await storage(...args);
    t.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const load = async (count: number): Promise<void> => {
    const args = ['--target', weir.syslogAddress, '--count', String(count), '--json'];
    t.equal((await weir.command('load', ...args)).code, 0);
  };
  const verified = async (): Promise<{ code: number; missing: number; stored: number }> => {
    const { code, stdout } = await weir.verify(30, '--deep');
    const { sinks } = JSON.parse(stdout) as {
      sinks: { streams: { stored: number; missing: [number, number][] }[] }[];
    };
    const streams = sinks.flatMap((sink) => sink.streams);
    const missing = streams
      .flatMap((stream) => stream.missing)
      .reduce((sum, [first, last]) => sum + last - first + 1, 0);
    return { code, missing, stored: streams.reduce((sum, { stored }) => sum + stored, 0) };
  };

  await load(COUNT);
  t.match(await verified(), { code: 0, missing: 0, stored: COUNT });

  await t.test('status and migrations of one that runs', async (t) => {
    const status = JSON.parse(await done('status', '--columns', '--json'));
    const events = status.tables.find(({ name }: { name: string }) => name === 'events');
    t.match(events, { rows: COUNT, retention: { days: 90 } });
    t.ok(status.columnGroups.length > 3);
    t.match(await done('status'), /^events +3,000 +[\d.]+ \w+ .* 90 d$/m);
    t.equal(await done('migrate', '--dry-run'), 'nothing to apply\n');
  });

  await t.test('retention is changed, and the configuration is named', async (t) => {
    const { stdout, stderr } = await storage('ttl', '--events-days', '30', '--class', 'short=7');
    t.equal(stdout, 'events: 30 d, short 7 d\nquarantine: 90 d, short 7 d\n');
    t.match(stderr, /ttl_days = 30\nquarantine_ttl_days = 90\n\n\[store\.retention\]\n"short" = 7/);
    t.match(JSON.parse(await done('ttl', '--json')), {
      events: { days: 30, classes: { short: 7 } },
      quarantine: { days: 90, classes: { short: 7 } },
    });
    t.equal((await storage('ttl', '--class', 'a')).code, 2);
    t.equal((await storage('ttl', '--events-days', '0')).code, 2);
  });

  await t.test('statements are shown without their data', async (t) => {
    const shown = new WeirProcess(weir.directory, { SIEM_DEBUG_SQL: '1' });
    const { stderr } = await shown.command(
      ...['query', "SELECT count() FROM dev.events WHERE raw_data = 'secret'", '--data'],
      weir.directory,
    );
    t.match(
      stderr,
      /^weir: sql: SELECT count\(\) FROM dev\.events WHERE raw_data = \? FORMAT TSV /m,
    );
    t.match(stderr, / \([\d.]+ ms\)$/m);
    t.notMatch(stderr, /secret/);
  });

  const early = JSON.parse(await done('backup', 'early', '--json'));
  await t.test('a backup of one that runs', async (t) => {
    t.equal(early.path, join(weir.directory, 'backups/early'));
    t.match(await storage('backup', 'early'), { code: 2, stderr: /is there already/ });
    t.same(readdirSync(join(weir.directory, 'backups')), ['early'], 'nothing half');
    t.match(await storage('restore', 'early'), { code: 2, stderr: /weir run uses/ });
  });

  await load(COUNT / 2);
  t.equal(await weir.stop(), 0);

  await t.test('a restore is refused, and what there is stays', async (t) => {
    t.match(await storage('restore', 'early'), { code: 2, stderr: /holds a store; --force/ });
    t.match(await storage('restore', 'nothing', '--force'), {
      code: 1,
      stderr: /is no whole backup/,
    });
    const bent = join(weir.directory, '../elsewhere/bent');
    await done('backup', bent);
    appendFileSync(join(bent, 'ledger/.backup'), ' ');
    t.match(await storage('restore', bent, '--force'), {
      code: 1,
      stderr: /ledger\/\.backup has \d+ bytes, the manifest says/,
    });
    t.match(await verified(), { code: 0, stored: COUNT * 1.5 });
  });

  await t.test('restored from the early one: what came later is missing by number', async (t) => {
    rmSync(join(weir.directory, 'store'), { recursive: true });
    t.match(await done('restore', 'early'), /3,000 events stored.*\n.*\nwhat was stored later/);
    t.notOk(existsSync(join(weir.directory, 'store.restoring')));
    await weir.start();
    await load(100);
    t.match(await verified(), { code: 1, missing: COUNT / 2, stored: COUNT + 100 });
  });
});

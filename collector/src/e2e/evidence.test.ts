// Scenario: a collector takes events and delivers them to its store and to a file; what it signed
// is exported while it runs and when it is stopped, checked with public keys alone, and tampered
// with. Guarantees: the bundle closes and accounts for every event, a proof shows the event's
// bytes, a flipped byte, a foreign key or a rolled-back spool is found, and a key that cannot be
// used holds up no event.
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type CommandResult, WeirProcess } from '@weir/harness';
import t from 'tap';

const EVENTS = 5_000;

t.setTimeout(400_000);

interface Figures {
  readonly issued: number;
  readonly stored: number;
  readonly inFlight: number;
}
interface Bundle {
  readonly holds: boolean;
  readonly closes: boolean;
  readonly problems: readonly string[];
  readonly sinks: readonly { readonly id: string; readonly streams: readonly Figures[] }[];
}
const bundleOf = (result: CommandResult): Bundle => JSON.parse(result.stdout) as Bundle;
const sum = (bundle: Bundle, sink: string, name: keyof Figures): number =>
  (bundle.sinks.find(({ id }) => id === sink)?.streams ?? []).reduce(
    (total, stream) => total + stream[name],
    0,
  );

t.test('from the socket to a verdict offline', async (t) => {
  const root = t.testdir({ data: {} });
  const weir = new WeirProcess(join(root, 'data'));
  const at = (name: string): string => join(root, name);
  t.teardown(() => weir.killTree());
  await weir.start();
  const load = (): Promise<CommandResult> =>
    weir.command(
      ...['load', '--target', weir.syslogAddress, '--json'],
      ...['--count', String(EVENTS), '--rate', '5000'],
    );
  const offline = (...args: string[]): Promise<CommandResult> =>
    weir.command('verify', '--json', ...args);
  const keys = (): string[] => [
    ...['--key', join(weir.directory, 'keys/node.pub')],
    ...['--key', join(weir.directory, 'keys/loader.pub')],
  ];
  t.equal((await load()).code, 0);
  t.equal((await weir.verify(30)).code, 0);

  await t.test('keys are private', (t) => {
    for (const name of ['node.key', 'loader.key'])
      t.equal(statSync(join(weir.directory, 'keys', name)).mode & 0o777, 0o600, name);
    t.end();
  });

  await t.test('exported while it runs, and more events come', async (t) => {
    const loading = load();
    const exported = await weir.command(
      ...['verify', '--data', weir.directory, '--export', at('live.ndjson.gz'), '--json'],
    );
    t.equal(exported.code, 0, exported.stderr);
    const checked = await offline('--bundle', at('live.ndjson.gz'), ...keys());
    const bundle = bundleOf(checked);
    t.equal(checked.code, 0, checked.stderr);
    t.same(bundle.problems, []);
    t.ok(sum(bundle, 'clickhouse', 'issued') >= EVENTS);
    t.equal((await loading).code, 0);
  });

  await t.test('one event is proven', async (t) => {
    t.equal((await weir.verify(30)).code, 0);
    const rows = await weir.sql(
      'SELECT tenant_id, stream, epoch, seq, raw_data FROM dev.events ORDER BY seq DESC LIMIT 1 FORMAT JSONEachRow',
    );
    const row = JSON.parse(String(rows).trim().split('\n')[0] ?? '{}') as Record<string, string>;
    const event = `${row.tenant_id}/${row.stream}/${row.epoch}/${row.seq}`;
    const proven = await weir.command(
      ...['prove', event, '--data', weir.directory, '--out', at('event.json')],
    );
    t.equal(proven.code, 0, proven.stderr);
    t.match(proven.stderr, /proves that event/);
    const checked = await offline('--proof', at('event.json'), ...keys());
    t.equal(checked.code, 0, checked.stderr);
    t.equal((JSON.parse(checked.stdout) as { event: string }).event, row.raw_data);
    writeFileSync(at('bent.json'), flip(readFileSync(at('event.json')), '"path":["', 12));
    t.equal((await offline('--proof', at('bent.json'), ...keys())).code, 1);
    const none = await weir.command('prove', `${event}999`, '--data', weir.directory);
    t.equal(none.code, 1);
    t.match(none.stderr, /highest number that was issued/);
    t.equal((await weir.command('prove', 'a/b', '--data', weir.directory)).code, 2);
  });

  await t.test('live: tables, frames and sources', async (t) => {
    const result = await weir.verify(30, '--deep', '--by', 'source');
    t.equal(result.code, 0, result.stderr);
    const report = JSON.parse(result.stdout) as {
      readonly evidence: { readonly size: number; readonly anchored: number; hashedFrames: number };
      readonly sources: readonly { readonly stored: number; readonly absent: number }[];
    };
    t.ok(report.evidence.hashedFrames > 0 && report.evidence.size > 0);
    t.type(report.evidence.anchored, 'number');
    t.equal(
      report.sources.reduce((total, { stored, absent }) => total + stored + absent, 0),
      2 * EVENTS,
    );
  });

  t.equal(await weir.stop(), 0);

  await t.test('the store has the last checkpoint', async (t) => {
    const result = await weir.command('verify', '--data', weir.directory, '--json');
    t.equal(result.code, 0, result.stderr);
    const { evidence } = JSON.parse(result.stdout) as {
      readonly evidence: { readonly size: number; readonly anchored: number };
    };
    t.ok(evidence.size > 0);
    t.equal(evidence.anchored, evidence.size);
  });

  await t.test('exported when it is stopped', async (t) => {
    const exported = await weir.command(
      ...['verify', '--data', weir.directory, '--export', at('day.ndjson')],
    );
    t.equal(exported.code, 0, exported.stderr);
    const checked = await offline('--bundle', at('day.ndjson'), ...keys());
    const bundle = bundleOf(checked);
    t.equal(checked.code, 0, checked.stderr);
    t.equal(sum(bundle, 'clickhouse', 'issued'), 2 * EVENTS);
    t.equal(sum(bundle, 'clickhouse', 'stored'), 2 * EVENTS);
    t.equal(sum(bundle, 'clickhouse', 'inFlight'), 0);
    const text = await weir.command(
      'verify',
      '--bundle',
      at('day.ndjson'),
      '--data',
      weir.directory,
    );
    t.equal(text.code, 0);
    t.match(text.stdout, /the bundle holds, and every number is accounted for/);
    t.match(text.stderr, /trusting the keys in/);
    const kept = await weir.command(
      'query',
      'SELECT note FROM dev.checkpoints ORDER BY size DESC LIMIT 1 FORMAT TSVRaw',
      '--data',
      weir.directory,
    );
    writeFileSync(at('kept.note'), kept.stdout);
    const anchor = ['--anchor', at('kept.note')];
    const anchored = await offline('--bundle', at('day.ndjson'), ...keys(), ...anchor);
    t.equal(anchored.code, 0, anchored.stderr);
    writeFileSync(at('no.note'), 'no checkpoint\n');
    const wrong = await offline('--bundle', at('day.ndjson'), ...keys(), '--anchor', at('no.note'));
    t.match([wrong.code, wrong.stderr], [2, /no\.note holds no signed checkpoint$/m]);
  });

  await t.test('exported when receipts are cut', async (t) => {
    const folder = join(weir.directory, 'receipts/clickhouse');
    const path = join(folder, readdirSync(folder).at(-1) ?? '');
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, -9));
    const file = at('cut.ndjson');
    const exported = await weir.command('verify', '--data', weir.directory, '--export', file);
    t.equal(exported.code, 1);
    t.match(exported.stderr, /clickhouse: \d+ numbers that wait for it no more have no receipt/);
    const looked = await weir.command('spool', 'fsck', weir.directory);
    t.equal(looked.code, 1);
    t.match(looked.stdout, /receipts\/clickhouse\//);
    writeFileSync(path, whole);
  });

  await t.test('tampered with', async (t) => {
    const bytes = readFileSync(at('day.ndjson'));
    for (const [mark, offset] of [
      ['"type":"receipt"', 60],
      ['"type":"leaf","head":"', 40],
      ['"type":"checkpoint"', 40],
      ['"type":"anchor"', 40],
    ] as const) {
      writeFileSync(at('bent.ndjson'), flip(bytes, mark, offset));
      const checked = await offline('--bundle', at('bent.ndjson'), ...keys());
      t.equal(checked.code, 1, mark);
      t.equal(bundleOf(checked).holds, false);
    }
    const nodeOnly = keys().slice(0, 2);
    t.equal((await offline('--bundle', at('day.ndjson'), ...nodeOnly)).code, 1, 'no loader key');
    t.equal((await offline('--bundle', at('day.ndjson'))).code, 2, 'no key at all');
    t.equal((await offline('--bundle', at('none'), ...keys())).code, 2);
    t.equal((await weir.command('verify', '--key', 'x')).code, 2);
  });

  await t.test('a spool that is rolled back', async (t) => {
    const spool = join(weir.directory, 'spool');
    cpSync(spool, at('kept'), { recursive: true });
    await weir.start();
    t.equal((await load()).code, 0);
    t.equal((await weir.verify(30)).code, 0);
    t.equal(await weir.stop(), 0);
    rmSync(spool, { recursive: true });
    cpSync(at('kept'), spool, { recursive: true });
    const result = await weir.command('verify', '--data', weir.directory);
    t.equal(result.code, 1);
    t.match(result.stderr, /rolled back or cut/);
  });
});

t.test('a loader key that cannot be used', async (t) => {
  const root = t.testdir({ data: {} });
  const weir = new WeirProcess(join(root, 'data'));
  t.teardown(() => weir.killTree());
  await weir.start();
  t.equal(await weir.stop(), 0);
  const key = join(weir.directory, 'keys/loader.key');
  const kept = readFileSync(key);
  writeFileSync(key, 'not a key\n');
  await weir.start();
  const load = await weir.command(
    ...['load', '--target', weir.syslogAddress, '--json', '--count', '500', '--rate', '5000'],
  );
  t.equal(load.code, 0);
  t.equal((await weir.verify(30)).code, 0, 'events are delivered');
  const metrics = await weir.metrics();
  t.match(metrics, /^weir_receipt_failures_total [1-9]/m);
  t.equal(readFileSync(key, 'utf8'), 'not a key\n', 'it is never replaced');
  t.equal(await weir.stop(), 0);

  writeFileSync(key, kept);
  await weir.start();
  t.equal(await weir.stop(), 0);
  const file = join(root, 'bundle.ndjson.gz');
  const exported = await weir.command('verify', '--data', weir.directory, '--export', file);
  t.equal(exported.code, 0, exported.stderr);
  t.ok(existsSync(file) && gunzipSync(readFileSync(file)).length > 0);
  t.same(
    readdirSync(root).filter((name) => name.endsWith('.tmp')),
    [],
  );
  const checked = await weir.command(
    'verify',
    '--bundle',
    file,
    '--json',
    '--data',
    weir.directory,
  );
  t.equal(checked.code, 0, checked.stderr);
  t.equal(sum(bundleOf(checked), 'clickhouse', 'stored'), 500, 'made good from the ledger');
});

/**
 * The same bytes with one base64 character, some way behind the first mark, turned into another.
 */
function flip(bytes: Buffer, mark: string, offset: number): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.indexOf(mark) + mark.length + offset;
  copy[at] = copy[at] === 0x41 ? 0x42 : 0x41;
  return copy;
}

// Scenario: `weir validate` and `weir generate` as processes of their own, on right and wrong
// files. Guarantees: what was understood is printed; every mistake is a line; no secret is shown;
// what generate prints validates.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { openSpool } from '@weir/spool';
import t from 'tap';

/** The program's own handling of errors, without the commands that start a collector. */
const script = `
import { Command } from 'commander';
import { generateCommand } from '${new URL('./generate.js', import.meta.url)}';
import { validateCommand } from '${new URL('./validate.js', import.meta.url)}';
const program = new Command('weir').exitOverride();
for (const command of [generateCommand(), validateCommand()])
  program.addCommand(command.copyInheritedSettings(program));
try {
  await program.parseAsync(process.argv.slice(1), { from: 'user' });
} catch (error) {
  if (error.code?.startsWith('WEIR_')) process.stderr.write('weir: ' + error.message + '\\n');
  process.exitCode = 2;
}`;

async function weir(cwd: string, args: readonly string[], environment = {}) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', ...args], {
    // Modules on the command line are found from the working directory.
    cwd: import.meta.dirname,
    env: { PATH: process.env.PATH, WEIR_SYSTEM_DIR: '', ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { stdout, stderr: stderr.replaceAll(`${cwd}/`, ''), code };
}

const CONFIG = `
[sources.edge]
type = "syslog"
listen = "127.0.0.1:1514"
[transforms.names]
type = "enrich"
inputs = ["edge"]
module = "./names.js"
[transforms.by]
type = "route"
inputs = ["names"]
routes = { loud = "severity_id >= 4", berlin = "site.name == 'berlin'" }
[sinks.siem]
type = "http"
url = "https://u:topsecret@siem.example/"
headers = { Authorization = "env:TOKEN" }
inputs = ["by.loud", "by.berlin"]
[sinks.rest]
type = "file"
path = "rest.ndjson"
required = false
inputs = ["by.otherwise"]
`;
const NAMES = `export default {
  kind: 'enricher', name: 'names', adds: { 'site.name': 'string' },
  enrich(event) { event.set('site.name', 'berlin'); },
};`;
const ENVIRONMENT = { TOKEN: 'Bearer topsecret' };

t.test('what was understood', async (t) => {
  const folder = t.testdir({
    'a.toml': CONFIG,
    'names.js': NAMES,
    'package.json': '{"type": "module"}',
  });
  const file = join(folder, 'a.toml');
  const { stdout, stderr, code } = await weir(folder, ['validate', file], {
    ...ENVIRONMENT,
    SIEM_BASE_URL: 'http://topsecret/',
  });
  t.equal(stderr, '');
  t.equal(code, 0);
  const lines = stdout.replace(`${folder}/`, '').trimEnd().split('\n');
  const [spool] = lines.splice(5, 1);
  t.match(
    spool,
    /^spool {8}.*\/spool \(not there yet, of at most 4\.0 GiB; .* free on its disk\)$/,
  );
  t.same(lines, [
    'a.toml: valid',
    'sources      edge (syslog 127.0.0.1:1514)',
    'transforms   names (enrich), by (route to loud, berlin, otherwise)',
    'sinks        siem (http), rest (file)',
    'destination  the sinks of the configuration: siem (http), rest (file); SIEM_BASE_URL adds none',
    'way          edge -> names -> by.loud|berlin -> siem',
    'way          edge -> names -> by.otherwise -> rest',
  ]);
});

t.test('every setting with its origin, and as JSON, without secrets', async (t) => {
  const folder = t.testdir({
    'a.toml': CONFIG,
    'names.js': NAMES,
    'package.json': '{"type": "module"}',
  });
  const file = join(folder, 'a.toml');
  const effective = await weir(folder, ['validate', '--effective', file], {
    ...ENVIRONMENT,
    WEIR_SPOOL__ZSTD_LEVEL: '2',
  });
  t.match(effective.stdout, /^sinks\.siem\.headers\.Authorization = "\*\*\*" +# .*a\.toml$/m);
  t.match(effective.stdout, /^spool\.zstd_level = 2 +# WEIR_SPOOL__ZSTD_LEVEL$/m);
  t.match(effective.stdout, /^workers\.count = 2 +# default$/m);
  const json = await weir(folder, ['validate', '--json', file], ENVIRONMENT);
  t.match(JSON.parse(json.stdout), {
    sinks: { siem: { url: 'https://***@siem.example/', headers: { Authorization: '***' } } },
    store: { events_table: 'dev.events' },
  });
  for (const { stdout, stderr } of [effective, json]) t.notMatch(stdout + stderr, /topsecret/);
});

t.test('the spool of the data directory', async (t) => {
  const folder = t.testdir({ data: { spool: {} }, bad: { spool: 'a file' }, rot: {} });
  const check = (name: string, ...args: string[]) =>
    weir(folder, ['validate', ...args], { WEIR_DATA_DIR: join(folder, name) });
  const fresh = await check('data');
  t.equal(fresh.code, 0, fresh.stderr);
  t.match(fresh.stdout, /^spool .*not there yet/m);
  const refused = await check('bad');
  t.equal(refused.code, 2);
  t.match(refused.stderr, /^weir: ENOTDIR[^\n]*\n$/);
  const spool = await openSpool({
    directory: join(folder, 'rot', 'spool'),
    files: nodeFiles(),
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    consumers: ['clickhouse'],
  });
  await spool.close();
  const whole = await check('rot', '--json');
  t.match(JSON.parse(whole.stdout).checks.spool, { state: 'ok', problem: null, warnings: [] });
  writeFileSync(join(folder, 'rot', 'spool', 'consumer-clickhouse.ckpt'), 'x'.repeat(1024));
  const rotten = await check('rot');
  t.equal(rotten.code, 0, 'damage never stops a start');
  t.match(rotten.stdout, /^spool .*with damage; 0 segments/m);
  t.match(rotten.stderr, /warning: spool\/consumer-clickhouse\.ckpt: neither of its two slots/);
  t.match(rotten.stderr, /warning: weir spool fsck .*rot says what to do/);
});

t.test('modules and conditions are checked', async (t) => {
  const folder = t.testdir({
    'a.toml': CONFIG,
    'names.js': NAMES.replace("'site.name': 'string'", "'site.place': 'string'"),
    'b.toml': CONFIG.replace('./names.js', './nemas.js'),
    'package.json': '{"type": "module"}',
  });
  const other = await weir(folder, ['validate', join(folder, 'a.toml')], ENVIRONMENT);
  t.equal(other.code, 2);
  t.match(other.stderr, /^weir: a\.toml: \/transforms\/by\/routes\/berlin.*site/s);
  const missing = await weir(folder, ['validate', join(folder, 'b.toml')], ENVIRONMENT);
  t.equal(missing.code, 2);
  t.match(
    missing.stderr,
    /^weir: b\.toml: \/transforms\/names\/module \.\/nemas\.js does not exist/,
  );
});

t.test('every mistake is a line', async (t) => {
  const folder = t.testdir({
    'a.yaml': 'spol: {}\nstore: {ttl_days: 0}\nsinks: {x: {type: fil}}\n',
  });
  const { stdout, stderr, code } = await weir(folder, ['validate', join(folder, 'a.yaml')]);
  t.equal(code, 2);
  t.equal(stdout, '');
  t.same(stderr.replace('weir: ', '').trimEnd().split('\n').sort(), [
    'a.yaml: /sinks/x/type must be one of "clickhouse", "http", "file", "stdout", "weir", ' +
      '"kafka", "splunk_hec", "elasticsearch", "s3", "syslog", "blackhole"; got "fil"; did you mean "file"?',
    'a.yaml: /spol is not a known key; did you mean spool?',
    'a.yaml: /store/ttl_days must be >= 1; got 0 (Retention of rows.)',
  ]);
});

t.test('patterns and the fields of their groups', async (t) => {
  const folder = t.testdir({
    'a.toml': [
      '[transforms.gate]',
      'type = "parse"',
      'inputs = ["*"]',
      "regex = ['(?P<who>a)', '(?P<b>c']",
      'fields = { who = "user.nme" }',
      '[sinks.out]',
      'type = "stdout"',
      'inputs = ["gate"]',
    ].join('\n'),
  });
  const wrong = await weir(folder, ['validate', join(folder, 'a.toml')]);
  t.equal(wrong.code, 2);
  t.equal(
    wrong.stderr,
    'weir: a.toml: /transforms/gate/regex/1 is no regular expression (RE2): missing closing ) at ' +
      'character 1: "(?P<b>c"\na.toml: /transforms/gate/fields/who must be an OCSF path or ' +
      'unmapped.NAME; did you mean user.name?; got "user.nme"\n',
  );
});

t.test('what generate prints validates', async (t) => {
  const folder = t.testdir({});
  const made = await weir(folder, ['generate', '--format', 'yaml', 'syslog/filter/file']);
  t.equal(made.code, 0);
  const file = join(folder, 'weir.yaml');
  writeFileSync(file, made.stdout);
  const { stdout, code } = await weir(folder, ['validate', file]);
  t.equal(code, 0);
  t.match(stdout, /way +syslog -> notable -> archive/);
  const wrong = await weir(folder, ['generate', '--format', 'ymal']);
  t.equal(wrong.code, 2);
  t.match(wrong.stderr, /one of toml, yaml, json; got "ymal"; did you mean yaml\?/);
  const other = await weir(folder, ['generate', '--format', 'xml']);
  t.match(other.stderr, /one of toml, yaml, json; got "xml"\n/);
});

t.test('a pipeline in code', async (t) => {
  const folder = t.testdir({
    'pipe.js': `import { http, pipeline, stdout } from '@weir/pipeline';
const flow = pipeline().source('in', http({ listen: '127.0.0.1:8514' }));
export default flow.filter('loud', (event) => true).sink('out', stdout());`,
    'late.js': 'await 1;\nexport default {};\n',
    'none.js': 'export default {};\n',
    'package.json': '{"type": "module"}',
  });
  const { stdout, stderr, code } = await weir(folder, ['validate', join(folder, 'pipe.js')]);
  t.equal(stderr, '');
  t.equal(code, 0);
  t.match(stdout, /way +in -> loud -> out/);
  const late = await weir(folder, ['validate', join(folder, 'late.js')]);
  t.match(late.stderr, /late\.js: a pipeline module must not await at its top level/);
  const none = await weir(folder, ['validate', join(folder, 'none.js')]);
  t.match(none.stderr, /none\.js: the default export is not made by pipeline\(\)/);
});

const TABLES = `
[sources.edge]
type = "syslog"
listen = "127.0.0.1:1514"
[transforms.bad]
type = "ioc"
inputs = ["edge"]
path = "./tables/list.csv"
[transforms.assets]
type = "lookup"
inputs = ["bad"]
path = "./tables/assets.csv"
field = "src_endpoint.ip"
key_column = "net"
match = "cidr"
set = { "labels.owner" = "owner" }
[transforms.users]
type = "hash"
inputs = ["assets"]
fields = ["user.name"]
key = "a secret of sixteen bytes"
[sinks.out]
type = "stdout"
inputs = ["users"]
`;

t.test('tables are read, and what is wrong with one is told', async (t) => {
  const cwd = t.testdir({
    'weir.toml': TABLES,
    tables: {
      'list.csv': `indicator\nevil.example\n${'203.0.113.7\n'.repeat(12)}???\n`,
      'assets.csv': 'net,owner\n10.0.0.0/8,it\n',
    },
  });
  const good = await weir(cwd, ['validate', join(cwd, 'weir.toml')]);
  t.equal(good.code, 0, good.stderr);
  t.match(good.stdout, /^table {8}bad \(list\.csv: 2 keys, \d+ bytes\)$/m);
  t.match(good.stdout, /^table {8}assets \(assets\.csv: 1 keys, \d+ bytes\)$/m);
  t.match(
    good.stderr,
    /warning: \/transforms\/bad\/path list\.csv: 1 rows are left out; line 15: no/,
  );
  const shown = await weir(cwd, ['validate', join(cwd, 'weir.toml'), '--effective']);
  t.match(shown.stdout, /transforms\.users\.key = "\*\*\*"/);
  t.notMatch(shown.stdout, /sixteen bytes/);

  writeFileSync(join(cwd, 'tables/list.csv'), 'name\nevil.example\n');
  writeFileSync(join(cwd, 'tables/assets.csv'), 'net,owner\n10.0.0.0/33,it\n');
  const wrong = await weir(cwd, ['validate', join(cwd, 'weir.toml')]);
  t.equal(wrong.code, 2);
  t.match(
    wrong.stderr,
    /weir\.toml: \/transforms\/bad\/path list\.csv: line 2: there is no column indicator$/m,
  );
  t.match(
    wrong.stderr,
    /\/transforms\/assets\/path assets\.csv: line 2: "10\.0\.0\.0\/33" is no net/,
  );
  const small = TABLES.replace('match = "cidr"', 'match = "cidr"\nmax_bytes = 1024');
  writeFileSync(join(cwd, 'tables/assets.csv'), `net,owner\n${'10.0.0.0/8,it\n'.repeat(100)}`);
  writeFileSync(join(cwd, 'small.toml'), small);
  const large = await weir(cwd, ['validate', join(cwd, 'small.toml')]);
  t.match(large.stderr, /assets\.csv cannot be read: file too large: 1410 bytes, limit is 1024/);
  writeFileSync(join(cwd, 'gone.toml'), TABLES.replace('assets.csv', 'gone.csv'));
  const gone = await weir(cwd, ['validate', join(cwd, 'gone.toml')]);
  t.match(gone.stderr, /\/transforms\/assets\/path gone\.csv cannot be read: .*no such file/i);
});

// Scenario: configuration files as people write them, right and wrong.
// Guarantees: all formats say the same; every mistake is a sentence that names file, path, value
// and, for a key, the nearest known one; all mistakes are said at once.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WeirError } from '@weir/pipeline';
import t, { type Test } from 'tap';
import { splitHostPort } from './host-port.js';
import { loadConfig } from './load.js';
import { withoutSecrets } from './secrets.js';

/** Nothing of the machine that runs the test. */
const ALONE = { WEIR_SYSTEM_DIR: '' };

const fileOf = (t: Test, name: string, text: string): string => {
  const path = join(t.testdir({}), name);
  writeFileSync(path, text);
  return path;
};

function failureOf(action: () => unknown): WeirError {
  try {
    action();
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
  throw new Error('expected a WeirError');
}

t.test('an empty file gives the defaults', async (t) => {
  for (const name of ['a.toml', 'a.yaml', 'a.yml']) {
    const { config } = loadConfig({ config: fileOf(t, name, '# nothing\n') }, ALONE);
    t.equal(config.data_dir, resolve('./var'));
    t.match(config.sources, { syslog: { type: 'syslog', listen: '127.0.0.1:5514', shards: 4 } });
    t.match(config.sources, { http: { type: 'http', listen: '127.0.0.1:8514' } });
    t.same([config.transforms, config.sinks], [{}, {}]);
    t.match(config.store, { events_table: 'dev.events', username: '', password: '' });
    t.equal(config.workers.batch_timeout_ms, 5_000);
  }
});

t.test('the slim store and transforms whose fields it has no column for', async (t) => {
  const store = '[store]\nprofile = "slim"\n';
  const set = '[transforms.site]\ntype = "set"\ninputs = ["*"]\nfields = { "labels.site" = "a" }\n';
  const sinkOf = (type: string): string => `[sinks.out]\ntype = "${type}"\ninputs = ["site"]\n`;
  const warningsOf = (text: string, more: NodeJS.ProcessEnv = {}): readonly string[] =>
    loadConfig({ config: fileOf(t, 'a.toml', text) }, { ...ALONE, ...more }).warnings;
  const expected = /^\/store\/profile slim keeps time, class_uid and severity_id only: .*site sets/;
  t.match(warningsOf(store + set + sinkOf('clickhouse')), [expected]);
  t.same(warningsOf(set + sinkOf('clickhouse')), [], 'full');
  t.same(warningsOf(store + set + sinkOf('stdout')), [], 'another sink');
  t.match(warningsOf(store + set), [expected], 'the embedded store');
  const upstream = { SIEM_BASE_URL: 'http://127.0.0.1:8514' };
  t.same(warningsOf(store + set, upstream), [], 'another Weir');
  t.match(warningsOf(store + set + sinkOf('clickhouse'), upstream), [expected], 'sinks prevail');
  t.same(warningsOf(store), [], 'nothing is set');
  t.throws(() => warningsOf('[store]\nprofile = "thin"\n'), { code: 'WEIR_CONFIG_INVALID' });
});

const TOML = `
[sources.edge]
type = "syslog"
listen = "[::1]:1514"
protocols = ["tcp"]
[transforms.loud]
type = "filter"
inputs = ["edge"]
condition = "severity_id >= 3"
[sinks.siem]
type = "http"
url = "http://127.0.0.1:9/in"
inputs = ["loud"]
headers = { Authorization = "Bearer abc" }
[spool]
zstd_level = 3
`;
const JSON_TEXT = `\uFEFF{"sources": {"edge": {"type": "syslog", "listen": "[::1]:1514", "protocols": ["tcp"]}},
  "transforms": {"loud": {"type": "filter", "inputs": ["edge"], "condition": "severity_id >= 3"}},
  "sinks": {"siem": {"type": "http", "url": "http://127.0.0.1:9/in", "inputs": ["loud"],
    "headers": {"Authorization": "Bearer abc"}}},
  "spool": {"zstd_level": 3}}`;
const YAML = `
sources:
  edge: &edge
    type: syslog
    listen: "[::1]:1514"
    protocols: [tcp]
transforms:
  loud: {type: filter, inputs: [edge], condition: severity_id >= 3}
sinks:
  siem:
    type: http
    url: http://127.0.0.1:9/in
    inputs: [loud]
    headers:
      Authorization: Bearer abc
spool: {zstd_level: 3}
`;

t.test('TOML, YAML and JSON say the same', async (t) => {
  const fromToml = loadConfig({ config: fileOf(t, 'a.toml', TOML) }, ALONE).config;
  t.same(fromToml, loadConfig({ config: fileOf(t, 'a.json', JSON_TEXT) }, ALONE).config);
  t.same(fromToml, loadConfig({ config: fileOf(t, 'a.yaml', YAML) }, ALONE).config);
  t.same(Object.keys(fromToml.sources), ['edge']);
  t.match(fromToml.sinks.siem, { required: true, max_lag_bytes: 268_435_456, format: 'ndjson' });
});

t.test('YAML: anchors and merge keys are known', async (t) => {
  const text =
    'sources:\n  a: &base {type: syslog, listen: "a:1", shards: 2}\n' +
    '  b: {<<: *base, listen: "b:1"}\n';
  const { config } = loadConfig({ config: fileOf(t, 'a.yaml', text) }, ALONE);
  t.match(config.sources.b, { type: 'syslog', listen: 'b:1', shards: 2 });
});

const SINK = '[sinks.x]\ntype = "http"\nurl = "http://a/"\n';
const MISTAKES: readonly (readonly [string, string, RegExp])[] = [
  ['a.toml', 'dat_dir = "x"', /a\.toml: \/dat_dir is not a known key; did you mean data_dir\?/],
  ['a.toml', '[spool]\nzstd_level = 99', /\/spool\/zstd_level must be <= 19; got 99/],
  [
    'a.toml',
    'log_level = "lnfo"',
    /\/log_level must be one of .*"warn".*; got "lnfo"; did .*"info"/,
  ],
  [
    'a.toml',
    '[sources.x]\ntype = "syslo"\nlisten = "a:1"',
    /\/sources\/x\/type must be one of "syslog", "http"; got "syslo"; did you mean "syslog"\?/,
  ],
  [
    'a.toml',
    '[sources.x]\nlisten = "a:1"',
    /x\/type must be one of "syslog", "http"; got nothing$/,
  ],
  ['a.toml', '[sources.x]\ntype = "http"', /\/sources\/x\/listen is missing/],
  [
    'a.toml',
    '[sources.x]\ntype = "http"\nlisten = "a:1"\nshard = 2',
    /\/sources\/x\/shard .*did you mean shards\?/,
  ],
  ['a.toml', '[sources.x]\ntype = "http"\nlisten = "nope"', /\/sources\/x\/listen .*HOST:PORT/],
  [
    'a.toml',
    '[sources.x]\ntype = "http"\nlisten = "a:70000"',
    /x\/listen must have a port <= 65535/,
  ],
  [
    'a.toml',
    '[sources."Bad Name"]\ntype = "http"\nlisten = "a:1"',
    /\/sources\/Bad Name is not a valid name/,
  ],
  ['a.toml', '[store]\nurl = "localhost:8123"', /\/store\/url .*http:\/\//],
  ['a.toml', '[store]\nevents_table = "events; DROP"', /\/store\/events_table/],
  ['a.toml', '[store]\nurl = "http://bad host:99999"', /\/store\/url is not a URL/],
  [
    'a.toml',
    '[sources.a]\ntype = "http"\nlisten = "a:1"\n[sources.b]\ntype = "syslog"\nlisten = "a:1"',
    /\/sources\/b\/listen is the address of \/sources\/a already/,
  ],
  [
    'a.toml',
    '[sources.a]\ntype = "syslog"\nlisten = "a:1"\n[sources.a_tcp]\ntype = "http"\nlisten = "a:2"',
    /\/sources\/a_tcp would be called a_tcp/,
  ],
  ['a.toml', `${SINK}headrs = {}`, /\/sinks\/x\/headrs is not a known key; did you mean headers\?/],
  [
    'a.toml',
    '[sinks.x]\ntype = "htp"',
    /\/sinks\/x\/type .*"blackhole"; got "htp"; did .*"http"\?/,
  ],
  [
    'a.toml',
    '[sinks.x]\ntype = "file"\nurl = "x"',
    /\/sinks\/x\/path is missing(.|\n)*x\/url is not/,
  ],
  ['a.toml', `${SINK}batch_max_events = 0`, /\/sinks\/x\/batch_max_events must be >= 1; got 0/],
  ['a.toml', `${SINK}required = "no"`, /\/sinks\/x\/required must be true or false; got "no"/],
  [
    'a.toml',
    `${SINK}inputs = ["htpt"]`,
    /\/sinks\/x\/inputs\/0 is no source .*did you mean http\?/,
  ],
  ['a.toml', '[sinks.x]\ntype = "http"\nurl = "http://a:b:c/"', /\/sinks\/x\/url is not a URL/],
  [
    'a.toml',
    '[sinks.a]\ntype = "clickhouse"\n[sinks.b]\ntype = "clickhouse"',
    /\/sinks\/b is a second sink of type clickhouse beside \/sinks\/a/,
  ],
  [
    'a.toml',
    '[sinks.a]\ntype = "clickhouse"\nrequired = false',
    /\/sinks\/a\/required must be true: a clickhouse sink is always required/,
  ],
  [
    'a.toml',
    '[sinks.a]\ntype = "file"\npath = "x"\n[sinks.b]\ntype = "file"\npath = "x"',
    /\/sinks\/b\/path is the file of \/sinks\/a too/,
  ],
  [
    'a.yaml',
    'transforms: {x: {type: filtre, inputs: ["*"]}}',
    /\/transforms\/x\/type must be one of .*; got "filtre"; did you mean "filter"\?/,
  ],
  [
    'a.yaml',
    'transforms: {x: {type: filter, inputs: ["*"], condition: "sevrity_id > 3"}}',
    /a\.yaml: \/transforms\/x\/condition.*severity_id/s,
  ],
  [
    'a.yaml',
    'transforms: {x: {type: parse, inputs: ["*"], pack: fortigate}}',
    /\/transforms\/x\/pack must be one of .*did you mean "fortigate_kv"\?/,
  ],
  ['a.yaml', 'transforms: {x: {type: set, fields: {a: 1}}}', /\/transforms\/x\/inputs is missing/],
  ['a.toml', 'x = [', /a\.toml:1:\d+: /],
  ['a.toml', '\n\na = 1\na = 2', /a\.toml:4:\d+: /],
  ['a.json', '{', /a\.json:1:2: /],
  ['a.json', '{\n  "a": 1,\n}', /a\.json:3:1: /],
  ['a.json', '[]', /a\.json: \/ must be a table of settings/],
  ['a.yaml', 'a: 1\nb: [', /a\.yaml:2:\d+: /],
  ['a.yaml', 'spool: {}\nspool: {}', /a\.yaml:2:1: Map keys must be unique/],
  ['a.yaml', 'spool: !!js/function "x"', /a\.yaml:1:8: Unresolved tag/],
  ['a.yaml', 'spool: !secret x', /a\.yaml:1:8: Unresolved tag/],
  ['a.yaml', 'spool: {}\n---\nstore: {}', /a\.yaml:\d:\d: .*more than one YAML document/],
  ['a.yaml', '- a', /a\.yaml: \/ must be a table of settings/],
  ['a.yaml', '__proto__: {x: 1}', /\/__proto__ is not a valid name/],
  ['a.ini', '', /must end in \.toml, \.yaml, \.yml or \.json/],
];
for (const [name, text, message] of MISTAKES) {
  t.test(`${name} with ${JSON.stringify(text)} is refused`, async (t) => {
    t.match(failureOf(() => loadConfig({ config: fileOf(t, name, text) }, ALONE)).message, message);
  });
}

t.test('an anchor that grows without bound is refused', async (t) => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg']) {
    lines.push(`${to}: &${to} [${`*${from},`.repeat(9)}*${from}]`);
  }
  const failure = failureOf(() =>
    loadConfig({ config: fileOf(t, 'a.yaml', lines.join('\n')) }, ALONE),
  );
  t.match(failure.message, /a\.yaml: Excessive alias count/);
});

t.test('all mistakes are said at once, each with its file', async (t) => {
  const text = 'a = 1\n[spool]\nzstd_level = 0\n[sinks.x]\ntype = "file"\n';
  const { message, code, details } = failureOf(() =>
    loadConfig({ config: fileOf(t, 'a.toml', text) }, { ...ALONE, WEIR_WORKERS__COUNT: 'many' }),
  );
  t.equal(code, 'WEIR_CONFIG_INVALID');
  t.same(details, { problemCount: 4 });
  const lines = message.split('\n');
  t.equal(lines.length, 4);
  t.match(
    lines.find((line) => line.includes('/a ')),
    /a\.toml: \/a is not a known key/,
  );
  t.match(
    lines.find((line) => line.includes('/workers/')),
    /^WEIR_WORKERS__COUNT: \/workers\/count must be a whole number; got "many"/,
  );
});

t.test('a missing file and a bad environment are refused', async (t) => {
  const { code } = failureOf(() => loadConfig({ config: join(t.testdir({}), 'no.toml') }, ALONE));
  t.equal(code, 'WEIR_CONFIG_UNREADABLE');
  const file = fileOf(t, 'a.toml', '');
  t.match(
    failureOf(() => loadConfig({ config: file }, { ...ALONE, EVENTS_TABLE: 'x' })).message,
    /^EVENTS_TABLE: \/store\/events_table/,
  );
});

t.test('a flag for a source that is not there, or there twice, is refused', async (t) => {
  const two =
    '[sources.a]\ntype = "http"\nlisten = "a:1"\n[sources.b]\ntype = "http"\nlisten = "a:2"\n';
  const file = fileOf(t, 'a.toml', two);
  t.match(
    failureOf(() => loadConfig({ config: file, http: 'a:3' }, ALONE)).message,
    /exactly one .* has 2/,
  );
  t.match(
    failureOf(() => loadConfig({ config: file, syslog: 'a:3' }, ALONE)).message,
    /exactly one .* has 0/,
  );
  t.match(
    failureOf(() => loadConfig({ config: fileOf(t, 'b.toml', ''), http: 'a' }, ALONE)).message,
    /^command line: \/sources\/http\/listen/,
  );
});

t.test('a parser that no pack has is warned of', async (t) => {
  const sink = (name: string, url = 'https://splunk.example:8088') =>
    `[sinks.x]\ntype = "splunk_hec"\nurl = "${url}"\ntoken = "T0PSECRET"\n` +
    `by_parser = { ${name} = { index = "netfw" } }\n`;
  const load = (text: string) => loadConfig({ config: fileOf(t, 'a.toml', text) }, ALONE);
  t.match(load(sink('cisco_ass')).warnings, [
    /^\/sinks\/x\/by_parser\/cisco_ass: there is no pack/,
  ]);
  const { config, warnings } = load(sink('cisco_asa'));
  t.same(warnings, []);
  t.notMatch(JSON.stringify(withoutSecrets(config)), 'T0PSECRET');
  t.throws(() => load(sink('cisco_asa', 'splunk:8088')), /\/sinks\/x\/url/);
});

t.test('relative names start from the file that has them', async (t) => {
  const folder = t.testdir({ 'conf.d': {}, etc: {} });
  writeFileSync(
    join(folder, 'conf.d/a.toml'),
    '[sinks.a]\ntype = "http"\nurl = "http://a/"\ninputs = ["mine"]\ntls_ca_file = "ca.pem"\n' +
      '[sinks.b]\ntype = "file"\npath = "out.ndjson"\ninputs = ["theirs"]\n' +
      '[sinks.c]\ntype = "syslog"\naddress = "s:6514"\ntls = true\ninputs = ["mine"]\n' +
      'tls_certificate_file = "c.pem"\ntls_key_file = "c.key"\n' +
      '[transforms.mine]\ntype = "enrich"\ninputs = ["*"]\nmodule = "./mine.js"\n',
  );
  writeFileSync(
    join(folder, 'etc/weir.toml'),
    '[transforms.theirs]\ntype = "enrich"\ninputs = ["*"]\nmodule = "./theirs.js"\n',
  );
  const { config, baseUrl } = loadConfig(
    { config: join(folder, 'conf.d') },
    { WEIR_SYSTEM_DIR: join(folder, 'etc') },
  );
  t.equal(baseUrl, `file://${join(folder, 'conf.d')}/`);
  t.match(config.sinks.a, { tls_ca_file: join(folder, 'conf.d/ca.pem') });
  t.match(config.sinks.b, { path: resolve('out.ndjson') }, 'what is written is no part of it');
  t.match(config.sinks.c, {
    tls_certificate_file: join(folder, 'conf.d/c.pem'),
    tls_key_file: join(folder, 'conf.d/c.key'),
  });
  t.match(config.transforms.mine, { module: './mine.js' });
  t.match(config.transforms.theirs, { module: `file://${join(folder, 'etc/theirs.js')}` });
});

t.test('host and port are split, IPv6 too', async (t) => {
  t.same(splitHostPort('127.0.0.1:5514'), { host: '127.0.0.1', port: 5514 });
  t.same(splitHostPort('[::1]:5514'), { host: '::1', port: 5514 });
  t.match(failureOf(() => splitHostPort('a:70000')).message, /<= 65535/);
});

t.test('what holds itself, and what is no plain data', async (t) => {
  const cases: [string, string, RegExp][] = [
    ['a.yaml', 'spool: &a\n  b: *a\n', /spool.* has more than 64 levels, or holds itself/],
    ['a.yaml', 'sinks:\n  s: {type: stdout, inputs: &a [*a]}\n', /inputs holds itself/],
    ['a.json', `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`, /more than 64 levels/],
    ['a.toml', 'data_dir = 2024-01-01\n', /\/data_dir holds a date without quotes/],
  ];
  for (const [name, text, expected] of cases) {
    const failure = failureOf(() => loadConfig({ config: fileOf(t, name, text) }, ALONE));
    t.equal(failure.code, 'WEIR_CONFIG_INVALID');
    t.match(failure.message, expected);
  }
});

t.test('one file is not written by two sinks, however it is called', async (t) => {
  const sink = (id: string, path: string) => `[sinks.${id}]\ntype = "file"\npath = "${path}"\n`;
  const file = fileOf(t, 'a.toml', sink('a', 'out/x') + sink('b', './out/../out/x'));
  const { message } = failureOf(() => loadConfig({ config: file }, ALONE));
  t.match(message, /\/sinks\/b\/path is the file of \/sinks\/a too/);
});

t.test('functions among the options of a pipeline in code', async (t) => {
  const definition = new URL('../../../pipeline/dist/index.js', import.meta.url).href;
  const text =
    `import { pipeline, syslog } from '${definition}';\n` +
    "export default pipeline().source('a', syslog({ listen: '127.0.0.1:1514' }))\n" +
    "  .enrich('e', { adds: {}, enrich() {} }, { deep: [{ f() {} }] });\n";
  const { message } = failureOf(() => loadConfig({ config: fileOf(t, 'p.mjs', text) }, ALONE));
  t.match(message, /\/transforms\/e\/options\/deep holds a function; settings are plain data/);
});

t.test('a syslog sink whose settings do not go together', (t) => {
  const problemsOf = (more: string) => {
    const file = join(
      t.testdir({ 'weir.toml': `[sinks.s]\ntype = "syslog"\n${more}` }),
      'weir.toml',
    );
    try {
      loadConfig({ config: file }, {});
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  t.match(problemsOf('address = "s:99999"'), /\/sinks\/s\/address has no port/);
  t.match(problemsOf('address = "nowhere"'), /\/sinks\/s\/address/);
  t.match(problemsOf('address = "s:514"\ntls_ca_file = "a.pem"'), /tls is false/);
  t.match(problemsOf('address = "s:1"\ntls = true\ntls_key_file = "k"'), /go together/);
  t.equal(problemsOf('address = "[2001:db8::1]:514"'), '');
  t.end();
});

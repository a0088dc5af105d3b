// Scenario: configuration files as people write them, right and wrong.
// Guarantees: defaults < file < environment < flags; every mistake is one sentence that names the
// path, the value and, for a key, the nearest known one.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WeirError } from '@weir/pipeline';
import t, { type Test } from 'tap';
import { splitHostPort } from './host-port.js';
import { loadConfig } from './load.js';

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
  const { config } = loadConfig({ config: fileOf(t, 'a.toml', '') }, {});
  t.equal(config.data_dir, resolve('./var'));
  t.match(config.sources, { syslog: { type: 'syslog', listen: '127.0.0.1:5514', shards: 4 } });
  t.match(config.sources, { http: { type: 'http', listen: '127.0.0.1:8514' } });
  t.equal(config.store.events_table, 'dev.events');
});

t.test('TOML and JSON say the same', async (t) => {
  const toml =
    '[sources.edge]\ntype = "syslog"\nlisten = "[::1]:1514"\nprotocols = ["tcp"]\n[spool]\nzstd_level = 3\n';
  const json =
    '{"sources":{"edge":{"type":"syslog","listen":"[::1]:1514","protocols":["tcp"]}},"spool":{"zstd_level":3}}';
  const fromToml = loadConfig({ config: fileOf(t, 'a.toml', toml) }, {}).config;
  t.same(fromToml, loadConfig({ config: fileOf(t, 'a.json', json) }, {}).config);
  t.same(Object.keys(fromToml.sources), ['edge']);
});

t.test('flags go over environment, environment over file', async (t) => {
  const file = fileOf(
    t,
    'a.toml',
    'data_dir = "/file"\n[store]\nurl = "http://file:8123"\nevents_table = "f.e"\n',
  );
  const environment = { CLICKHOUSE_URL: 'http://env:8123', EVENTS_TABLE: 'env.events' };
  const { config } = loadConfig(
    { config: file, data: '/flag', syslog: '0.0.0.0:514' },
    environment,
  );
  t.equal(config.store.url, 'http://env:8123');
  t.equal(config.store.events_table, 'env.events');
  t.equal(config.data_dir, '/flag');
  t.equal(config.sources.syslog?.listen, '0.0.0.0:514');
});

const MISTAKES: readonly (readonly [string, string, RegExp])[] = [
  ['a.toml', 'dat_dir = "x"', /\/dat_dir is not a known key; did you mean data_dir\?/],
  ['a.toml', '[spool]\nzstd_level = 99', /\/spool\/zstd_level must be <= 19; got 99/],
  ['a.toml', 'log_level = "loud"', /\/log_level must be one of .*"warn".*; got "loud"/],
  [
    'a.toml',
    '[sources.x]\ntype = "syslo"\nlisten = "a:1"',
    /\/sources\/x\/type must be one of "syslog", "http"/,
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
  ['a.toml', 'x = [', /a\.toml: /],
  ['a.json', '{', /a\.json: /],
  ['a.json', '[]', /must be a table of settings/],
  ['a.ini', '', /must end in \.toml or \.json/],
];
for (const [name, text, message] of MISTAKES) {
  t.test(`${name} with ${JSON.stringify(text)} is refused`, async (t) => {
    t.match(failureOf(() => loadConfig({ config: fileOf(t, name, text) }, {})).message, message);
  });
}

t.test('a missing file and a bad environment are refused', async (t) => {
  const { code } = failureOf(() => loadConfig({ config: join(t.testdir({}), 'none.toml') }, {}));
  t.equal(code, 'WEIR_CONFIG_UNREADABLE');
  const file = fileOf(t, 'a.toml', '');
  t.match(
    failureOf(() => loadConfig({ config: file }, { EVENTS_TABLE: 'x' })).message,
    /events_table/,
  );
});

t.test('a flag for a source that is not there, or there twice, is refused', async (t) => {
  const two =
    '[sources.a]\ntype = "http"\nlisten = "a:1"\n[sources.b]\ntype = "http"\nlisten = "a:2"\n';
  const file = fileOf(t, 'a.toml', two);
  t.match(
    failureOf(() => loadConfig({ config: file, http: 'a:3' }, {})).message,
    /exactly one .* has 2/,
  );
  t.match(
    failureOf(() => loadConfig({ config: file, syslog: 'a:3' }, {})).message,
    /exactly one .* has 0/,
  );
});

t.test('host and port are split, IPv6 too', async (t) => {
  t.same(splitHostPort('127.0.0.1:5514'), { host: '127.0.0.1', port: 5514 });
  t.same(splitHostPort('[::1]:5514'), { host: '::1', port: 5514 });
  t.match(failureOf(() => splitHostPort('a:70000')).message, /<= 65535/);
});

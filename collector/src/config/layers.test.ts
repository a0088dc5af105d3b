// Scenario: several places that say something: the system, a file or folder of the user,
// environment, flags.
// Guarantees: defaults < system < user < environment < flags, and each value knows who said it;
// inside a folder nothing is said twice; two default files are an error.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WeirError } from '@weir/pipeline';
import t, { type Test } from 'tap';
import { loadConfig } from './load.js';

const ALONE = { WEIR_SYSTEM_DIR: '' };

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof WeirError) return error.message;
    throw error;
  }
  throw new Error('expected a WeirError');
}

/** Folder with these files; names may have a folder before them. */
function folderOf(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = t.testdir({});
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

t.test('each layer goes over the one before it', async (t) => {
  const folder = folderOf(t, {
    'etc/weir.toml': 'data_dir = "/system"\n[spool]\nzstd_level = 2\ncommit_interval_ms = 7\n',
    'a.yaml': 'spool: {zstd_level: 3}\nstore: {url: "http://file:8123", events_table: f.e}\n',
  });
  const environment = {
    WEIR_SYSTEM_DIR: join(folder, 'etc'),
    CLICKHOUSE_URL: 'http://env:8123',
    WEIR_STORE__LINGER_MS: '40',
    WEIR_SOURCES__SYSLOG__PROTOCOLS: 'tcp',
    WEIR_LOG_LEVEL: 'debug',
    WEIR_SEED: 'no setting',
    WEIR_STORE__TTL_DAYS: '',
  };
  const file = join(folder, 'a.yaml');
  const flags = { config: file, data: '/flag', syslog: '192.0.2.1:514' };
  const loaded = loadConfig(flags, { ...environment, WEIR_SOURCES__SYSLOG__LISTEN: 'a:1' });
  const { config } = loaded;
  t.equal(config.data_dir, '/flag');
  t.equal(config.log_level, 'debug');
  t.match(config.spool, { zstd_level: 3, commit_interval_ms: 7, segment_bytes: 67_108_864 });
  t.match(config.store, {
    url: 'http://env:8123',
    events_table: 'f.e',
    linger_ms: 40,
    ttl_days: 90,
  });
  t.match(config.sources.syslog, { listen: '192.0.2.1:514', protocols: ['tcp'] });
  t.equal(config.sources.http?.listen, '127.0.0.1:8514', 'the other default source stays');
  const system = join(folder, 'etc/weir.toml');
  t.same(loaded.files, [system, file]);
  t.equal(loaded.file, file);
  const origins = {
    '/data_dir': 'command line',
    '/spool/zstd_level': file,
    '/spool/commit_interval_ms': system,
    '/spool/segment_bytes': 'default',
    '/store/url': 'CLICKHOUSE_URL',
    '/store/events_table': file,
    '/store/linger_ms': 'WEIR_STORE__LINGER_MS',
    '/sources/syslog/listen': 'command line',
  };
  for (const [path, origin] of Object.entries(origins))
    t.equal(loaded.originOf(path), origin, path);
});

t.test('flags move the default listeners too', async (t) => {
  const folder = folderOf(t, { 'a.toml': '' });
  const { config } = loadConfig(
    { config: join(folder, 'a.toml'), syslog: '0.0.0.0:514', http: '[::]:80' },
    ALONE,
  );
  t.equal(config.sources.syslog?.listen, '0.0.0.0:514');
  t.equal(config.sources.http?.listen, '[::]:80');
});

t.test('a component of another type replaces the former, settings and all', async (t) => {
  const folder = folderOf(t, {
    'etc/weir.toml': '[sinks.out]\ntype = "file"\npath = "x"\nmax_files = 3\n',
    'a.toml': '[sinks.out]\ntype = "stdout"\n',
  });
  const environment = { WEIR_SYSTEM_DIR: join(folder, 'etc') };
  const { config } = loadConfig({ config: join(folder, 'a.toml') }, environment);
  t.equal(config.sinks.out?.type, 'stdout');
  t.notOk('path' in (config.sinks.out ?? {}));
});

t.test('the environment reaches every kind of setting', async (t) => {
  const folder = folderOf(t, { 'a.toml': '[sinks.out]\ntype = "http"\nurl = "http://a/"\n' });
  const { config } = loadConfig(
    { config: join(folder, 'a.toml') },
    {
      ...ALONE,
      WEIR_SINKS__OUT__REQUIRED: 'false',
      WEIR_SINKS__OUT__BATCH_MAX_EVENTS: '7',
      WEIR_SINKS__OUT__INPUTS: 'syslog, http',
      WEIR_SINKS__OUT__HEADERS: '{"X-A": "b"}',
      WEIR_SINKS__OUT__FORMAT: 'json_array',
    },
  );
  t.match(config.sinks.out, {
    required: false,
    batch_max_events: 7,
    inputs: ['syslog', 'http'],
    headers: { 'X-A': 'b' },
    format: 'json_array',
  });
  const message = messageOf(() =>
    loadConfig({ config: join(folder, 'a.toml') }, { ...ALONE, WEIR_SPOL__MAX_BYTES: '1' }),
  );
  t.equal(message, 'WEIR_SPOL__MAX_BYTES: /spol is not a known key; did you mean spool?');
});

t.test('the files of a folder are one document, in the order of their names', async (t) => {
  const folder = folderOf(t, {
    'conf.d/20-out.yaml': 'sinks: {out: {type: stdout}}\nspool: {zstd_level: 2}\n',
    'conf.d/10-in.toml':
      '[sources.a]\ntype = "http"\nlisten = "a:1"\n[spool]\nmax_bytes = 99999999\n',
    'conf.d/30.json': '{"sources": {"b": {"type": "http", "listen": "a:2"}}}',
    'conf.d/notes.txt': 'not read',
    'conf.d/.hidden.toml': 'not toml',
    'conf.d/10-in.toml.bak': 'not read',
  });
  const path = join(folder, 'conf.d');
  const loaded = loadConfig({ config: path }, ALONE);
  t.same(
    loaded.files,
    ['10-in.toml', '20-out.yaml', '30.json'].map((name) => join(path, name)),
  );
  t.equal(loaded.file, path);
  t.same(Object.keys(loaded.config.sources), ['a', 'b']);
  t.match(loaded.config.spool, { zstd_level: 2, max_bytes: 99_999_999 });
});

t.test('two files of a folder do not say the same thing', async (t) => {
  const folder = folderOf(t, {
    'd/a.toml': 'data_dir = "x"\n[sinks.out]\ntype = "stdout"\n[spool]\nzstd_level = 1\n',
    'd/b.toml':
      'data_dir = "x"\n[sinks.out]\nrequired = false\n[spool]\nzstd_level = 1\nmax_bytes = 99999999\n',
  });
  const lines = messageOf(() => loadConfig({ config: join(folder, 'd') }, ALONE)).split('\n');
  t.equal(lines.length, 3);
  for (const path of ['/data_dir', '/sinks/out', '/spool/zstd_level']) {
    const [a, b] = [join(folder, 'd/a.toml'), join(folder, 'd/b.toml')];
    t.ok(
      lines.some((line) => line.endsWith(`${path} stands in ${a} and in ${b}; keep one`)),
      path,
    );
  }
});

t.test('in the working directory there is one configuration, or none', async (t) => {
  const folder = folderOf(t, { 'weir.yaml': 'data_dir: y', 'weir.d/a.toml': 'data_dir = "d"' });
  const before = process.cwd();
  t.teardown(() => process.chdir(before));
  process.chdir(folder);
  t.match(
    messageOf(() => loadConfig({}, ALONE)),
    /there are weir\.yaml and weir\.d; keep one, or name one with --config/,
  );
  t.equal(loadConfig({ config: 'weir.d' }, ALONE).config.data_dir, resolve('d'));
  process.chdir(folderOf(t, { 'x/weir.yml': 'data_dir: z' }));
  t.equal(loadConfig({}, ALONE).file, null);
  process.chdir('x');
  t.equal(loadConfig({}, ALONE).config.data_dir, resolve('z'));
});

// Scenario: example configurations made from the schema, for every component and every format.
// Guarantees: what is printed is valid and means the same in all formats; every setting of the
// schema is in it with its description; commenting in what is off changes nothing.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/pipeline';
import t, { type Test } from 'tap';
import { components, SECTION_OF } from '../components/index.js';
import { loadConfig } from '../load.js';
import {
  DEFAULT_SELECTION,
  EXAMPLE_FORMATS,
  type ExampleFormat,
  generateConfiguration,
} from './index.js';
import { type SettingSchema, settingsOf } from './setting-words.js';

const typesOf = (kind: string): string[] =>
  components.filter((spec) => spec.kind === kind).map(({ type }) => type);
const SELECTIONS = [
  DEFAULT_SELECTION,
  ...typesOf('source'),
  ...typesOf('transform').map((type) => `syslog/${type}/stdout`),
  ...typesOf('sink').map((type) => `http//${type}`),
  'syslog,http/parse,set,enrich,filter,route/clickhouse,http,file,stdout,weir,splunk_hec,elasticsearch,blackhole',
  'syslog,syslog,http,http//file,file',
  'http/filter,filter',
];

function load(t: Test, text: string, format: ExampleFormat) {
  const path = join(t.testdir({}), `weir.${format}`);
  writeFileSync(path, text);
  const { config, warnings } = loadConfig({ config: path }, { WEIR_SYSTEM_DIR: '' });
  t.same(warnings, [], format);
  return config;
}

for (const selection of SELECTIONS) {
  t.test(`${selection} is valid, and the same in all formats`, async (t) => {
    const configs = EXAMPLE_FORMATS.map((format) => {
      const text = generateConfiguration(selection, format);
      const long = text.split('\n').filter((line) => / *# /.test(line) && line.length > 100);
      t.same(
        // The command that made it is one word.
        long.filter((line) => !/[=:{]/.test(line) && !line.includes(selection)),
        [],
        'sentences are wrapped',
      );
      return load(t, text, format);
    });
    t.same(configs[1], configs[0], 'YAML');
    t.same(configs[2], configs[0], 'JSON');
  });
}

t.test('the default example shows what runs without a configuration', async (t) => {
  const empty = join(t.testdir({ 'empty.toml': '' }), 'empty.toml');
  const { config } = loadConfig({ config: empty }, { WEIR_SYSTEM_DIR: '' });
  t.same(load(t, generateConfiguration(DEFAULT_SELECTION, 'toml'), 'toml'), config);
});

t.test('every setting is there, with its description', async (t) => {
  for (const spec of components) {
    const selection = {
      source: spec.type,
      transform: `syslog/${spec.type}/`,
      sink: `syslog//${spec.type}`,
    }[spec.kind];
    const schema = spec.schema as SettingSchema;
    for (const format of ['toml', 'yaml'] as const) {
      const text = generateConfiguration(selection, format);
      const prose = text.replaceAll(/\n\s*# /g, ' ');
      for (const { name, schema: inner } of settingsOf(schema)) {
        t.match(text, new RegExp(`^ *(# )?${name}( =|:) `, 'm'), `${format} ${selection} ${name}`);
        t.ok(prose.includes(inner.description ?? 'none'), `${name} is described`);
      }
    }
  }
});

/** Takes the `# ` from settings, not from sentences. */
const commentedIn = (text: string, separator: string): string =>
  text.replaceAll(new RegExp(`^( *)# ([a-z_]+${separator}(?: |$))`, 'gm'), '$1$2');

t.test('what is off can be commented in, and stands at its default', async (t) => {
  // Of parse and filter a pack or condition excludes the module that is shown off.
  const selection = 'syslog,http/set,route/clickhouse,file,stdout,blackhole';
  const plain = load(t, generateConfiguration(selection, 'toml'), 'toml');
  const toml = commentedIn(generateConfiguration(selection, 'toml'), ' =');
  t.notMatch(toml, /^# [a-z_]+ =/m);
  t.same(load(t, toml, 'toml'), plain);
  const yaml = commentedIn(generateConfiguration(selection, 'yaml'), ':');
  t.same(load(t, yaml, 'yaml'), plain);
});

t.test('an unknown or misplaced type is refused with help', async (t) => {
  const messageOf = (selection: string): string => {
    try {
      generateConfiguration(selection, 'toml');
    } catch (error) {
      if (error instanceof WeirError && error.code === 'WEIR_USAGE') return error.message;
    }
    return 'no usage error';
  };
  t.match(messageOf('sislog'), /there is no source sislog; did you mean syslog\?/);
  t.match(messageOf('syslog/file'), /no transform file; it is a sink, and those stand in part 3/);
  t.match(messageOf('/filter'), /needs a source/);
  t.match(messageOf('a/b/c/d'), /SOURCES\/TRANSFORMS\/SINKS/);
  t.match(messageOf('syslog//clickhouse,clickhouse'), /at most one clickhouse/);
  t.match(messageOf('syslog//zzzzzz'), /sinks are clickhouse, http/);
});

t.test('every kind has its section', async (t) => {
  t.same(Object.keys(SECTION_OF).sort(), ['sink', 'source', 'transform']);
});

// Scenario: the generated documents, the example configurations, and the code they are made from.
// Guarantees: they say the same; every error code of the table is used somewhere, and none other
// is.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '@weir/pipeline';
import t from 'tap';
import { checkModules } from '../run/worker/modules.js';
import { components } from './components/index.js';
import { chooseDestination } from './destination.js';
import { generatedDocuments } from './documents.js';
import { graphOf } from './graph.js';
import { loadConfig } from './load.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

t.test('generated documents are up to date', async (t) => {
  for (const [path, text] of generatedDocuments()) {
    t.equal(readFileSync(join(ROOT, path), 'utf8'), text, `${path}: run npm run docs`);
  }
});

t.test('every error code is thrown somewhere', async (t) => {
  let sources = '';
  for (const folder of ['pipeline', 'spool', 'parsers', 'sinks', 'collector']) {
    for (const entry of readdirSync(join(ROOT, folder, 'src'), { recursive: true })) {
      const name = String(entry);
      if (!name.endsWith('.ts') || name.endsWith('.test.ts') || name === 'errors.ts') continue;
      sources += readFileSync(join(ROOT, folder, 'src', name), 'utf8');
    }
  }
  for (const code of Object.keys(ERRORS)) t.ok(sources.includes(`'${code}'`), `${code} is used`);
});

const ALONE = { WEIR_SYSTEM_DIR: '' };

t.test('the example configurations are valid', async (t) => {
  const paths = [
    'examples/weir.toml',
    'examples/weir.yaml',
    'config/collectors/edge-collector.toml',
  ];
  for (const path of paths) {
    const { config, warnings } = loadConfig({ config: join(ROOT, path) }, ALONE);
    t.ok(Object.keys(config.sources).length > 0, path);
    t.same(warnings, []);
  }
  const { config } = loadConfig({ config: join(ROOT, 'examples/weir.toml') }, ALONE);
  const empty = join(t.testdir({ 'empty.toml': '' }), 'empty.toml');
  t.same(config, loadConfig({ config: empty }, ALONE).config, 'the example shows the defaults');
});

t.test('the examples of the pages are valid, in both formats the same', async (t) => {
  for (const [path, text] of generatedDocuments()) {
    if (!path.startsWith('docs/components/') || path.endsWith('README.md')) continue;
    const folder = t.testdir({});
    const blocks = new Map(
      [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => [language, code]),
    );
    const [, script] = /^`([\w-]+\.js)`, beside/m.exec(text) ?? [];
    if (script !== undefined) writeFileSync(join(folder, script), blocks.get('js') ?? '');
    const configs = [];
    for (const format of ['toml', 'yaml']) {
      const file = join(folder, `weir.${format}`);
      writeFileSync(file, blocks.get(format) ?? 'no = "example"');
      const { config, baseUrl, warnings } = loadConfig({ config: file }, ALONE);
      t.same(warnings, [], path);
      const graph = graphOf(config, chooseDestination(config, {}).sinks);
      const setup = { nodeId: '', sourceOfListener: {}, graph, baseUrl, pipelineModule: null };
      t.same((await checkModules(setup)).warnings, [], path);
      configs.push(config);
    }
    t.same(configs[1], configs[0], path);
  }
});

t.test('the pages name metrics that there are, and link to pages that there are', async (t) => {
  const code = [
    'pipeline/src/metrics.ts',
    'collector/src/run/gauges.ts',
    'collector/src/run/tables/table-metrics.ts',
  ]
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    .join('');
  for (const { type, metrics } of components) {
    for (const name of metrics) t.ok(code.includes(`'${name}'`), `${type}: ${name}`);
  }
  const pages = generatedDocuments();
  const index = pages.get('docs/components/README.md') ?? '';
  for (const [, link] of index.matchAll(/\]\(([^)]+)\)/g)) {
    const path = join('docs/components', link ?? '');
    t.ok(pages.has(path) || existsSync(join(ROOT, path)), path);
  }
});

// Scenario: the generated documents, the example configurations, and the code they are made from.
// Guarantees: they say the same; every error code of the table is used somewhere, and none other
// is.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '@weir/pipeline';
import t from 'tap';
import { generatedDocuments } from './documents.js';
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

t.test('the example configurations are valid', async (t) => {
  for (const path of ['examples/weir.toml', 'config/collectors/edge-collector.toml']) {
    const { config } = loadConfig({ config: join(ROOT, path) }, {});
    t.ok(Object.keys(config.sources).length > 0, path);
  }
  const { config } = loadConfig({ config: join(ROOT, 'examples/weir.toml') }, {});
  const empty = join(t.testdir({ 'empty.toml': '' }), 'empty.toml');
  t.same(config, loadConfig({ config: empty }, {}).config, 'the example shows the defaults');
});

// Scenario: modules that cannot be loaded, or hold something else than is wanted.
// Guarantees: the start fails with a sentence that names the component and the file.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TransformDocument } from '@weir/pipeline';
import t from 'tap';
import { whileLoading } from '../../modules/loading.js';
import { checkModules } from './modules.js';
import { batchOf, graphOf, linesOf, run, setupOf, startProcessor } from './test-setup.js';

const MODULE = './test-modules/components.js';
const sinks = { out: { type: 'http', inputs: ['c'] } };
const enrich = (module: string, exportName?: string): TransformDocument => ({
  type: 'enrich',
  inputs: ['edge'],
  module,
  ...(exportName === undefined ? {} : { export: exportName }),
});

t.test('what is wrong with a module is said', async (t) => {
  const cases: [TransformDocument, RegExp][] = [
    [enrich('./none.js'), /^\/transforms\/c\/module \.\/none\.js does not exist/],
    [enrich('no-such-package'), /no-such-package is neither a file beside .* nor an installed/],
    [enrich(MODULE, 'absent'), /components\.js has no export absent/],
    [enrich(MODULE, 'nothing'), /is not made for enrich: export a function or defineEnricher/],
    [enrich(MODULE, 'pipes'), /is not made for enrich/],
    [enrich(MODULE, 'cannotBeCreated'), /cannot be created: the file is missing/],
    [
      { type: 'parse', inputs: ['edge'], module: MODULE, export: 'plain' },
      /is not made for parse: export defineParser/,
    ],
    [
      { type: 'filter', inputs: ['edge'], module: '#pipeline' },
      /^\/transforms\/c \(in the pipeline module\) has no function/,
    ],
    [{ type: 'parse', inputs: ['edge'], pack: 'fortigat' }, /^\/transforms\/c\/pack is no pack/],
  ];
  for (const [document, expected] of cases)
    await t.rejects(
      checkModules(setupOf(graphOf({ c: document }, sinks))),
      { code: 'WEIR_CONFIG_INVALID', message: expected },
      JSON.stringify(document),
    );
});

t.test('what would fail at every event is said before the first', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-modules-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const enricher = (rest: string) => `export default { kind: 'enricher', name: 'x', ${rest} };`;
  const cases: [string, RegExp][] = [
    ['export default async () => {};', /is an async function/],
    ['export default class { enrich() {} }', /is a class; give an object or a function/],
    [enricher('async enrich() {}'), /enrich is an async function/],
    [enricher("adds: { 'labels.x': 'date' }, enrich() {}"), /adds labels\.x as "date"; types are/],
    [enricher("adds: 'labels.x', enrich() {}"), /has adds that are no object/],
    [enricher('adds: null, enrich() {}'), /has adds that are no object/],
  ];
  const baseUrl = `${pathToFileURL(folder).href}/`;
  for (const [index, [text, expected]] of cases.entries()) {
    await writeFile(join(folder, `${index}.mjs`), text);
    const graph = graphOf({ c: enrich(`./${index}.mjs`) }, sinks);
    const invalid = { code: 'WEIR_CONFIG_INVALID', message: expected };
    await t.rejects(checkModules(setupOf(graph, { baseUrl })), invalid, text);
  }
});

t.test('a module that does not come to an end', async (t) => {
  const invalid = { code: 'WEIR_CONFIG_INVALID', message: /^\/transforms\/c was not loaded/ };
  const never = whileLoading('/transforms/c', () => new Promise<never>(() => {}), 1);
  await t.rejects(never, invalid);
  t.notOk(
    process.listeners('exit').some(({ name }) => name === 'onExit'),
    'no guard is left',
  );
});

t.test('what a module adds is known to conditions', async (t) => {
  const graph = (condition: string) =>
    graphOf(
      { e: enrich(MODULE), c: { type: 'filter', inputs: ['e'], condition } },
      { out: { type: 'http', inputs: ['c'] } },
    );
  t.strictSame(
    { ...(await checkModules(setupOf(graph('labels.vip')))).adds },
    {
      'labels.vip': 'boolean',
      'labels.count': 'number',
    },
  );
  await t.rejects(
    checkModules(setupOf(graph('labels.vip == "x"'))),
    /labels\.vip is a boolean and "x" is a string/,
  );
  await t.rejects(checkModules(setupOf(graph('labelz.vip'))), /did you mean labels\.vip\?/);
  t.equal((await checkModules(setupOf(graph('labels.vip')))).isOpen, false, 'all is declared');
  const bare = graphOf({ e: enrich(MODULE, 'plain') }, { out: { type: 'http', inputs: ['e'] } });
  t.equal((await checkModules(setupOf(bare))).isOpen, true, 'a function says nothing');
});

t.test('modules of a folder, with and without dots, and of packages', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-modules-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const text = "export default (event) => event.set('labels.from', import.meta.url.slice(-8));\n";
  await mkdir(join(folder, 'modules'));
  await writeFile(join(folder, 'modules', 'own.mjs'), text);
  await writeFile(join(folder, 'broken.mjs'), 'export default (\n');
  const compiled =
    "exports.__esModule = true; exports.default = (event) => event.set('labels.from', 'own.mjs');\n";
  await writeFile(join(folder, 'compiled.cjs'), compiled);
  await writeFile(join(folder, 'plain.cjs'), compiled.replace(/.*default/, 'module.exports'));
  const installed: [string, unknown][] = [
    ['import-only', { '.': { import: './index.mjs' } }],
    ['@scope/both', './index.mjs'],
    ['subpath', { './deep': { node: { import: './index.mjs' } } }],
  ];
  for (const [name, exports] of installed) {
    const root = join(folder, 'node_modules', name);
    await mkdir(root, { recursive: true });
    await writeFile(join(root, 'package.json'), JSON.stringify({ name, exports, type: 'module' }));
    await writeFile(join(root, 'index.mjs'), text);
  }
  const baseUrl = `${pathToFileURL(folder).href}/`;
  const names = [
    'modules/own.mjs',
    './modules/own.mjs',
    join(folder, 'modules', 'own.mjs'),
    'compiled.cjs',
    './plain.cjs',
  ];
  for (const module of [...names, 'import-only', '@scope/both', 'subpath/deep']) {
    const process = await startProcessor(graphOf({ c: enrich(module) }, sinks), { baseUrl });
    const [line] = linesOf(run(process, batchOf(['<134>x']), 'out'));
    t.match(line?.unmapped, { 'labels.from': /(own|ndex)\.mjs$/ }, module);
  }
  await t.rejects(
    checkModules(setupOf(graphOf({ c: enrich('./broken.mjs') }, sinks), { baseUrl })),
    /^WeirError|\/transforms\/c\/module \.\/broken\.mjs cannot be loaded/,
  );
});

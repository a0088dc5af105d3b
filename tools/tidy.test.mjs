// Scenario: a small tidy tree with one planted fault at a time.
// Guarantees: each rule finds its fault, at its place, and nothing in the tree without faults.
import t from 'tap';
import { readTree } from './tidy.mjs';
import { RULES, skippedTests } from './tidy-rules.mjs';
import { wrapComments } from './wrap-comments.mjs';

// Put together, so that tidy does not find the plants in this file.
const join = (...parts) => parts.join('');
const FIX = join('FIX', 'ME');
const NOW = join('Date', '.now()');
const RANDOM = join('Math', '.random()');

const CLEAN = {
  'pipeline/src/index.ts': "export { a } from './a.js';\n",
  'pipeline/src/a.ts': 'export const a = 1;\n',
  'pipeline/src/node/index.ts': `export const now = () => ${NOW};\n`,
  'spool/src/index.ts': "import { a } from '@weir/pipeline';\nexport const b = a;\n",
  'collector/src/main.ts': "import '@weir/spool';\nstart('./worker.js');\n",
  'collector/src/worker.ts': "import { now } from '@weir/pipeline/node';\nnow();\n",
  'collector/src/main.test.ts': "import t from 'tap';\n",
  'docs/generated/errors.md': `${FIX} stands in a generated page\n`,
};

function treeOf(more = {}) {
  const pipeline = {
    folder: 'pipeline',
    exports: { '.': { default: './dist/index.js' }, './node': { default: './dist/node/index.js' } },
  };
  const spool = { folder: 'spool', exports: { '.': { default: './dist/index.js' } } };
  const entries = new Set([
    'collector/src/main.ts',
    'pipeline/src/index.ts',
    'pipeline/src/node/index.ts',
  ]);
  return {
    files: new Map(Object.entries({ ...CLEAN, ...more })),
    packages: new Map([
      ['@weir/pipeline', pipeline],
      ['@weir/spool', spool],
    ]),
    entries,
  };
}

const allProblems = (tree) => Object.values(RULES).flatMap((rule) => rule(tree));

t.test('a tidy tree has no problems', async (t) => t.strictSame(allProblems(treeOf()), []));

const a = (text) => ({ 'pipeline/src/a.ts': `${text}\nexport const a = 1;\n` });
const machinePath = (folder) => `// see ${join('/', folder)}/main/x`;
const PLANTS = [
  ['fileLength', a('\n'.repeat(600)), 'pipeline/src/a.ts: 602 lines'],
  ['lineLength', a(`// ${'word '.repeat(25)}`), 'pipeline/src/a.ts:1: 128 columns'],
  ['lineLength', a(`const x = ${'1 + '.repeat(30)}'text';`), 'pipeline/src/a.ts:1:'],
  ['leftovers', a(`// ${FIX}: later`), `pipeline/src/a.ts:1: ${FIX}`],
  ['leftovers', { 'README.md': `\n${join('TO', 'DO')}\n` }, 'README.md:2'],
  ['ascii', a("const s = '\u00e9';"), 'pipeline/src/a.ts:1'],
  ['clocks', a(`const x = ${NOW};`), 'pipeline/src/a.ts:1: Date'],
  ['clocks', { 'collector/src/worker.ts': `f(${RANDOM});` }, 'collector/src/worker.ts:1: Math'],
  ['clocks', a(`const x = ${join('new Da', 'te()')};`), 'pipeline/src/a.ts:1: new'],
  ['clocks', a(join('performance', '.now();')), 'pipeline/src/a.ts:1: perf'],
  ['clocks', a(join('process.hr', 'time();')), 'pipeline/src/a.ts:1: hr'],
  ['clocks', a('setTimeout(f, 1);'), 'pipeline/src/a.ts:1: setTimeout('],
  ['clocks', a("import { createHash, randomBytes } from 'node:crypto';"), 'a.ts: randomBytes of'],
  ['clocks', a("import crypto from 'node:crypto';"), 'pipeline/src/a.ts: crypto of'],
  ['machinePaths', { 'README.md': machinePath('work') }, 'README.md:1'],
  ['machinePaths', { 'scripts/x.sh': machinePath('tmp') }, 'scripts/x.sh:1'],
  [
    'registryHosts',
    { 'package-lock.json': '"resolved": "https://host/x.tgz"' },
    'package-lock.json',
  ],
  ['deadFiles', { 'spool/src/dead.ts': '' }, 'spool/src/dead.ts: nothing imports it'],
  ['importCycles', a("import { b } from '@weir/spool';"), 'pipeline/src/a.ts: import cycle'],
  [
    'importCycles',
    a("export * from './a.js';"),
    'pipeline/src/a.ts: import cycle of pipeline/src/a.ts',
  ],
];
for (const [rule, files, expected] of PLANTS) {
  t.test(`${rule}: ${JSON.stringify(files).slice(0, 60)}`, async (t) => {
    const problems = RULES[rule](treeOf(files));
    t.equal(problems.length, 1, problems.join('\n'));
    t.ok(problems[0]?.includes(expected), `${problems[0]} names ${expected}`);
    t.strictSame(allProblems(treeOf(files)), problems, 'no other rule complains');
  });
}

t.test('what only looks like a fault', async (t) => {
  const harmless = {
    ...a(`const url = '${'x'.repeat(120)}';`),
    'collector/src/worker.ts': 'const at = new Date(timeMs); this.setTimeout(at); // mytodo',
    'spool/src/index.ts': "import { createHash } from 'node:crypto';",
    'README.md': `a/${join('wo', 'rk')}/b and ${join('net', '/ro', 'ot')}s\n`,
  };
  t.strictSame(allProblems(treeOf(harmless)), []);
});

t.test('skipped tests are listed', async (t) => {
  const files = {
    'collector/src/main.test.ts': "t.test('x', { skip: 'no tool' }, f);\nt.skip('y');",
  };
  const skips = skippedTests(treeOf(files));
  t.strictSame(
    skips.map((skip) => skip.split(': ')[0]),
    ['collector/src/main.test.ts:1', 'collector/src/main.test.ts:2'],
  );
});

t.test('the real tree can be read, with its packages and entries', async (t) => {
  const tree = readTree(new URL('..', import.meta.url).pathname);
  t.ok(tree.files.has('tools/tidy.mjs') && tree.packages.has('@weir/pipeline'));
  t.ok(tree.entries.has('collector/bin/weir.js') && tree.entries.has('pipeline/src/index.ts'));
  t.ok(tree.entries.has('tools/run-tests.mjs'), 'named in a script');
});

t.test('comments are wrapped once and for all', async (t) => {
  const long = 'many words '.repeat(12).trim();
  const text = [`// ${long}`, '// more.', '', `  /** ${long} */`, `const x = '${long}';`].join(
    '\n',
  );
  const wrapped = wrapComments(text);
  const lines = wrapped.split('\n');
  t.ok(lines.slice(0, -1).every((line) => line.length <= 100));
  t.equal(lines.at(-1), `const x = '${long}';`);
  t.match(lines[1], /more\.$/);
  t.equal(wrapComments(wrapped), wrapped);
  const words = (s) => s.replace(/[/*]/g, '').split(/\s+/).join(' ').trim();
  t.equal(words(wrapped), words(text), 'no word is lost');
});

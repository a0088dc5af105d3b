// Scenario: TAP texts of every way in which a test file can end; lock files; folders of compiled
// files; processes that a test starts. Guarantees: each result counts once, and nothing that went
// wrong is silent; children of tests start as those of a user.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { checkLock } from './lock-check.mjs';
import { withoutLoader } from './plain-children.mjs';
import { pruneDist } from './prune-dist.mjs';
import { allTests, compiledOf, TapCounter, wantsBroker } from './run-tests.mjs';

async function count(text) {
  const files = [];
  const counter = new TapCounter((file) => files.push(file));
  const run = counter.run();
  run.write(text);
  await run.end();
  const { passed, failed, skips, failures } = counter;
  return { passed, failed, skips, names: failures.map((failure) => failure.name), files };
}

const GOOD = `TAP version 14
# Subtest: a.test.js
    # Subtest: inner
        ok 1 - one
        ok 2 - two
        1..2
    ok 1 - inner # time=1ms
    ok 2 - three
    1..2
ok 1 - a.test.js # time=5ms
1..1
`;

t.test('assertions count, subtests do not', async (t) => {
  const result = await count(GOOD);
  t.match(result, { passed: 3, failed: 0, skips: [] });
  t.match(result.files, [{ name: 'a.test.js', ok: true, passed: 3 }]);
});

t.test('a failed assertion counts once, though its subtests and file fail too', async (t) => {
  const text = GOOD.replace('ok 2 - two', 'not ok 2 - two')
    .replace('ok 1 - inner', 'not ok 1 - inner')
    .replace('ok 1 - a.test.js', 'not ok 1 - a.test.js');
  t.match(await count(text), { passed: 2, failed: 1, names: ['a.test.js > inner > two'] });
});

t.test('a file that crashes after its assertions fails', async (t) => {
  const text = GOOD.replace('ok 1 - a.test.js', 'not ok 1 - a.test.js');
  t.match(await count(text), { passed: 3, failed: 1, names: ['a.test.js'] });
});

t.test('a file without output, and a bail-out', async (t) => {
  t.match(await count('TAP version 14\nnot ok 1 - b.test.js\n1..1\n'), { passed: 0, failed: 1 });
  const bailed = await count('TAP version 14\nok 1 - x\nBail out! no disk\n');
  t.match(bailed, { failed: 1, names: [/bail out: no disk/] });
});

t.test('skips keep their reason', async (t) => {
  const text = GOOD.replace('ok 2 - two', 'ok 2 - two # SKIP no rsyslog here');
  const result = await count(text);
  t.match(result, { passed: 2, failed: 0 });
  t.strictSame(result.skips, [{ name: 'a.test.js > inner > two', reason: 'no rsyslog here' }]);
});

t.test('a file that asserts nothing fails, one that skips all does not', async (t) => {
  const empty = 'TAP version 14\n# Subtest: a.test.js\n    1..0\nok 1 - a.test.js\n1..1\n';
  t.match(await count(empty), { passed: 0, failed: 1, names: ['a.test.js asserts nothing'] });
  const skipped = empty.replace('    1..0', '    ok 1 - x # SKIP no disk\n    1..1');
  t.match(await count(skipped), { passed: 0, failed: 0, skips: [{ reason: 'no disk' }] });
});

function makeTree(t, files) {
  const root = t.testdir({});
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
const MAIN = { name: 'w', workspaces: ['p'] };
const files = (text = '') => ({
  'package.json': JSON.stringify(MAIN),
  'p/package.json': JSON.stringify({ name: 'p', dependencies: { x: '1.0.0' } }),
  'p/src/a.test.ts': text,
  'p/dist/a.test.js': text,
  'p/dist/a.test.js.map': text,
  'p/dist/b.long.test.js': text,
  'p/dist/gone.js': text,
  'p/dist/gone.d.ts.map': text,
  'p/dist/.tsbuildinfo': text,
});

t.test('test files are found by source, by compiled file, and all at once', async (t) => {
  const root = makeTree(t, files());
  t.equal(compiledOf(root, 'p/src/a.test.ts'), 'p/dist/a.test.js');
  t.equal(compiledOf(root, 'p/dist/a.test.js'), 'p/dist/a.test.js');
  t.equal(compiledOf(root, 'p/src/none.test.ts'), null);
  t.equal(compiledOf(root, 'p/dist/gone.js'), null, 'no test');
  t.strictSame(allTests(root, false), ['p/dist/a.test.js']);
  t.strictSame(allTests(root, true), ['p/dist/a.test.js', 'p/dist/b.long.test.js']);
});

t.test('tests that read KAFKA_BROKERS get a broker', (t) => {
  const root = makeTree(t, {
    // In two pieces: this file wants none.
    'with.test.js': `const brokers = ${'process.env'}.KAFKA_BROKERS;`,
    'without.test.js': `const url = ${'process.env'}.KAFKA_BROKERS_URL;`,
  });
  t.equal(wantsBroker(root, 'with.test.js'), true);
  t.equal(wantsBroker(root, 'without.test.js'), false);
  t.end();
});

t.test('compiled files without a source are removed, others stay', async (t) => {
  const root = makeTree(t, files());
  t.equal(pruneDist(root).length, 3);
  t.strictSame(readdirSync(join(root, 'p/dist')).sort(), [
    '.tsbuildinfo',
    'a.test.js',
    'a.test.js.map',
  ]);
  t.strictSame(pruneDist(root), []);
});

t.test('a lock file that does not fit, fits, or lacks other platforms', async (t) => {
  const packages = (more, version = '1.0.0') => ({
    packages: { '': MAIN, p: { dependencies: { x: version } }, 'node_modules/x': more },
  });
  const check = (lock) =>
    checkLock(makeTree(t, { ...files(), 'package-lock.json': JSON.stringify(lock) }));
  t.strictSame(check(packages({})), { problems: [], missingOptional: [] });
  t.strictSame(check(packages({ optionalDependencies: { 'x-arm': '1' } })).missingOptional, [
    'x-arm',
  ]);
  t.match(check(packages({}, '2.0.0')).problems, [/^p\/package.json: dependencies differ/]);
});

t.test('children of tests start without the loader of tap', async (t) => {
  const show = ['-p', 'JSON.stringify(process.env.NODE_OPTIONS ?? null)'];
  const optionsOf = (env) =>
    JSON.parse(spawnSync(process.execPath, show, { env, encoding: 'utf8' }).stdout);
  t.equal(optionsOf(process.env), null);
  t.match(optionsOf({ ...process.env, NODE_OPTIONS: '--no-warnings' }), /^"?--no-warnings"?$/);
  const loader = '"--import=file:///a/node_modules/@tapjs/processinfo/dist/esm/import.mjs"';
  t.equal(withoutLoader(`--no-warnings ${loader}`), '--no-warnings');
  t.equal(withoutLoader('--import=./own.mjs'), '--import=./own.mjs');
});

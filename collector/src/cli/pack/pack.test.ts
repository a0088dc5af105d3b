// Scenario: `weir pack new` in a new folder, and what it made run as its README says.
// Guarantees: the golden case and the test pass at once; they fail when the parser is changed; no
//   file is written over; a bad name is one sentence; the example in examples/ is short.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const BIN = fileURLToPath(new URL('../../../bin/weir.js', import.meta.url));
const EXAMPLE = fileURLToPath(new URL('../../../../examples/turnstile', import.meta.url));
const LINES_MAX = 60;

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
function node(args: readonly string[], cwd = process.cwd()): Run {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1' };
  // Else the runner within takes itself for a part of this one.
  delete env.NODE_TEST_CONTEXT;
  const run = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', env });
  return { code: run.status, out: run.stdout, err: run.stderr };
}
const casesOf = (folder: string): Run => node([BIN, 'test'], folder);

t.test('what it makes passes at once, and fails when the parser does something else', async (t) => {
  const root = t.testdir({});
  const made = node([BIN, 'pack', 'new', 'badge_reader'], root);
  t.equal(made.code, 0, made.err);
  t.match(made.out, /weir test badge_reader --watch\n/);
  t.notMatch(made.out, /npm install/, 'the library is found from here');
  const folder = join(root, 'badge_reader');
  const passed = casesOf(folder);
  t.equal(passed.code, 0, passed.out + passed.err);
  t.match(passed.out, /ok cases\/sign-in \(4 events\)\n1 passed, 0 failed/);
  const kit = node(['--test', join(folder, 'parser.test.js')]);
  t.equal(kit.code, 0, kit.out);
  const parser = join(folder, 'parser.js');
  t.match(readFileSync(parser, 'utf8'), /name: 'badge_reader'/);
  writeFileSync(
    parser,
    readFileSync(parser, 'utf8').replace("=== 'ok' ? 1 : 2", "=== 'ok' ? 2 : 1"),
  );
  const failed = casesOf(folder);
  t.equal(failed.code, 1);
  t.match(failed.out, /input\.raw:1\)\n {4}status_id\n {6}expected 1\n {6}got {6}2\n/);
  t.equal(node(['--test', join(folder, 'parser.test.js')]).code, 1);
});

t.test('wrong usage', async (t) => {
  const root = t.testdir({});
  mkdirSync(join(root, 'taken'));
  for (const [name, sentence] of [
    ['taken', /taken exists; choose another name/],
    ['Bad-Name', /must be in lower_snake_case, 40 characters at most; got "Bad-Name"/],
    ['cisco_asa', /Weir has a pack cisco_asa/],
  ] as const) {
    const run = node([BIN, 'pack', 'new', name], root);
    t.equal(run.code, 2, name);
    t.match(run.err, sentence);
  }
  t.equal(node([BIN, 'pack', 'new']).code, 2);
});

t.test('the example is one that it makes, passes and is short', async (t) => {
  const all = casesOf(join(EXAMPLE, '..'));
  t.equal(all.code, 0, all.out + all.err);
  t.match(all.out, /pipeline: pipeline\.toml\nok cases\/doors-and-traffic \(5 events\)/);
  t.match(all.out, /pipeline: turnstile\/weir\.toml\nok turnstile\/cases\/sign-in/);
  t.equal(node(['--test', join(EXAMPLE, 'parser.test.js')]).code, 0);
  for (const name of ['parser.js', 'parser.test.js', 'weir.toml'])
    t.ok(readFileSync(join(EXAMPLE, name), 'utf8').split('\n').length < LINES_MAX, name);
});

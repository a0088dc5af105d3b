// Scenario: case folders are found, run through a pack or a whole configuration, compared, updated.
// Guarantees: one line for each event whatever becomes of it; a difference fails and is shown; no
//   expected file is a failure; --update writes what the next run accepts.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const BIN = fileURLToPath(new URL('../../bin/weir.js', import.meta.url));
const EVENTS = '<134>1 2026-03-01T12:00:00Z fw1 app 1 - - hello\n\n{"severity_id": \n';

const weirTest = (args: readonly string[]): { code: number | null; out: string; err: string } => {
  const run = spawnSync(process.execPath, [BIN, 'test', ...args], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
};

t.test('a case without an expected file fails, is updated, and passes then', async (t) => {
  const path = t.testdir({ nested: { first: { 'input.raw': EVENTS } } });
  const missing = weirTest([path]);
  t.equal(missing.code, 1);
  t.match(missing.out, /FAILED nested\/first \(2 events\)\n {2}there is no .*expected\.jsonl/);
  t.match(weirTest([path, '--update']).out, /1 updated/);
  const passed = weirTest([path]);
  t.equal(passed.code, 0);
  t.match(passed.out, /ok nested\/first \(2 events\)\n1 passed, 0 failed/);
  t.match(weirTest([path, '--update']).out, /1 passed, 0 failed\n/, 'nothing is left to update');
});

t.test('a difference is shown by attribute, in text, JSON and JUnit', async (t) => {
  const path = t.testdir({ case: { 'input.raw': EVENTS } });
  weirTest([path, '--update']);
  const expected = join(path, 'case/expected.jsonl');
  writeFileSync(expected, readFileSync(expected, 'utf8').replace('hello', 'goodbye'));
  const junit = join(path, 'results.xml');
  const text = weirTest([path, '--junit', junit]);
  t.equal(text.code, 1);
  t.match(text.out, /event 1:/);
  t.match(text.out, /- .*goodbye/);
  t.match(text.out, /\+ .*hello/);
  t.match(readFileSync(junit, 'utf8'), /<testcase classname="weir" name="case"[^>]*>\s*<failure/);
  const json = JSON.parse(weirTest([path, '--json']).out) as { results: { outcome: string }[] };
  t.equal(json.results[0]?.outcome, 'failed');
});

t.test('a pipeline: filtered events and several sinks', async (t) => {
  const path = t.testdir({
    'weir.toml': [
      '[transforms.loud]',
      'type = "filter"',
      'inputs = ["*"]',
      'condition = "severity_id >= 4"',
      '[sinks.all]',
      'type = "stdout"',
      '[sinks.some]',
      'type = "blackhole"',
      'inputs = ["loud"]',
    ].join('\n'),
    cases: { quiet: { 'input.raw': EVENTS } },
  });
  const args = [join(path, 'cases'), '--config', join(path, 'weir.toml')];
  t.match(weirTest([...args, '--update']).out, /1 updated/);
  const some = readFileSync(join(path, 'cases/quiet/expected.some.jsonl'), 'utf8');
  t.equal(some.split('\n')[0], '{"filtered":"loud"}');
  const all = readFileSync(join(path, 'cases/quiet/expected.all.jsonl'), 'utf8');
  t.match(all, /"message":"hello"/);
  t.equal(weirTest(args).code, 0);
});

t.test('wrong usage and settings are exit code 2 with a sentence', async (t) => {
  const path = t.testdir({
    empty: {},
    bad: { 'input.raw': EVENTS, 'config.json': '{"formt": "json"}' },
    sink: { 'input.raw': EVENTS, 'config.json': '{"sink": "ou"}' },
    time: { 'input.raw': EVENTS, 'config.json': '{"receivedAt": "soon"}' },
  });
  for (const [folder, sentence] of [
    ['nowhere', /there is no/],
    ['empty', /no test case in .*input\.raw/],
    ['bad', /\/formt is not a known key; did you mean format\?/],
    ['sink', /no sink ou; did you mean out\?/],
    ['time', /\/receivedAt must be a time/],
  ] as const) {
    const run = weirTest([join(path, folder)]);
    t.equal(run.code, 2, folder);
    t.match(run.err, sentence);
  }
});

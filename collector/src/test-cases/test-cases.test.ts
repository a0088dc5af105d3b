// Scenario: case folders are found, run through a pack or a whole configuration, compared, updated.
// Guarantees: one line for each event whatever becomes of it; a difference fails and is shown with
//   file, line and field; nothing that is missing, broken or compared with nothing passes; --update
//   writes what the next run accepts and shows what changed; reports are what readers of JSON and
//   XML take; --watch runs again when a file is saved, and only then.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { WeirError } from '@weir/pipeline';
import { CommanderError } from 'commander';
import { SaxesParser } from 'saxes';
import t from 'tap';
import { testCommand } from '../cli/test/index.js';

const BIN = fileURLToPath(new URL('../../bin/weir.js', import.meta.url));
const EVENTS = '<134>1 2026-03-01T12:00:00Z fw1 app 1 - - hello\n\n{"severity_id": \n';
const ESCAPE = '\u001b';
const PIPELINE = [
  '[transforms.loud]',
  'type = "filter"',
  'inputs = ["*"]',
  'condition = "severity_id >= 4"',
  '[sinks.all]',
  'type = "stdout"',
  '[sinks.some]',
  'type = "blackhole"',
  'inputs = ["loud"]',
].join('\n');

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
/**
 * In this process, as a start is most of what it costs; in a folder of the test, as what stands in
 * the folders above is no part of it.
 */
async function weirTest(cwd: string, args: readonly string[] = [], isTTY = false): Promise<Run> {
  const run = { code: 0, out: '', err: '' };
  const write = (text: string): void => {
    run.out += text;
  };
  const command = testCommand({ isTTY, write }).exitOverride();
  command.configureOutput({
    writeErr: (text) => {
      run.err += text;
    },
  });
  const before = process.cwd();
  process.chdir(cwd);
  try {
    await command.parseAsync(args, { from: 'user' });
    run.code = Number(process.exitCode ?? 0);
  } catch (error) {
    // Main makes 2 of these two.
    if (!(error instanceof WeirError || error instanceof CommanderError)) throw error;
    Object.assign(run, { code: 2, err: `${run.err}${error.message}\n` });
  } finally {
    process.exitCode = undefined;
    process.chdir(before);
  }
  return run;
}

/** What a strict reader of XML makes of a text: elements with their attributes, and all text. */
function readXml(text: string) {
  const elements: { name: string; attributes: Readonly<Record<string, string>> }[] = [];
  const parser = new SaxesParser();
  let content = '';
  parser.on('opentag', ({ name, attributes }) => elements.push({ name, attributes }));
  parser.on('text', (part) => {
    content += part;
  });
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(text).close();
  return { elements, content };
}

t.test('a case without an expected file fails, is updated, and passes then', async (t) => {
  const path = t.testdir({ nested: { first: { 'input.raw': EVENTS } } });
  const missing = await weirTest(path);
  t.equal(missing.code, 1);
  t.match(
    missing.out,
    /FAILED nested\/first \(2 events\)\n {2}nested\/first\/expected\.jsonl: there is no such file/,
  );
  t.match((await weirTest(path, ['--update'])).out, /1 updated/);
  const passed = await weirTest(path);
  t.equal(passed.code, 0);
  t.match(
    passed.out,
    /^pipeline: the packs alone\nok nested\/first \(2 events\)\n1 passed, 0 failed\n$/,
  );
  t.match(
    (await weirTest(path, ['--update'])).out,
    /1 passed, 0 failed\n/,
    'nothing is left to update',
  );
});

t.test('a difference is shown by line and field, and in every report', async (t) => {
  const name = 'a <case> & ]]> "more" \u0001\ufffe ]]>';
  const path = t.testdir({ [name]: { 'input.raw': `\n${EVENTS}` } });
  await weirTest(path, ['--update']);
  const expected = join(path, name, 'expected.jsonl');
  const before = readFileSync(expected, 'utf8');
  writeFileSync(
    expected,
    `\n${before.replace('"message":"hello"', '"message":"<b>]]>","risk":{"a b":[1]}').replace('"severity":6', '"severity":5')}`,
  );
  const text = await weirTest(path);
  t.equal(text.code, 1);
  t.match(text.out, /expected\.jsonl:2: event 1 \(.*input\.raw:2\)\n/, 'lines as an editor counts');
  t.match(text.out, /\n {4}message\n {6}expected "<b>\]\]>"\n {6}got {6}"hello"\n/);
  t.match(text.out, /\n {4}syslog\.severity\n {6}expected 5\n {6}got {6}6\n/);
  t.match(text.out, /\n {4}risk\n {6}expected \{"a b":\[1\]\}\n {6}got {6}\(absent\)\n/);
  t.notOk(text.out.includes(ESCAPE), 'no colour but on a terminal');
  t.match(JSON.parse((await weirTest(path, ['--json'])).out), {
    passed: 0,
    failed: 1,
    results: [
      {
        name,
        config: null,
        outcome: 'failed',
        eventCount: 2,
        failures: [{ line: 2, input: { line: 2 }, fields: [{}, {}, {}] }],
      },
    ],
  });
  const { elements, content } = readXml((await weirTest(path, ['--report', 'junit'])).out);
  const suite = elements.find((each) => each.name === 'testsuite')?.attributes;
  t.match(suite, { name: 'weir test', tests: '1', failures: '1', errors: '0' });
  const [only] = elements.filter((each) => each.name === 'testcase');
  t.equal(only?.attributes.name, name.replace('\u0001', '\\u0001').replace('\ufffe', '\\ufffe'));
  t.match(elements.find((each) => each.name === 'failure')?.attributes.message, /:2: event 1/);
  t.match(content, /expected "<b>\]\]>"\n/);
});

t.test('colour on a terminal, unless NO_COLOR', async (t) => {
  const path = t.testdir({ case: { 'input.raw': EVENTS, 'expected.jsonl': '{}\n{}\n' } });
  const { NO_COLOR = '', TERM = '' } = process.env;
  t.teardown(() => Object.assign(process.env, { NO_COLOR, TERM }));
  const inTerminal = async (environment: NodeJS.ProcessEnv): Promise<string> => {
    Object.assign(process.env, environment);
    return (await weirTest(path, [], true)).out;
  };
  const red = `${ESCAPE}[31mFAILED${ESCAPE}[0m case`;
  t.ok((await inTerminal({ NO_COLOR: '', TERM: 'xterm' })).includes(red));
  t.match(await inTerminal({ NO_COLOR: '1', TERM: 'xterm' }), /^FAILED case/m);
  t.match(await inTerminal({ NO_COLOR: '', TERM: 'dumb' }), /^FAILED case/m);
});

t.test('what is expected is broken, too short, too long, or belongs to nothing', async (t) => {
  const path = t.testdir({ case: { 'input.raw': EVENTS } });
  await weirTest(path, ['--update']);
  const file = join(path, 'case/expected.jsonl');
  const whole = readFileSync(file, 'utf8');
  const [first = '', second = ''] = whole.split('\n');
  for (const [text, sentence] of [
    [`${first}\n{"error" "x"}\n`, /case\/expected\.jsonl:2: not JSON: column 10: /],
    [`${first}\n`, /case\/expected\.jsonl: no line for event 2 of 2 \(case\/input\.raw:3\)/],
    [`${whole}{"a":1}\n`, /case\/expected\.jsonl:3: more lines than events: 2 came in/],
    ['', /no line for event 1 of 2/],
    [`${first}\n${first}\n`, /the whole line\n {6}expected .*hello.*\n {6}got {6}\{"error"/],
    [`${second}\n7\n`, /expected 7\n/],
  ] as const) {
    writeFileSync(file, text);
    const run = await weirTest(path);
    t.equal(run.code, 1, text);
    t.match(run.out, sentence);
  }
  writeFileSync(file, whole);
  writeFileSync(join(path, 'case/expected.pager.jsonl'), whole);
  const stray = await weirTest(path);
  t.equal(stray.code, 1);
  t.match(stray.out, /expected\.pager\.jsonl: compared with nothing; .* with expected\.jsonl/);
});

t.test('--update shows what it changes', async (t) => {
  const path = t.testdir({ case: { 'input.raw': EVENTS } });
  const first = await weirTest(path, ['--update']);
  t.notMatch(first.out, /event 1/, 'there was nothing before');
  const expected = join(path, 'case/expected.jsonl');
  writeFileSync(expected, readFileSync(expected, 'utf8').replace('hello', 'goodbye'));
  const second = await weirTest(path, ['--update']);
  t.equal(second.code, 0);
  t.match(second.out, /updated case.*event 1 .*expected "goodbye"\n *got *"hello"/s);
  t.equal((await weirTest(path)).code, 0);
});

t.test('reports to files', async (t) => {
  const path = t.testdir({ case: { 'input.raw': EVENTS } });
  const run = await weirTest(path, ['--report', 'json', '--out', 'a.json', '--junit', 'a.xml']);
  t.equal(run.code, 1, 'a report of a failure is a failure all the same');
  t.match(run.out, /^FAILED case/m, 'people get their text');
  t.match(JSON.parse(readFileSync(join(path, 'a.json'), 'utf8')), { failed: 1 });
  t.equal(readXml(readFileSync(join(path, 'a.xml'), 'utf8')).elements[1]?.attributes.tests, '1');
  for (const [args, sentence] of [
    [['--report', 'xml'], /Allowed choices are junit, json/],
    [['--out', 'a'], /--out needs --report/],
    [['--json', '--report', 'junit'], /both want standard output/],
    [['--junit', path], /is a directory/],
    [['--report', 'json', '--out', 'nowhere/a.json'], /there is no directory/],
  ] as const) {
    const wrong = await weirTest(path, args);
    t.equal(wrong.code, 2, args.join(' '));
    t.match(wrong.err, sentence);
  }
  t.notOk(existsSync(join(path, 'case/expected.jsonl')));
});

/** `weir test --watch` in a folder. */
class Watching {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  out = '';

  constructor(cwd: string, args: readonly string[]) {
    this.child = spawn(process.execPath, [BIN, 'test', '--watch', ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.out += text;
      });
  }

  get runCount(): number {
    return this.out.split('waiting for changes').length - 1;
  }

  /** Text of the nth run, from 1, when it is over. */
  async run(count: number): Promise<string> {
    while (this.runCount < count) await once(this.child.stdout, 'data');
    return this.out.split('waiting for changes; Ctrl-C ends\n')[count - 1] ?? '';
  }
}

t.test('--watch runs again when a file is saved, whichever way an editor saves', async (t) => {
  const path = t.testdir({ 'weir.toml': '[sinks.out]\ntype = "stdout"\n' });
  const folder = join(path, 'cases/first');
  mkdirSync(folder, { recursive: true });
  const input = join(folder, 'input.raw');
  /** As most editors save: a new file takes the name of the old one. */
  const byRename = (text: string): void => {
    writeFileSync(join(folder, '.input.tmp'), text);
    renameSync(join(folder, '.input.tmp'), input);
  };
  writeFileSync(input, EVENTS);
  await weirTest(path, ['--update']);
  const watching = new Watching(path, ['cases', '--report', 'json', '--out', 'cases/first/r.json']);
  t.teardown(() => watching.child.kill('SIGKILL'));
  t.match(await watching.run(1), /1 passed, 0 failed/);
  byRename(EVENTS.replace('hello', 'goodbye'));
  t.match(await watching.run(2), /got {6}"goodbye"/);
  byRename(EVENTS);
  t.match(await watching.run(3), /1 passed, 0 failed/, 'a file that was replaced is watched on');
  // The configuration stands above the path that was named.
  const transform = '[transforms.a]\ntype = "set"\ninputs = ["*"]\nfields = { "labels.a" = "b" }\n';
  const sink = '[sinks.out]\ntype = "stdout"\ninputs = ["a"]\n';
  writeFileSync(join(path, 'weir.toml'), `${transform}${sink}`);
  t.match(await watching.run(4), /unmapped\n {6}expected \(absent\)\n {6}got .*labels\.a/);
  t.notOk(watching.out.includes(ESCAPE), 'nothing is cleared');
  watching.child.kill('SIGINT');
  const [code] = (await once(watching.child, 'exit')) as [number | null];
  t.equal(code, 0);
  t.equal(watching.runCount, 4, 'its own report is no reason to run again');
});

t.test('--watch with --update does not run for what it writes', async (t) => {
  const path = t.testdir({ case: { 'input.raw': EVENTS } });
  const watching = new Watching(path, ['--update']);
  t.teardown(() => watching.child.kill('SIGKILL'));
  t.match(await watching.run(1), /1 updated/);
  writeFileSync(join(path, 'case/input.raw'), EVENTS.replace('hello', 'goodbye'));
  t.match(await watching.run(2), /got {6}"goodbye"/);
  writeFileSync(join(path, 'case/config.json'), '{"formt": 1}');
  await watching.run(3);
  watching.child.kill('SIGTERM');
  await once(watching.child, 'close');
  t.match(watching.out, /config\.json:1: \/formt is not/, 'a mistake is said and ends nothing');
  t.equal(watching.runCount, 3);
});

t.test('a pipeline: found above the case, filtered events and several sinks', async (t) => {
  const path = t.testdir({
    'weir.toml': PIPELINE,
    cases: {
      quiet: { 'input.raw': EVENTS },
      packs: { 'input.raw': EVENTS, 'config.json': '{"pack": "auto"}' },
    },
  });
  t.match((await weirTest(path, ['--update'])).out, /2 updated/);
  const some = readFileSync(join(path, 'cases/quiet/expected.some.jsonl'), 'utf8');
  t.equal(some.split('\n')[0], '{"filtered":"loud"}');
  const all = readFileSync(join(path, 'cases/quiet/expected.all.jsonl'), 'utf8');
  t.match(all, /"message":"hello"/);
  const found = await weirTest(path);
  t.equal(found.code, 0);
  t.match(found.out, /pipeline: weir\.toml\nok cases\/quiet/);
  t.match(found.out, /pipeline: the packs alone\nok cases\/packs/, 'a named pack goes without');
  t.match(
    (await weirTest(join(path, 'cases'))).out,
    /there is no such file/,
    'not above where it runs',
  );
  t.equal((await weirTest('/', [path])).code, 0, 'from elsewhere: up to the path');
  const named = await weirTest(join(path, 'cases'), ['quiet', '--config', '../weir.toml']);
  t.match(named.out, /pipeline: \.\.\/weir\.toml\nok quiet/);
  t.match(
    (await weirTest(path, ['cases', '.', 'cases/quiet'])).out,
    /^2 passed, 0 failed/m,
    'each once',
  );
});

t.test('wrong usage and settings are exit code 2 with a sentence', async (t) => {
  const path = t.testdir({
    empty: {},
    bare: { 'input.raw': '\n\n', 'expected.jsonl': '' },
    bad: { 'input.raw': EVENTS, 'config.json': '{\n  "formt": "json"}' },
    broken: { 'input.raw': EVENTS, 'config.json': '{\n  "format": xml}' },
    pack: { 'input.raw': EVENTS, 'config.json': '{"pack": "fortigat"}' },
    sink: { 'input.raw': EVENTS, 'config.json': '{"sink": "ou"}' },
    both: { 'input.raw': EVENTS, 'config.json': '{"pack": "json",\n"config": "a.toml"}' },
    named: { 'input.raw': EVENTS, 'config.json': '{"config": "a.toml"}' },
    time: { 'input.raw': EVENTS, 'config.json': '{\n\n"receivedAt": "soon"}' },
  });
  for (const [folder, sentence] of [
    ['nowhere', /there is no nowhere/],
    ['empty', /no test case in empty: .*input\.raw/],
    ['bare', /bare\/input\.raw:1: there is no event/],
    ['bad', /bad\/config\.json:2: \/formt is not a known key; did you mean format\?/],
    ['broken', /broken\/config\.json:2:13: Unexpected token 'x'/],
    ['pack', /pack\/config\.json:1: \/pack .*did you mean "fortigate_kv"\?/],
    ['sink', /sink\/config\.json: no sink ou; did you mean out\?/],
    ['both', /both\/config\.json:1: \/pack and \/config exclude each other/],
    ['named', /cannot read named\/a\.toml: no such file/],
    ['time', /time\/config\.json:3: \/receivedAt must be a time/],
  ] as const) {
    const run = await weirTest(path, [folder]);
    t.equal(run.code, 2, folder);
    t.match(run.err, sentence);
    t.equal(run.out, '');
  }
});

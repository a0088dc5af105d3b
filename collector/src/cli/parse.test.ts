// Scenario: `weir parse` as a process of its own, with good and broken input.
// Guarantees: one JSON line per event, in order, also for those that fail; wrong usage is one
//   sentence; a broken frame ends with exit code 1 after what came before it; a reader that leaves
//   ends it quietly; --explain comes first in the line, and only where it is asked for.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { parseCommand } from './parse.js';

const url = new URL('./parse.js', import.meta.url).href;
const script = `import { parseCommand } from '${url}';
await parseCommand().parseAsync(process.argv.slice(1), { from: 'user' });`;
const start = (args: readonly string[]) =>
  spawn(process.execPath, ['--input-type=module', '-e', script, '--', ...args]);

interface Result {
  readonly lines: Record<string, unknown>[];
  readonly stderr: string;
  readonly code: number;
}

async function run(input: string | Buffer, ...args: string[]): Promise<Result> {
  const child = start(args);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { lines: lines.map((line) => JSON.parse(line)), stderr, code };
}

t.test('one line per event, in order', async (t) => {
  const input = Buffer.concat([
    Buffer.from('<13>1 2026-02-28T22:14:15Z gate app - - - one\n{"msg":"two"}\n{"broken":\n'),
    Buffer.from([0x66, 0xff, 0x0a]),
    Buffer.from('<13>five\n'),
  ]);
  const { lines, stderr, code } = await run(input);
  t.equal(code, 0);
  t.equal(stderr, '');
  t.match(lines, [
    { message: 'one', device: { hostname: 'gate' }, parser: 'syslog_5424' },
    { message: 'two', parser: 'json' },
    { error: 'json_invalid', offset: 10, raw_data: '{"broken":' },
    { message: 'f\ufffd', raw_data_base64: 'Zv8=', marks: ['encoding_invalid', 'pri_missing'] },
    { message: 'five' },
  ]);
});

t.test('options', async (t) => {
  const kv = '<13>a=1 b=2';
  const forced = await run(`${kv}\n`, '--pack', 'syslog_3164');
  t.match(forced.lines, [{ message: 'a=1 b=2', parser: 'syslog_3164' }]);
  const asSyslog = await run('{"a":1}\n', '--input-format', 'syslog');
  t.match(asSyslog.lines, [{ parser: 'json', marks: ['pri_missing', 'timestamp_missing'] }]);
  const regex = ['--regex', 'no (?P<a>b)', '--regex', '(?P<k>\\w)=(?P<v>\\w)'];
  const byPattern = await run(`${kv}\n<13>x\n`, ...regex, '--field', 'v=user.name', '--explain');
  t.match(byPattern.lines, [
    { explain: { pack: 'regex', rule: 'pattern 2' }, user: { name: '1' }, unmapped: { k: 'a' } },
    { explain: { pack: 'syslog_3164', said_no: ['regex'] } },
  ]);
  const counted = await run('4 <13>12 <13>two\nline', '--framing', 'octet');
  t.match(counted.lines, [{ raw_data: '<13>' }, { message: 'two\nline' }]);
});

t.test('as the Elastic Common Schema', async (t) => {
  const { lines, code } = await run(
    '<13>1 2026-02-28T22:14:15.5Z gate app 7 ID9 - {"src_ip":"192.0.2.1","x":1}\n{"broken":\n',
    '--schema',
    'ecs',
  );
  t.equal(code, 0);
  t.match(lines, [
    {
      '@timestamp': '2026-02-28T22:14:15.500000Z',
      source: { ip: '192.0.2.1' },
      host: { name: 'gate' },
      process: { name: 'app', pid: 7 },
      log: { syslog: { priority: 13, facility: { code: 1 }, severity: { code: 5 } } },
      weir: { unmapped: { x: '1' }, parser: 'json' },
    },
    { error: { code: 'json_invalid' }, event: { original: '{"broken":' }, weir: { offset: 10 } },
  ]);
});

t.test('how each event came to its pack', async (t) => {
  const input =
    '<38>Mar  1 12:00:00 gate sshd[12]: Accepted password for alice from 192.0.2.1 port 50022 ssh2\n' +
    '{"a":1}\n';
  const { lines } = await run(input, '--explain');
  t.match(lines, [
    {
      explain: {
        pack: 'linux_sshd',
        rule: '{action:Accepted} {method} for {user} from {host} port {port#} {protocol}',
        header: 'rfc3164',
        not_recognised: [],
        said_no: [],
      },
      user: { name: 'alice' },
    },
    { explain: { pack: 'json', header: 'none' }, unmapped: { a: '1' } },
  ]);
  t.equal(Object.keys(lines[0] ?? {})[0], 'explain');
  const [asEcs] = (await run('<13>x y\n', '--explain', '--schema', 'ecs')).lines;
  t.match(asEcs, { explain: { pack: 'syslog_3164' }, weir: { parser: 'syslog_3164' } });
  const [plain] = (await run('<13>x y\n')).lines;
  t.notOk(plain !== undefined && 'explain' in plain);
});

t.test('a broken frame', async (t) => {
  const { lines, stderr, code } = await run('4 <13>x7 <13>two', '--framing', 'octet');
  t.equal(code, 1);
  t.equal(lines.length, 1);
  t.match(stderr, /^weir: bad framing at byte offset 6: /);
});

t.test('wrong usage', async (t) => {
  const attempt = (...args: string[]) => parseCommand().parseAsync(args, { from: 'user' });
  await t.rejects(attempt('--pack', 'nonsense'), {
    code: 'WEIR_USAGE',
    message: /^--pack <name> must be one of auto, .*fortigate_kv.*; got "nonsense"$/,
  });
  await t.rejects(attempt('--pack', 'fortigate'), {
    code: 'WEIR_USAGE',
    message: /; got "fortigate"; did you mean fortigate_kv\?$/,
  });
  for (const [args, message] of [
    [['--regex', '(?P<a>'], /^\/regex\/0 is no regular expression \(RE2\): missing closing \)/],
    [['--regex', '(?P<a>b)', '--field', 'c=time'], /^\/fields\/c no pattern has a group c/],
    [['--field', 'a=time'], /--field names groups of --regex, which is missing/],
    [['--field', 'time'], /--field must be GROUP=PATH/],
  ] as const)
    await t.rejects(attempt(...args), { message });
});

t.test('a reader that leaves', async (t) => {
  const child = start([]);
  child.stdin.on('error', () => {});
  child.stdin.write('<13>x\n'.repeat(200_000));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  child.stdin.end();
  const [code] = (await once(child, 'exit')) as [number];
  t.equal(code, 0);
});

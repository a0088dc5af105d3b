// Scenario: parsers made of patterns of the user, through the conformance kit and parseBatch; wrong
//   patterns and fields.
// Guarantees: groups become the fields that were named, or what a key of JSON of their name means,
//   or stay under unmapped; what no pattern matches is left to the packs, untouched; no text takes
//   more than linear time; each mistake is said with its place.
import { ColumnWriter, EventRow } from '@weir/pipeline';
import { testParser } from '@weir/pipeline/testing';
import t from 'tap';
import { parseBatch } from '../parse-batch.js';
import { batchOf, utf8 } from '../testing.js';
import { compileRegex, type RegexSpec, regexParser } from './index.js';

const GATE: RegexSpec = {
  regex: [
    '^gate=(?P<gate>\\S+) user=(?P<who>\\S+)(?: from=(?P<src_ip>[0-9a-f.:]+))?(?: n=(?P<n>\\d*))?$',
    '(?s)door (?P<door>.*?) (?:opened|(?P<state>closed))',
  ],
  fields: { who: 'user.name', gate: 'unmapped.user', n: 'src_endpoint.port' },
};

t.test('the conformance kit', async (t) => {
  await testParser(t, regexParser(GATE), {
    examples: [
      {
        raw: 'gate=n user=alice from=2001:db8::1 n=80',
        fields: { 'user.name': 'alice', 'src_endpoint.ip': '2001:db8::1', 'src_endpoint.port': 80 },
      },
      { raw: 'gate=n user=\u00fcmit\u{1f600} n=', fields: { 'user.name': '\u00fcmit\u{1f600}' } },
      { raw: 'gate=n user=a from=1.2.3 n=99999', fields: { 'src_endpoint.port': null } },
      { raw: 'the door of hall 7 closed', fields: { message: 'the door of hall 7 closed' } },
      { raw: 'gate=n', isForeign: true },
    ],
  });
});

function parsed(spec: RegexSpec, texts: readonly (string | Uint8Array)[]) {
  const events = texts.map((text) => (typeof text === 'string' ? utf8(text) : text));
  const batch = parseBatch(batchOf(events), new ColumnWriter(), { own: regexParser(spec) });
  const row = new EventRow(batch);
  return events.map((_, index) => row.move(index).toOcsf() as Record<string, unknown>);
}
const header = '<13>Mar  1 12:00:00 host ';

t.test('groups, fields and unmapped names', async (t) => {
  const [event, , foreign] = parsed(GATE, [
    `${header}gate=n user=bob n=5`,
    `${header}door A opened`,
    `${header}src_ip=192.0.2.1 a=b c=d`,
  ]);
  t.match(event, {
    user: { name: 'bob' },
    device: { hostname: 'host' },
    unmapped: { user: 'n' },
    src_endpoint: { port: 5 },
    message: 'gate=n user=bob n=5',
    parser: 'regex',
  });
  t.match(foreign, { parser: 'key_value', src_endpoint: { ip: '192.0.2.1' } });
  // A chosen field goes before a name that means it; the other value is kept.
  const both = { regex: '(?P<src_ip>\\S+) (?P<a>\\S+)', fields: { a: 'src_endpoint.ip' } };
  t.match(parsed(both, [`${header}192.0.2.1 192.0.2.2`])[0], {
    src_endpoint: { ip: '192.0.2.2' },
    unmapped: { src_ip: '192.0.2.1' },
  });
});

t.test('a line end is no part of the text, and a long text is left to the packs', async (t) => {
  const spec = { regex: '^(?P<word>a+)$' };
  const rows = parsed(spec, [
    `${header}aa\r\n`,
    `${header}${'a'.repeat(64 * 1024)}`,
    header + 'a'.repeat(65_537),
  ]);
  t.match(rows[0], { unmapped: { word: 'aa' } });
  t.equal(rows[1]?.parser, 'regex');
  t.equal(rows[2]?.parser, 'syslog_3164');
});

t.test('patterns that make others go back and forth for ever', async (t) => {
  const long = `${'a'.repeat(60_000)}!`;
  for (const regex of ['^(?P<x>(a+)+)$', '(?P<x>(a|aa)*)b', '^(?P<x>(.*)*)#', '(?P<x>(x+x+)+y)'])
    t.equal(parsed({ regex }, [header + long])[0]?.parser, 'syslog_3164', regex);
});

t.test('each mistake with its place', async (t) => {
  for (const [regex, fields, ...expected] of [
    [
      '(?P<a>x',
      {},
      '/regex is no regular expression (RE2): missing closing ) at character 1: "(?P<a>x"',
    ],
    ['[)](?P<a>x\\))y)z', {}, '/regex .* unexpected \\) at character 15: "\\)z"'],
    ['(?P<a>x)[z', {}, '/regex .* missing closing \\] at character 9: "\\[z"'],
    ['(?P<a>x)**', {}, '/regex .* invalid nested repetition operator at character 9: "\\*\\*"'],
    ['(?P<a>x)\\', {}, '/regex .* trailing backslash at end of expression at character 9'],
    ['(?P<a>x)(?!y)', {}, '/regex .* at character 9: "\\(\\?'],
    ['(?P<a>x)(?P<a>y)', {}, '/regex .* duplicate.* at character 12: "<a>y\\)"'],
    ['(?P<a>x)\\1', {}, '/regex .* invalid escape sequence at character 9: "\\\\\\\\1"'],
    ['(x)', {}, '/regex has no named group'],
    ['(?P<a>(x{30}){30}){30}', {}, '/regex .* invalid repeat count at character 9:'],
    ['(?P<a>x{600}y{600})', {}, '/regex too complex: \\d+ steps, limit is 1000'],
    ['x'.repeat(4_097), {}, '/regex too long: 4097 characters, limit is 4096'],
    [[], {}, '/regex must be 1 to 64 patterns; got 0'],
    [['(?P<a>x)', '('], {}, '/regex/1 .* missing closing \\)'],
    [
      '(?P<user>x)',
      { usr: 'user.name' },
      '/fields/usr no pattern has a group usr; did you mean user\\?',
    ],
    [
      '(?P<user>x)',
      { user: 'user.nme' },
      '/fields/user must be an OCSF path or unmapped.NAME; did you mean user.name\\?; got "user.nme"',
    ],
    ['(?P<a>x)', { a: 'unmapped.' }, '/fields/a must have a name behind unmapped.'],
    [
      '(?P<a>x)',
      { a: 'zzzzzzzzzzzzzz' },
      '/fields/a .*; no path of the schema is near it; got "z+"',
    ],
    [
      '(?P<a>x)(?P<b>y)',
      { a: 'user.name', b: 'user.name' },
      '/fields/b is user.name, as a is already',
    ],
  ] as [RegexSpec['regex'], Record<string, string>, ...string[]][]) {
    const { problems } = compileRegex({ regex, fields });
    const sentences = problems.map(({ path, message }) => `${path} ${message}`);
    t.equal(sentences.length, expected.length, `${JSON.stringify(regex)}: ${sentences.join('; ')}`);
    expected.forEach((sentence, index) => {
      const isPlain = sentence.includes('(RE2): missing');
      if (isPlain) t.equal(sentences[index], sentence);
      else t.match(sentences[index], new RegExp(`^${sentence}`));
    });
    t.throws(() => regexParser({ regex, fields }), { code: 'WEIR_CONFIG_INVALID' });
  }
  const two = { regex: ['(?P<a>x)', '(?P<b>x)'], fields: { a: 'user.name', b: 'user.name' } };
  t.strictSame(compileRegex(two).problems, [], 'two patterns may fill the same field');
});

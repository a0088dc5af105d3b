// Scenario: bodies as senders make them and as networks break them.
// Guarantees: an item is exactly the bytes that were sent; valid JSON objects are never suspect;
// what does not close is; a broken array gives up its complete items and one rest; no body throws.
import { LIMITS, MARK } from '@weir/pipeline';
import { SimRandom, testSeed } from '@weir/pipeline/testing';
import fc from 'fast-check';
import t from 'tap';
import { splitBody } from './items.js';

type Item = string | [string, number];

function split(text: string, limits = LIMITS as Parameters<typeof splitBody>[1]): Item[] {
  const body = Buffer.from(text, 'latin1');
  const { items, itemCount } = splitBody(body, limits);
  const found: Item[] = [];
  for (let i = 0; i < itemCount; i++) {
    const item = body.toString('latin1', items[i * 3], items[i * 3 + 1]);
    const mark = items[i * 3 + 2] ?? 0;
    found.push(mark === 0 ? item : [item, mark]);
  }
  return found;
}
const bad = (text: string): Item => [text, MARK.json_invalid];

t.test('one item a line', (t) => {
  const cases: [string, Item[]][] = [
    ['', []],
    [' \r\n\t\n', []],
    ['{"a":1}', ['{"a":1}']],
    ['{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['{"a":1}\r\n\r\n  {"b": 2} \n', ['{"a":1}', '{"b": 2}']],
    ['\xef\xbb\xbf{"a":1}', ['{"a":1}']],
    ['{"a":"}{]["}', ['{"a":"}{]["}']],
    ['{"a":"\\"}\\\\"}', ['{"a":"\\"}\\\\"}']],
    ['{"a":"\xff"}', ['{"a":"\xff"}']],
    ['{"a":1', [bad('{"a":1')]],
    ['{"a":"1}', [bad('{"a":"1}')]],
    ['{"a":[1}]', [bad('{"a":[1}]')]],
    ['{"a":1}}', [bad('{"a":1}}')]],
    ['{"a":1} x', [bad('{"a":1} x')]],
    ['{"a":1}{"b":2}', [bad('{"a":1}{"b":2}')]],
    ['{"a":"\t"}', [bad('{"a":"\t"}')]],
    [
      'hello\n{"a":1}\n42\n"x"\nnull\n',
      [bad('hello'), '{"a":1}', bad('42'), bad('"x"'), bad('null')],
    ],
    ['{"a":\n1}', [bad('{"a":'), bad('1}')]],
    ['\0\n{"a":1}', [bad('\0'), '{"a":1}']],
    ['{"a":"\\', [bad('{"a":"\\')]],
  ];
  for (const [body, items] of cases) t.same(split(body), items, JSON.stringify(body));
  t.equal(splitBody(Buffer.from('{}\n\n \n{}\n')).blankLineCount, 2, 'blank lines are counted');
  t.end();
});

t.test('an array', (t) => {
  const cases: [string, Item[]][] = [
    ['[]', []],
    [' [ ] \n', []],
    ['[{"a":1}]', ['{"a":1}']],
    [' [ {"a":[1,{}]} ,\n{"b":"],"} ] ', ['{"a":[1,{}]}', '{"b":"],"}']],
    ['[1, "a,]", [2], {}]', [bad('1'), bad('"a,]"'), bad('[2]'), '{}']],
    ['[{"a":1},{"b":', ['{"a":1}', bad('{"b":')]],
    ['[{"a":1},{"b":"x', ['{"a":1}', bad('{"b":"x')]],
    ['[{"a":1},{"b":1]}, {}]', ['{"a":1}', bad('{"b":1]}, {}]')]],
    ['[{"a":1}', ['{"a":1}']],
    ['[{"a":1},', ['{"a":1}']],
    ['[{"a":1},]', ['{"a":1}', bad(',]')]],
    ['[{"a":1},,{"b":2}]', ['{"a":1}', bad(',,{"b":2}]')]],
    ['[,{}]', [bad(',{}]')]],
    ['[{"a":1}] {"b":2}', ['{"a":1}', bad('{"b":2}')]],
    ['[{"a":1} {"b":2}, {}]', [bad('{"a":1} {"b":2}'), '{}']],
    ['[{"a":1}}, {}]', [bad('{"a":1}}, {}]')]],
    ['[', []],
  ];
  for (const [body, items] of cases) t.same(split(body), items, JSON.stringify(body));
  t.end();
});

t.test('an array that just ends is told from one that is closed', (t) => {
  const unclosed = ['[', '[ ', '[{"a":1}', '[{"a":1},', '[{"a":1} , \n', '[{"a":1},2'];
  const others = ['', '[]', '[{"a":1}]', '[{"a":1},]', '[{"a":1}]x', '{"a":1}\n{"a":'];
  for (const text of [...unclosed, ...others])
    t.equal(splitBody(Buffer.from(text)).isUnclosed, unclosed.includes(text), text);
  t.end();
});

t.test('limits', (t) => {
  const limits = { httpItemBytesMax: 10, httpItemCountMax: 3, jsonDepthMax: 3 };
  t.same(split('{"a":[[1]]}', { ...limits, httpItemBytesMax: 99 }), ['{"a":[[1]]}']);
  t.same(split('{"a":[[{}]]}', { ...limits, httpItemBytesMax: 99 }), [
    ['{"a":[[{}]]}', MARK.depth_exceeded],
  ]);
  t.same(split('[{"a":[[{}]]},{}]', { ...limits, httpItemBytesMax: 99 }), [
    ['{"a":[[{}]]}', MARK.depth_exceeded],
    '{}',
  ]);
  t.same(split('{"a":12345}', limits), [['{"a":12345}', MARK.oversize]]);
  t.equal(splitBody(Buffer.from('[{},{},{}]'), limits).hasTooManyItems, false);
  t.equal(splitBody(Buffer.from('[{},{},{},{}]'), limits).hasTooManyItems, true);
  t.equal(splitBody(Buffer.from('{}\n{}\n{}\n{}\n'), limits).hasTooManyItems, true);
  for (const body of [
    `[${'{},'.repeat(999)}{}]`,
    `[${'{"a":"],\\"[","b":[1,{}]} , '.repeat(999)}"x,"] `,
    '{}\n'.repeat(1_000),
    '{} \n\r\n '.repeat(1_000),
  ]) {
    const found = splitBody(Buffer.from(body), limits);
    t.equal(found.itemCount, 1_000, 'all are counted');
    t.equal(found.items.length, 9, 'as many as may be are kept');
  }
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  t.same(
    split(`[${deep},{}]`).map((item) => item[1]),
    [MARK.depth_exceeded, '}'],
  );
  t.equal(split(`{"a":${'['.repeat(100_000)}`)[0]?.[1], MARK.depth_exceeded);
  t.end();
});

t.test('any objects, in either form, come out as they were written', (t) => {
  const seed = testSeed(8_259);
  t.comment(`WEIR_SEED=${seed}`);
  const numRuns = process.env.WEIR_LONG === '1' ? 100_000 : 3_000;
  const blank = fc.constantFrom('', ' ', '\t', ' \r\n ');
  const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }), { maxKeys: 5 });
  const texts = fc.array(
    object.map((value) => JSON.stringify(value)),
    { maxLength: 6 },
  );
  const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
  fc.assert(
    fc.property(texts, blank, blank, (items, before, after) => {
      const expected = items.map(latin1);
      const array = `${before}[${items.map((item) => before + item + after).join(',')}]${after}`;
      const lines = items.map((item) => `${item}\n${after}`).join('');
      return (
        JSON.stringify(split(latin1(array))) === JSON.stringify(expected) &&
        JSON.stringify(split(latin1(lines))) === JSON.stringify(expected)
      );
    }),
    { seed, numRuns },
  );
  t.pass(`${numRuns} runs`);
  t.end();
});

t.test('an array cut anywhere gives its complete items and one suspect rest', (t) => {
  const items = ['{"a":"x,]}"}', '{"b":[1,{"c":2}]}', '{"d":"\\""}', '{}'];
  const whole = `[${items.join(',')}]`;
  for (let cut = 1; cut < whole.length; cut++) {
    const found = split(whole.slice(0, cut));
    const complete = found.filter((item) => typeof item === 'string');
    t.same(complete, items.slice(0, complete.length));
    const rest = found.slice(complete.length);
    const taken = complete.reduce((sum, item) => sum + item.length + 1, 1);
    const left = whole.slice(taken, cut);
    t.same(rest, left === '' ? [] : [bad(left)], `cut at ${cut}`);
  }
  t.end();
});

t.test('noise never throws, and items stay within the body, apart and in order', (t) => {
  const seed = testSeed(1_024);
  t.comment(`WEIR_SEED=${seed}`);
  const random = new SimRandom(seed);
  const alphabet = Buffer.from('{}[]",:\\ \n\ra1\0\xff', 'latin1');
  let isRight = true;
  for (let run = 0; run < 30_000; run++) {
    const body = Buffer.from(
      random.bytes(random.below(40)).map((b) => alphabet[b % alphabet.length] ?? 0),
    );
    const { items, itemCount } = splitBody(body);
    let end = 0;
    for (let i = 0; i < itemCount; i++) {
      isRight &&= (items[i * 3] ?? 0) >= end && (items[i * 3 + 1] ?? 0) > (items[i * 3] ?? 0);
      end = items[i * 3 + 1] ?? 0;
    }
    isRight &&= end <= body.length;
  }
  t.ok(isRight);
  t.end();
});

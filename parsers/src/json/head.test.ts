// Scenario: the first keys of JSON objects, and packs of known shapes that are asked by them.
// Guarantees: outermost keys alone are seen, with the place of their values, within the bytes that
//   are looked at; malformed text never throws; what the packs leave is generic JSON; no pack that
//   is asked before `json` takes a text for its own that begins with a brace.
import t from 'tap';
import { bodyPacks } from '../list.js';
import { batchOf, utf8 } from '../testing.js';
import { HEAD_BYTES_MAX, JsonHead, objectStart } from './head.js';
import { HEAD } from './head-keys.js';
import { json } from './index.js';

const head = new JsonHead();
const read = (text: string): JsonHead => {
  const bytes = utf8(text);
  head.read(batchOf([bytes]), 0, bytes.length);
  return head;
};

t.test('outermost keys', async (t) => {
  t.ok(read('{"a":[1,{"winlog":2}],"winlog" :\n {"b":1}}').has(HEAD.winlog));
  t.ok(head.startsWith(HEAD.winlog, '{"b"'));
  t.equal(head.firstKey, 0);
  t.notOk(read('{"a":{"winlog":1},"b":"\\"winlog\\":1"}').has(HEAD.winlog));
  t.equal(head.valueAt(HEAD.winlog), -1, 'nothing of the event before remains');
  t.equal(read('{ "winlog":1}').firstKey, HEAD.winlog);
  t.ok(read('{"winlog":"x').startsWith(HEAD.winlog, '"x'));
  t.notOk(head.startsWith(HEAD.winlog, '"xy'), 'not behind the end');
  const far = `{"a":"${'x'.repeat(HEAD_BYTES_MAX)}","winlog":1}`;
  t.notOk(read(far).has(HEAD.winlog), 'too far behind');
});

t.test('malformed objects', async (t) => {
  for (const text of ['{"', '{"winlog', '{"winlog"', '{"a" "winlog":1}', '{"a\\', '{]', '{"a":]'])
    t.notOk(read(text).has(HEAD.winlog), text);
});

t.test('where an object starts', async (t) => {
  const startOf = (text: string): number => objectStart(utf8(text), 0, utf8(text).length);
  t.strictSame(['{"a":1}', ' \n{\n\t"a":1}', '{ }', '\ufeff{"a":1}'].map(startOf), [0, 2, 0, 3]);
  t.strictSame(['{', '{a}', '[{"a":1}]', '', '\ufeff'].map(startOf), [-1, -1, -1, -1, -1]);
});

t.test('a brace is for json', async (t) => {
  // Beginnings of the other packs' texts, as a key or a value, and braces that open no object.
  const words =
    'date=2026-01-01 %ASA-6-302013: CISE_ CEF:0|a LEEF:1.0| pam_unix( IN=eth0 <Event> type=USER';
  const inner = words
    .split(' ')
    .flatMap((word) => [`{"${word}":1}`, `{"a":"${word}"}`, `{${word}`]);
  const before = bodyPacks.slice(0, bodyPacks.indexOf(json));
  t.ok(before.length > 0);
  for (const text of ['{}', '{', '{1,2026/01/01', ...inner]) {
    const bytes = utf8(text);
    const takers = before.filter((pack) => pack.detect(bytes, 0, bytes.length));
    t.strictSame(
      takers.map(({ name }) => name),
      [],
      text,
    );
  }
});

// Scenario: texts of configuration files, and documents against a schema, right and wrong.
// Guarantees: any text gives a document or one WeirError that names the file; any document gives
// defaults or problems, never a throw; problems show no secret.
import fc from 'fast-check';
import t from 'tap';
import { WeirError } from '../errors.js';
import {
  DOCUMENT_ENDINGS,
  FORM_KEYWORD,
  hideUserInfo,
  nearestOf,
  parseDocument,
  problemsOf,
  SECRET_KEYWORD,
  validateDocument,
} from './index.js';

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['level', 'parts'],
  properties: {
    level: { enum: ['low', 'high'], default: 'low' },
    token: { type: 'string', maxLength: 3, [SECRET_KEYWORD]: 'value' },
    url: { type: 'string', pattern: '^http:', [SECRET_KEYWORD]: 'url' },
    at: { type: 'string', pattern: ':', [FORM_KEYWORD]: 'HOST:PORT' },
    parts: {
      type: 'object',
      default: {},
      additionalProperties: false,
      patternProperties: {
        '^[a-z]+$': {
          type: 'object',
          discriminator: { propertyName: 'type' },
          required: ['type'],
          oneOf: [
            {
              type: 'object',
              additionalProperties: false,
              required: ['type', 'size'],
              properties: { type: { const: 'box' }, size: { type: 'integer', default: 1 } },
            },
            {
              type: 'object',
              additionalProperties: false,
              required: ['type', 'path'],
              properties: { type: { const: 'file' }, path: { type: 'string' } },
            },
          ],
        },
      },
    },
  },
} as const;

const messagesOf = (document: unknown): string[] =>
  problemsOf(document, SCHEMA).map(({ message }) => message);

t.test('defaults are filled in, also behind a discriminator', async (t) => {
  const document = { parts: { a: { type: 'box' } } };
  t.same(problemsOf(document, SCHEMA), []);
  t.same(document, { level: 'low', parts: { a: { type: 'box', size: 1 } } });
});

t.test('every problem has its path and its words', async (t) => {
  const document = {
    levl: 1,
    token: 'topsecret',
    at: '14085',
    url: 'ftp://me:topsecret@x/?key=topsecret',
    parts: { a: { type: 'bx' }, b: { type: 'file', pth: 'x' }, C: {}, d: { size: 2 } },
  };
  const problems = problemsOf(document, SCHEMA);
  t.same(problems.map(({ message }) => message).sort(), [
    '/at must be HOST:PORT; got "14085"',
    '/levl is not a known key; did you mean level?',
    '/parts/C is not a valid name; names match ^[a-z]+$',
    '/parts/a/type must be one of "box", "file"; got "bx"; did you mean "box"?',
    '/parts/b/path is missing',
    '/parts/b/pth is not a known key; did you mean path?',
    '/parts/d/type must be one of "box", "file"; got nothing',
    '/token must NOT have more than 3 characters; got a secret',
    '/url must match pattern "^http:"; got "ftp://***@x/?key=***"',
  ]);
  t.ok(problems.some(({ path }) => path === '/parts/b/pth'));
  t.throws(() => validateDocument(document, SCHEMA), { code: 'WEIR_CONFIG_INVALID' });
  t.same(messagesOf([]), ['/ must be a table of settings; got []']);
  t.same(messagesOf({ level: { a: 1 } }).length, 1);
});

t.test('where JSON is wrong, whether Node says it or not', async (t) => {
  for (const [text, place] of [
    ['{\n  "a": x\n}', "a.json:2:8: Unexpected token 'x'"],
    [`{"b": "${'long '.repeat(20)}",\n "a": [1, 2,, 3]}`, "a.json:2:13: Unexpected token ','"],
    ['{"a" 1}', "a.json:1:6: Expected ':' after property name"],
    ['{"a": [\n', 'a.json:2:1: Unexpected end of JSON input'],
    ['{"a": 1}}', 'a.json:1:9: Unexpected non-whitespace character after JSON'],
  ] as const)
    t.throws(() => parseDocument(text, 'a.json'), { message: place });
});

t.test('no document makes it throw, and no text anything but a WeirError', async (t) => {
  const seed = Number(process.env.WEIR_SEED ?? 20261121);
  t.comment(`WEIR_SEED=${seed}`);
  fc.assert(
    fc.property(fc.jsonValue(), (document) => {
      const problems = problemsOf(document, SCHEMA);
      return problems.every(({ path, message }) => path === '' || message.startsWith('/'));
    }),
    { seed },
  );
  const pieces = fc.constantFrom(
    'a',
    ':',
    ' ',
    '\n',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '"',
    '=',
    '&x ',
    '*x',
    '!t ',
    '<<',
    '#',
    '1',
    '\t',
    '---\n',
    '\u00e9',
  );
  const text = fc.array(pieces, { maxLength: 24 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.constantFrom(...DOCUMENT_ENDINGS), (content, ending) => {
      try {
        parseDocument(content, `a.${ending}`);
        return true;
      } catch (error) {
        return (
          error instanceof WeirError &&
          error.code === 'WEIR_CONFIG_UNREADABLE' &&
          error.message.startsWith(`a.${ending}:`) &&
          !error.message.includes('\n')
        );
      }
    }),
    { seed, numRuns: 500 },
  );
});

t.test('YAML and JSON read the same JSON', async (t) => {
  const seed = Number(process.env.WEIR_SEED ?? 20261121);
  t.comment(`WEIR_SEED=${seed}`);
  const table = fc.dictionary(fc.stringMatching(/^[a-z_.-]{1,8}$/), fc.jsonValue());
  fc.assert(
    fc.property(table, (document) => {
      const json = JSON.stringify(document);
      const [fromJson, fromYaml] = [parseDocument(json, 'a.json'), parseDocument(json, 'a.yaml')];
      return JSON.stringify(fromJson) === JSON.stringify(fromYaml);
    }),
    { seed },
  );
});

t.test('the nearest word', async (t) => {
  t.equal(nearestOf('shard', ['listen', 'shards']), 'shards');
  t.equal(nearestOf('fortigate', ['json', 'fortigate_kv']), 'fortigate_kv');
  t.equal(nearestOf('zzzzzz', ['listen', 'shards']), null);
  t.equal(nearestOf('ymal', ['toml', 'yaml', 'json']), 'yaml', 'a swap is one mistake');
  t.equal(nearestOf('xml', ['toml', 'yaml', 'json']), null, 'two of three letters differ');
  t.equal(nearestOf('a', ['b']), null, 'nothing of it is left');
});

t.test('what is hidden in an address', async (t) => {
  t.equal(hideUserInfo('http://a/b'), 'http://a/b');
  t.equal(hideUserInfo('http://u:p@w@a/b?c=d&e=f#g'), 'http://***@a/b?c=***&e=***#g');
  t.equal(hideUserInfo('http://u:p/w@a'), 'http://***@a');
});

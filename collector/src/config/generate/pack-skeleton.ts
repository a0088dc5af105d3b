// What `weir pack new` writes: a parser that works, with a case and a test that pass. Made out of
// one example, in which the name is put in.

const NAME = /\bNAME\b/g;
const PARSER_FILE = './parser.js';

const PARSER = `// Sign-in events of NAME, one a line: \`NAME|alice|192.0.2.10|ok\`.
import { isIP } from 'node:net';
import { defineParser } from '@weir/pipeline';

/** OCSF 1.8: class Authentication, activity Logon. */
const LOGON = { category_uid: 3, class_uid: 3002, activity_id: 1, type_uid: 300201 };

export default defineParser({
  name: 'NAME',
  // Change it when the same bytes give another event.
  version: '1',
  // Paths that the OCSF schema does not have, with their types.
  adds: { 'NAME.address': 'string' },
  parse(event) {
    const [mark, user, address, result] = event.text().trim().split('|');
    // Not ours: Weir's own packs are asked.
    if (mark !== 'NAME') return false;
    if (!user || address === undefined || result === undefined) {
      // To quarantine, with its bytes.
      event.reject('missing_field');
      return true;
    }
    for (const [path, value] of Object.entries(LOGON)) event.set(path, value);
    event.set('metadata.product.name', 'NAME');
    event.set('user.name', user);
    // A field never holds what it is not: an address that is none keeps its own name.
    event.set(isIP(address) === 0 ? 'NAME.address' : 'src_endpoint.ip', address);
    event.set('action', result);
    event.set('severity_id', result === 'ok' ? 1 : 3);
    event.set('status_id', result === 'ok' ? 1 : 2);
    return true;
  },
});
`;

const PARSER_TEST = `// What holds for any parser, whatever the bytes, and what holds for this one: node --test
import test from 'node:test';
import { testParser } from '@weir/pipeline/testing';
import parser from '${PARSER_FILE}';

testParser(test, parser, {
  examples: [
    { raw: 'NAME|alice|192.0.2.10|ok', fields: { 'user.name': 'alice', status_id: 1 } },
    { raw: 'NAME|bob|2001:db8::7|refused', fields: { 'src_endpoint.ip': '2001:db8::7' } },
    { raw: 'NAME|bob|console|ok', fields: { 'NAME.address': 'console' } },
    { raw: 'NAME|alice', rejected: 'missing_field' },
    { raw: 'something else', isForeign: true },
  ],
});
`;

const CONFIG = `# A pipeline with the parser in it, through which weir test sends its cases.
[sources.edge]
type = "syslog"
listen = "127.0.0.1:5514"

[transforms.NAME]
type = "parse"
inputs = ["edge"]
module = "./parser.js"

[sinks.out]
type = "stdout"
inputs = ["NAME"]
`;

const INPUT = `<38>Mar  1 11:59:58 gate NAME|alice|192.0.2.10|ok
<38>Mar  1 11:59:59 gate NAME|bob|console|refused
<38>Mar  1 12:00:00 gate NAME|alice
<38>Mar  1 12:00:00 gate something else
`;

const README = `# NAME

A parser of one's own for Weir, made by \`weir pack new NAME\`.

| File | What it is |
|---|---|
| \`parser.js\` | the parser |
| \`parser.test.js\` | examples, and what must hold for any bytes |
| \`cases/\` | golden cases: \`input.raw\`, one event a line, and \`expected.jsonl\`, one line for each |
| \`weir.toml\` | a pipeline with the parser in it |

In this folder:

\`\`\`sh
weir test             # compares
weir test --watch     # again on every save
weir test --update    # writes what comes out as what is expected
node --test parser.test.js
\`\`\`

To use it, put the \`parse\` transform of \`weir.toml\` into your own configuration.
`;

const HEADER = { syslog: { facility: 4, severity: 6 }, device: { hostname: 'gate' } };
const MARKS = ['timestamp_year_inferred', 'timestamp_zone_assumed'];
const LOGON = { class_uid: 3002, category_uid: 3, activity_id: 1, type_uid: 300201 };
const OURS = {
  metadata: { version: '1.8.0', product: { name: 'NAME' } },
  ...HEADER,
  marks: MARKS,
  parser: 'NAME',
  parser_version: '1',
};
const [FIRST, SECOND, THIRD, FOURTH] = INPUT.split('\n');
/** What comes out of INPUT. */
const EXPECTED = [
  {
    time: '2026-03-01T11:59:58.000000Z',
    ...LOGON,
    severity_id: 1,
    status_id: 1,
    action: 'ok',
    ...OURS,
    src_endpoint: { ip: '192.0.2.10' },
    user: { name: 'alice' },
    raw_data: FIRST,
  },
  {
    time: '2026-03-01T11:59:59.000000Z',
    ...LOGON,
    severity_id: 3,
    status_id: 2,
    action: 'refused',
    ...OURS,
    user: { name: 'bob' },
    unmapped: { 'NAME.address': 'console' },
    raw_data: SECOND,
  },
  { error: 'missing_field', offset: 0, raw_data: THIRD },
  {
    time: '2026-03-01T12:00:00.000000Z',
    class_uid: 0,
    category_uid: 0,
    activity_id: 0,
    type_uid: 0,
    severity_id: 1,
    message: 'something else',
    metadata: { version: '1.8.0' },
    ...HEADER,
    marks: MARKS,
    parser: 'syslog_3164',
    parser_version: '1',
    raw_data: FOURTH,
  },
];

/** Content by path below the folder of the pack. */
export function skeletonOf(name: string): ReadonlyMap<string, string> {
  const files = {
    'README.md': README,
    'parser.js': PARSER,
    'parser.test.js': PARSER_TEST,
    'weir.toml': CONFIG,
    'cases/sign-in/input.raw': INPUT,
    'cases/sign-in/config.json': '{ "receivedAt": "2026-03-01T12:00:00Z" }\n',
    'cases/sign-in/expected.jsonl': EXPECTED.map((line) => `${JSON.stringify(line)}\n`).join(''),
    'package.json': `${JSON.stringify({ private: true, type: 'module' }, null, 2)}\n`,
  };
  return new Map(Object.entries(files).map(([path, text]) => [path, text.replace(NAME, name)]));
}

// Scenario: the golden cases of both formats are the same events, written from one table; rows
//   without a header.
// Guarantees: the same traffic in TSV and JSON gives the same event; a row without a header is
//   known only where its columns leave no doubt.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ColumnWriter, EventRow } from '@weir/pipeline';
import t from 'tap';
import { parseBatch } from '../index.js';
import { batchOf, utf8 } from '../testing.js';

const cases = fileURLToPath(new URL('../../src/zeek/testcases', import.meta.url));
const writer = new ColumnWriter();

const linesOf = (name: string): Record<string, unknown>[] =>
  readFileSync(join(cases, name, 'expected.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { raw_data: _raw, parser: _parser, ...event } = JSON.parse(line);
      return event;
    });

t.test('both formats give the same events', (t) => {
  const tsv = linesOf('tsv');
  const json = linesOf('json');
  t.equal(tsv.length, json.length);
  tsv.forEach((event, index) => {
    t.strictSame(event, json[index], `event ${index + 1}`);
  });
  t.end();
});

const parsed = (text: string): Record<string, unknown> =>
  new EventRow(parseBatch(batchOf([utf8(text)]), writer)).move(0).toOcsf();

const CONN =
  '1772366390.123456\tCn1a9XkQ2mZ7fTb41\t192.0.2.11\t51544\t198.51.100.20\t443\ttcp\tssl\t1.250000' +
  '\t812\t4096\tSF\tT\tF\t0\tShADadFf\t11\t1396\t9\t4572\t(empty)';

t.test('a row without a header', (t) => {
  t.match(parsed(CONN), { parser: 'zeek_tsv', metadata: { log_name: 'conn' } });
  t.match(parsed(`${CONN}\t6`), { connection_info: { protocol_num: 6 } });
  t.match(parsed(`<134>${CONN}`), { parser: 'zeek_tsv', syslog: { severity: 6 } });
  const doubtful = [
    CONN.replace('\tSF\t', '\tXX\t'),
    CONN.replace('\ttcp\t', '\tspeed\t'),
    `${CONN}\t6\t7`,
    CONN.replace('192.0.2.11', 'gate'),
  ];
  for (const text of doubtful) t.not(parsed(text).parser, 'zeek_tsv', text);
  t.end();
});

t.test('rows that do not fit their header', (t) => {
  const header = '#fields\tts\tid.orig_h\tname\n#types\ttime\taddr\tstring\n';
  t.match(parsed(`${header}1772366390.5\t192.0.2.1`), { marks: ['missing_field'] });
  t.match(parsed(`${header}1772366390.5\t192.0.2.1\ta\tb\tc`), { unmapped: { _rest: 'b\tc' } });
  t.match(parsed(`${header}1772366390.5\tgate\ta`), {
    marks: ['value_invalid'],
    unmapped: { 'id.orig_h': 'gate' },
  });
  t.not(
    parsed(`${header}1772366390.5\t192.0.2.1\ta\n1772366391.5\t192.0.2.1\tb`).parser,
    'zeek_tsv',
  );
  t.match(parsed('#separator ,\n#fields,ts,a\n1772366390.5,x\\x2cy'), { unmapped: { a: 'x,y' } });
  t.match(parsed('#fields\tts\ta\n1772366390.5\t\\xff\\xc3\\xa4\\x00\\\\'), {
    unmapped: { a: '\\xff\u00e4\\x00\\' },
  });
  t.end();
});

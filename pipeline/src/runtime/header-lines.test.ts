// Scenario: lines of senders, with header lines of Zeek and W3C between them, and such as look like
//   them.
// Guarantees: only header lines are taken; a block that names columns is the context from then on,
//   until the next; a header that is too long gives none.
import t from 'tap';
import { LIMITS } from '../limits.js';
import { COLUMNS_PREFIX, HeaderLines } from './header-lines.js';

const take = (headers: HeaderLines, text: string): boolean => {
  const bytes = Buffer.from(`xx${text}yy`);
  return headers.take(bytes, 2, bytes.length - 2);
};

t.test('a block takes the place of the last one', (t) => {
  const headers = new HeaderLines();
  t.equal(take(headers, 'text'), false);
  for (const line of [
    '#separator \\x09',
    '#path\tconn',
    '#fields\tts\tuid',
    '#types\ttime\tstring',
  ])
    t.equal(take(headers, line), true, line);
  const first = '#separator \\x09\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring';
  t.equal(headers.context, first);
  t.equal(take(headers, '1\tx'), false);
  t.equal(take(headers, '#close\t2026-03-01-12-00-00'), true);
  t.equal(headers.context, first, 'a block without names changes nothing');
  t.equal(take(headers, '#Fields: date time'), true);
  t.equal(headers.context, '#close\t2026-03-01-12-00-00\n#Fields: date time');
  take(headers, 'row');
  t.equal(take(headers, '<134>#fields\tts'), true, 'behind a PRI');
  t.equal(headers.context, '#fields\tts');
  t.equal(take(headers, '#path\tdns\r\n#fields\tts\n'), true, 'several lines in one message');
  t.end();
});

t.test('what only looks like one is an event', (t) => {
  const headers = new HeaderLines();
  const texts = [
    '',
    '#',
    '#fieldsx\ta',
    '#Fields',
    '# fields',
    '#comment',
    '<134>',
    '<1345>#path\tx',
  ];
  for (const text of [...texts, '#path\tconn\n1\t2', '<13>#x'])
    t.equal(take(headers, text), false, text);
  t.equal(headers.context, '');
  t.end();
});

t.test('a header that is too long', (t) => {
  const headers = new HeaderLines();
  take(headers, '#fields\ta');
  take(headers, 'row');
  t.equal(take(headers, `#fields\t${'x'.repeat(LIMITS.sourceContextLengthMax)}`), true);
  t.equal(headers.context, '', 'names nothing, also not what the last one named');
  t.end();
});

t.test('the first line names columns where the source is set so', (t) => {
  const headers = new HeaderLines('first_line');
  t.equal(take(headers, 'time,src'), true);
  t.equal(headers.context, `${COLUMNS_PREFIX}time,src`);
  t.equal(take(headers, 'time,src'), false);
  t.end();
});

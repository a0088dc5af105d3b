// Scenario: docs/quarantine.md beside the taxonomy, and the texts that are made of events.
// Guarantees: the page explains each reason and no other, in the same four points; whatever bytes
// an event has, no control character of it reaches a terminal, and the place of the failure is
// marked.
import { readFileSync } from 'node:fs';
import { QUARANTINE_REASONS } from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { hexAround, onOneLine, textAround } from './text.js';

const page = readFileSync(new URL('../../../../docs/quarantine.md', import.meta.url), 'utf8');

t.test('each reason is explained, and no other', (t) => {
  const [, ...sections] = page.split(/^### /m);
  t.same(
    sections.map((section) => /^`([a-z_]+)`/.exec(section)?.[1]),
    [...QUARANTINE_REASONS],
  );
  for (const section of sections) {
    const points = [...section.matchAll(/^- \*\*(\w[\w ]*):\*\*/gm)].map(([, name]) => name);
    t.same(points, ['Means', 'Given by', 'Do', 'Requeue'], section.slice(0, 40));
  }
  t.end();
});

t.test('the place of the failure is marked', (t) => {
  const bytes = Buffer.from('<13>user="al\u001b[31mice" port=x rest of the line');
  const offset = bytes.indexOf('x rest');
  const [line = '', mark = ''] = textAround(bytes, offset);
  t.equal(line[mark.indexOf('^')], 'x');
  t.match(mark, /\^ offset \d+$/);
  t.match(hexAround(bytes, offset).join('\n'), /\[78\]/);
  t.end();
});

t.test('no control character reaches the terminal, whatever the bytes are', (t) => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  const special = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, at) => {
      const offset = Math.min(at, bytes.length);
      const lines = [
        onOneLine(bytes, 60),
        ...textAround(bytes, offset),
        ...hexAround(bytes, offset),
      ];
      return lines.every((line) => !special.test(line));
    }),
  );
  t.end();
});

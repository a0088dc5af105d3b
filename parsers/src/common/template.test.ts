// Scenario: a pack's templates are tried one after the other, and what two of them have in common
// is read once.
// Guarantees: the answer is that of asking each template alone, in their order.
import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { Templates } from './template.js';

const seed = Number(process.env.WEIR_SEED ?? 20_261_201);
t.comment(`WEIR_SEED=${seed}`);

const PATTERNS = [
  '{action:Failed} {how} for nobody  from {host}',
  '{action:Failed} {how} for nobody {user*} from {host} port {port#}',
  '{action:Failed} {how} for nobody {user*} from {host}',
  '{action:Failed} {how} for {user*} from {host} port {port#} {protocol}',
  '{action:Failed} {how} for {user*} from {host} port {port#} {protocol}: {key~}',
  '{action:Failed} {how} for {user*} from {host} port {port#}',
  '{action:Failed} {how} for {user*} from {host}',
  '{action:Failed} {how} for {user} of {group*} from {host*} at {place~}',
  '{action:Failed} {how} for {user}',
  'Closed by {user*} {host} port {port#}',
  'Closed by {host} port {port#}',
  'Closed by {user*} {host}',
  'Closed {rest~}',
  '{first} and {second*} or {third~}',
  '{first} and {second~}',
];
const WORDS =
  'Failed Closed by key for nobody alice of staff from 192.0.2.1 port 22 ssh2 ssh2: at and or  '.split(
    ' ',
  );

interface Fit {
  readonly pattern: string;
  readonly spans: readonly string[];
}

function fitOf(templates: Templates, patterns: readonly string[], text: string): Fit | null {
  const bytes = Buffer.from(`<${text}>`);
  const template = templates.match(bytes, 1, bytes.length - 1);
  if (template < 0) return null;
  const count = templates.lastStep(template) - templates.firstStep(template);
  const spans = Array.from(
    { length: count },
    (_, i) => `${templates.starts[i]}-${templates.ends[i]}`,
  );
  return { pattern: patterns[template] ?? '', spans };
}

t.test('templates together answer as each alone', (t) => {
  const together = new Templates(PATTERNS);
  const alone = PATTERNS.map((pattern) => ({ pattern, templates: new Templates([pattern]) }));
  const fitted = new Set<string>();
  const words = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 });
  const pattern = fc.constantFrom(...PATTERNS);
  const tail = fc.constantFrom('', '', ' ', ' from 192.0.2.1', ' port 22', ' ssh2: at');
  fc.assert(
    fc.property(
      pattern,
      fc.array(words, { minLength: 6, maxLength: 6 }),
      tail,
      (form, fills, end) => {
        let hole = 0;
        // What stands in the holes is other words of the templates, as in names that someone chose.
        const fill = (_: string, fixed?: string): string =>
          fixed ?? (fills[hole++] ?? []).join(' ');
        const text = form.replaceAll(/\{\w+[#~*]?(?::([^}]*))?\}/g, fill) + end;
        let expected: Fit | null = null;
        for (const { pattern, templates } of alone) expected ??= fitOf(templates, [pattern], text);
        fitted.add(expected?.pattern ?? '');
        return isDeepStrictEqual(fitOf(together, PATTERNS, text), expected);
      },
    ),
    { seed, numRuns: 20_000 },
  );
  fitted.delete('');
  t.equal(fitted.size, PATTERNS.length, 'each template had a text');
  t.end();
});

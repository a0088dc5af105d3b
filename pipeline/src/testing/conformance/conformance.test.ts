// Scenario: the kit on components that keep the contract, and on ones that break it in one way
//   each; the same kit under node:test.
// Guarantees: whoever keeps it passes; each fault is found, told with the smallest event and the
//   seed; any runner with test(name, body) will do.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { defineEnricher, defineFilter, defineParser } from '../../define/index.js';
import type { Event, ReadEvent } from '../../event/types.js';
import { FIELD } from '../../schema/fields.js';
import {
  type EnricherExample,
  type TestRunner,
  testEnricher,
  testFilter,
  testParser,
  testRoute,
} from '../index.js';
import { doorParser, siteEnricher } from './sample-components.js';

/** Runs tests at once and keeps what they threw. */
class Recorder {
  readonly failures = new Map<string, string>();
  readonly names: string[] = [];

  readonly runner: TestRunner = async (name, body) => {
    const kind = name.replace(/ \(.*/, '');
    this.names.push(kind);
    try {
      await body();
    } catch (error) {
      this.failures.set(kind, error instanceof Error ? error.message : String(error));
    }
  };
}

async function failuresOf(
  run: (runner: TestRunner) => Promise<void>,
): Promise<Map<string, string>> {
  const recorder = new Recorder();
  await run(recorder.runner);
  t.ok(recorder.names.length > 3, 'tests ran');
  return recorder.failures;
}
const fuzz = { seed: 1, runs: 60 };

t.test('a parser that keeps the contract', (t) =>
  testParser(t, doorParser, {
    options: { kinds: ['door'] },
    examples: [
      {
        raw: 'door|north|granted',
        fields: { 'door.name': 'north', severity_id: 1, message: null },
      },
      { raw: 'door|north', rejected: 'missing_field' },
      { raw: 'window|north', isForeign: true },
    ],
  }),
);

t.test('a parser on bytes', (t) =>
  testParser(
    t,
    defineParser({
      name: 'all_message',
      parseBytes(_batch, row, start, end, out) {
        if (end === start) return 'no';
        out.span(row, FIELD.message, start, end);
        return 'parsed';
      },
    }),
    { examples: [{ raw: 'text', fields: { message: 'text' } }] },
  ),
);

t.test('faults of parsers', async (t) => {
  let count = 0;
  const parse = (body: (event: Event) => unknown) =>
    defineParser({ name: 'faulty', parse: body as (event: Event) => boolean });
  const faulty = {
    throws: parse((event) => event.set('severity_id', event.text().length > 3 ? -1 : 1)),
    counts: parse((event) => event.set('labels.n', `${count++}`)),
    'answers with text': parse(() => 'yes'),
    'writes what is foreign': parse((event) => {
      event.set('message', 'x');
      return false;
    }),
    'changes bytes': parse((event) => event.rawBytes().fill(0x78)),
  };
  const found: Record<string, string[]> = {};
  for (const [name, parser] of Object.entries(faulty))
    found[name] = [...(await failuresOf((runner) => testParser(runner, parser, fuzz))).keys()];
  t.match(found, {
    throws: ['any bytes'],
    counts: ['parse', 'a used writer and a second instance give the same'],
    'answers with text': ['any bytes'],
    'writes what is foreign': ['what is not its own is left untouched'],
    'changes bytes': ['any bytes'],
  });
  const throws = await failuresOf((runner) => testParser(runner, faulty.throws, fuzz));
  const message = throws.get('any bytes') ?? '';
  t.match(message, /it threw: set\('severity_id'\) takes a whole number/);
  t.match(message, /WEIR_SEED=1 gives the same/);
  const smallest = /with (.*)/.exec(message)?.[1] ?? '';
  t.ok(smallest.length < 30, `the smallest event is told: ${smallest}`);
});

t.test('faults of parsers on bytes', async (t) => {
  let previous = 0;
  const faulty = {
    'beyond its row': defineParser({
      name: 'beyond',
      parseBytes(_batch, row, start, end, out) {
        out.span(row, FIELD.message, start, end + 1);
        return 'parsed';
      },
    }),
    'another row': defineParser({
      name: 'another',
      parseBytes(_batch, row, start, end, out) {
        if (end > start) out.number(row + 1, FIELD.severity_id, 1);
        return 'parsed';
      },
    }),
    'a memory': defineParser({
      name: 'memory',
      parseBytes(_batch, row, start, end, out) {
        out.number(row, FIELD.severity_id, previous % 7);
        previous = end - start;
        return 'parsed';
      },
    }),
    'looks at the header': defineParser({
      name: 'header',
      parseBytes(batch, row, start, _end, out) {
        out.number(row, FIELD.severity_id, start > (batch.offsets[row] ?? 0) ? 1 : 2);
        return 'parsed';
      },
    }),
  };
  const found: Record<string, string[]> = {};
  for (const [name, parser] of Object.entries(faulty))
    found[name] = [...(await failuresOf((runner) => testParser(runner, parser, fuzz))).keys()];
  t.match(found, {
    'beyond its row': ['any bytes'],
    'another row': ['parse'],
    'a memory': ['parse'],
    'looks at the header': ['bytes before and behind the text change nothing'],
  });
});

t.test('an example that is wrong', async (t) => {
  const examples = [{ raw: 'door|north|granted', fields: { 'door.name': 'south' } }];
  const options = { kinds: ['door'] };
  const failures = await failuresOf((runner) =>
    testParser(runner, doorParser, { ...fuzz, options, examples }),
  );
  t.strictSame([...failures.keys()], ['examples give what they should']);
  t.match(failures.get('examples give what they should'), /example 0[\s\S]*north[\s\S]*south/);
});

const siteExamples: EnricherExample[] = [
  { fields: { 'src_endpoint.ip': '192.0.2.7' }, expected: { 'labels.site': 'berlin' } },
  { fields: { 'src_endpoint.ip': '203.0.113.1' }, expected: { 'labels.site': null } },
  { expected: { 'labels.site': null } },
];
const options = { sites: { '192.0.2.': 'berlin' } };

t.test('an enricher that keeps the contract', (t) =>
  testEnricher(t, siteEnricher, { options, examples: siteExamples }),
);
t.test('a function as an enricher', (t) =>
  testEnricher(t, (event) => event.set('labels.site', 'berlin')),
);

t.test('faults of enrichers', async (t) => {
  let count = 0;
  const enrich = (body: (event: Event, state: { made: number }) => void) =>
    defineEnricher({ name: 'faulty', create: () => ({ made: count++ }), enrich: body });
  const faulty = {
    'needs a field': enrich((event) => {
      if ((event.get('message') as string).length > 0) event.set('action', 'x');
    }),
    'does not declare': enrich((event) => event.set('labels.other', 'x')),
    'depends on the instance': enrich((event, { made }) => event.set('action', `${made}`)),
    'is asynchronous': enrich((async () => {}) as () => void),
    'changes its options': defineEnricher({
      name: 'faulty',
      create: (given: { list?: string[] }) => {
        given.list = [];
      },
      enrich: () => {},
    }),
  };
  const found: Record<string, string[]> = {};
  for (const [name, enricher] of Object.entries(faulty))
    found[name] = [
      ...(await failuresOf((runner) => testEnricher(runner, enricher as never, fuzz))).keys(),
    ];
  t.match(found, {
    'needs a field': ['any event'],
    'does not declare': ['any event'],
    'depends on the instance': ['a second instance gives the same'],
    'is asynchronous': ['any event'],
    'changes its options': ['examples give what they should'],
  });
  const unset = await failuresOf((runner) =>
    testEnricher(runner, siteEnricher, { ...fuzz, options, examples: siteExamples.slice(1) }),
  );
  t.match(unset.get('it sets what it declares'), /labels\.site/);
});

const known = defineFilter({
  name: 'known',
  create: ({ names = [] }: { names?: string[] }) => new Set(names),
  keep: (event, names) => names.has(event.get('device.hostname') ?? ''),
});
const isUrgent = (event: ReadEvent<{ 'labels.urgent': 'boolean' }>): boolean =>
  event.get('labels.urgent') === true;

t.test('filters: an object, a function, a condition', async (t) => {
  await testFilter(t, known, {
    options: { names: ['fw1'] },
    examples: [
      { fields: { 'device.hostname': 'fw1' }, isKept: true },
      { fields: { 'device.hostname': 'fw2' }, isKept: false },
      { isKept: false },
    ],
  });
  await testFilter(t, (event) => event.rawText() !== '');
  await testFilter(t, 'severity_id >= 3', {
    examples: [{ fields: { severity_id: 3 }, isKept: true }, { isKept: false }],
  });
});

t.test('a route', (t) =>
  testRoute(
    t,
    { urgent: isUrgent, web: 'dst_endpoint.port in [80, 443]' },
    {
      needs: { 'labels.urgent': 'boolean' },
      examples: [
        { fields: { 'labels.urgent': true, 'dst_endpoint.port': 80 }, output: 'urgent' },
        { fields: { 'dst_endpoint.port': 80 }, output: 'web' },
        { output: 'otherwise' },
      ],
    },
  ),
);

t.test('faults of filters and routes', async (t) => {
  let count = 0;
  const faulty = {
    undecided: () => undefined as unknown as boolean,
    writes: (event: ReadEvent) => {
      (event as Event).set('message', 'x');
      return true;
    },
    moody: () => count++ % 3 === 0,
    throws: (event: ReadEvent) => (event.get('message') as string).length > 0,
  };
  for (const [name, filter] of Object.entries(faulty)) {
    const failures = await failuresOf((runner) => testFilter(runner, filter, fuzz));
    t.ok(failures.size > 0, name);
    const hidden = { first: 'true', second: filter };
    const behind = await failuresOf((runner) => testRoute(runner, hidden, fuzz));
    if (name !== 'moody') t.ok(behind.size > 0, `${name}, behind an output that takes all`);
  }
});

t.test('the same under node:test, as a process of its own', async (t) => {
  const file = fileURLToPath(new URL('./node-runner-fixture.js', import.meta.url));
  const run = (env: Record<string, string>) =>
    spawnSync(process.execPath, ['--test', '--test-reporter=tap', file], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', ...env },
    });
  const good = run({});
  t.equal(good.status, 0, good.stdout + good.stderr);
  t.match(good.stdout, /ok \d+ - parse\(A \+ B\) = parse\(A\) \+ parse\(B\)/);
  const bad = run({ WEIR_TEST_FAULT: '1' });
  t.equal(bad.status, 1);
  t.match(bad.stdout, /not ok \d+ - any event[\s\S]*it threw: no/);
});

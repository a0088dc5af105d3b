// Scenario: random events through random chains of components, some of which throw; one worker for
//   all of them.
// Guarantees: rows in = rows out: each number has exactly one fate, whatever the steps do; a worker
//   that did other batches before gives the same as a new one. WEIR_SEED replays, WEIR_LONG=1 runs
//   fifty times as many.
import type { TransformDocument } from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { batchOf, fatesOf, graphOf, run, startProcessor } from './test-setup.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_301);
const numRuns = process.env.WEIR_LONG === '1' ? 5_000 : 100;
t.comment(`WEIR_SEED=${seed}`);

const module = './test-modules/components.js';
type Part = (inputs: readonly string[]) => TransformDocument;
const parts: readonly Part[] = [
  (inputs) => ({ type: 'set', inputs, fields: { 'labels.a': 1, message: 'm', 'labels.b': 'x' } }),
  (inputs) => ({ type: 'enrich', inputs, module }),
  (inputs) => ({ type: 'enrich', inputs, module, export: 'failing' }),
  (inputs) => ({ type: 'enrich', inputs, module, export: 'rejects' }),
  (inputs) => ({ type: 'filter', inputs, module, export: 'keeps' }),
  (inputs) => ({ type: 'filter', inputs, condition: '!src_endpoint.ip.endsWith("3")' }),
  (inputs) => ({ type: 'filter', inputs, condition: 'size(raw_data) % 3 != 0' }),
  (inputs) => ({ type: 'enrich', inputs, module, export: 'noAsync' }),
];

const word = fc.constantFrom(
  'bad',
  'odd',
  'drop',
  'wrong',
  'srcip=10.0.0.3',
  'a=b',
  '|x|',
  'reject',
  '{"k":"v"}',
  '\u00e4',
);
const event = fc.oneof(
  fc.array(word, { maxLength: 4 }).map((words) => `<134>Mar  1 12:00:00 fw ${words.join(' ')}`),
  fc.uint8Array({ maxLength: 40 }),
);
const chain = fc.record({
  parse: fc.constantFrom(null, 'pipes', 'bytes', 'json'),
  steps: fc.array(fc.nat(parts.length - 1), { maxLength: 4 }),
  hasRoute: fc.boolean(),
});
const hollow = fc.uniqueArray(fc.nat(11), { maxLength: 3 });

function graphOfChain({
  parse,
  steps,
  hasRoute,
}: typeof chain extends fc.Arbitrary<infer C> ? C : never) {
  const transforms: Record<string, TransformDocument> = {};
  let inputs = ['*'];
  if (parse !== null) {
    transforms.parse =
      parse === 'json'
        ? { type: 'parse', inputs, pack: 'json' }
        : { type: 'parse', inputs, module, export: parse };
    inputs = ['parse'];
  }
  steps.forEach((part, index) => {
    transforms[`t${index}`] = (parts[part] as Part)(inputs);
    inputs = [`t${index}`];
  });
  if (hasRoute) {
    transforms.by = { type: 'route', inputs, routes: { a: 'has(src_endpoint.ip)', b: 'false' } };
    inputs = ['by.a'];
  }
  return graphOf(transforms, {
    lines: { type: 'file', inputs },
    rows: { type: 'clickhouse', inputs },
    none: { type: 'blackhole', inputs },
    ...(hasRoute ? { other: { type: 'stdout', inputs: ['by.otherwise', 'by.b'] } } : {}),
  });
}

t.test('rows in = rows out; a used worker leaves no trace', async (t) => {
  const property = fc.asyncProperty(
    chain,
    fc.array(fc.array(event, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 }),
    hollow,
    async (shape, batches, hollowRows) => {
      const graph = graphOfChain(shape);
      const used = await startProcessor(graph);
      for (const events of batches) {
        const rows = hollowRows.filter((row) => row < events.length).sort((a, b) => a - b);
        const batch = batchOf(events, {
          dispositions: [
            {
              kind: 'filtered',
              cause: 'filter:there',
              seqRanges: rows.map((row) => [100 + row, 100 + row] as const),
              eventCount: rows.length,
            },
          ],
        });
        const fresh = await startProcessor(graph);
        for (const sink of Object.keys(graph.sinks)) {
          const tap = { id: 1, component: 'edge', condition: null, rowsMax: 2 };
          const taps = sink === 'rows' ? [tap] : [];
          const encoded = run(used, batch, sink, taps);
          const fates = fatesOf(batch, encoded);
          for (const row of rows)
            if (fates[row] !== 'filtered filter:there') throw new Error(`hollow: ${fates[row]}`);
          const again = run(fresh, batch, sink, taps);
          if (plain(encoded) !== plain(again))
            throw new Error('a used worker gives something else');
        }
      }
    },
  );
  await t.resolves(fc.assert(property, { seed, numRuns }));
});

const plain = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part instanceof Uint8Array ? Buffer.from(part).toString('latin1') : part,
  );

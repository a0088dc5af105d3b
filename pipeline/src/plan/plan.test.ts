// Scenario: graphs as people write them, right ones and wrong ones.
// Guarantees: a wrong graph is refused with the path of what is wrong and the nearest name that
//   would do; a right one gives each sink one way from each source; routes that only differ in
//   their outputs are one way; what nobody takes is said.
import t from 'tap';
import { WeirError } from '../errors.js';
import {
  checkGraph,
  describeGraph,
  firstSinkOf,
  type GraphDocument,
  openEnds,
  type TransformDocument,
  wayOf,
} from './index.js';

type Sinks = Record<string, readonly string[]>;
const graphOf = (
  transforms: Record<string, TransformDocument>,
  sinks: Sinks = { out: ['*'] },
  sources: readonly string[] = ['edge', 'api'],
): GraphDocument => ({
  sources,
  transforms,
  sinks: Object.fromEntries(
    Object.entries(sinks).map(([id, inputs]) => [id, { type: 'blackhole', inputs }]),
  ),
});
const set = (inputs: readonly string[], fields: Record<string, string | number | boolean> = {}) =>
  ({ type: 'set', inputs, fields }) as const;
const route = (inputs: readonly string[], routes: Record<string, string>) =>
  ({ type: 'route', inputs, routes }) as const;

function refusal(graph: GraphDocument): string {
  try {
    checkGraph(graph);
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR_CONFIG_INVALID') return error.message;
    throw error;
  }
  return 'accepted';
}

t.test('wrong graphs', async (t) => {
  const cases: [string, GraphDocument, RegExp][] = [
    [
      'typo',
      graphOf({ a: set(['egde']) }, { out: ['a'] }),
      /^\/transforms\/a\/inputs\/0 .*did you mean edge\?/,
    ],
    ['unknown', graphOf({}, { out: ['qqqqqqqq'] }), /^\/sinks\/out\/inputs\/0 .*known: edge, api/],
    ['itself', graphOf({ a: set(['a']) }, { out: ['a'] }), /inputs\/0 is the component itself/],
    [
      'circle',
      graphOf({ a: set(['b', 'edge']), b: set(['a']) }, { out: ['b'] }),
      /^\/transforms\/a\/inputs go in a circle: a -> b -> a/,
    ],
    ['same id', graphOf({ edge: set(['api']) }, { out: ['edge'] }), /ids differ/],
    ['reserved', graphOf({ forwarded: set(['api']) }, { out: ['forwarded'] }), /cannot be the id/],
    ['empty inputs', graphOf({}, { out: [] }), /^\/sinks\/out\/inputs is empty/],
    ['sink as input', graphOf({}, { out: ['*'], two: ['out'] }), /nothing comes out of out/],
    ['unused', graphOf({ a: set(['edge']) }), /^\/transforms\/a leads to no sink/],
    [
      'route without output',
      graphOf({ r: route(['edge'], { web: 'true' }) }, { out: ['r'] }),
      /must name an output of r: r\.web, r\.otherwise/,
    ],
    [
      'unknown output',
      graphOf({ r: route(['edge'], { web: 'true' }) }, { out: ['r.wbe'] }),
      /did you mean r\.web\?/,
    ],
    ['output of a set', graphOf({ a: set(['edge']) }, { out: ['a.x'] }), /a is no route/],
    [
      'two ways',
      graphOf({ a: set(['edge']), b: set(['edge']) }, { out: ['a', 'b'] }),
      /^\/sinks\/out\/inputs would bring events of edge to out twice: through a and through b/,
    ],
    [
      'direct and through',
      graphOf({ a: set(['edge']) }, { out: ['a', '*'] }),
      /twice: through a and directly/,
    ],
    [
      'outputs that part and join again',
      graphOf(
        { r: route(['edge'], { web: 'true' }), a: set(['r.web']) },
        { out: ['a', 'r.otherwise'] },
      ),
      /twice: through a and through r/,
    ],
    [
      'late parse',
      graphOf(
        { a: set(['edge']), p: { type: 'parse', inputs: ['a'], pack: 'auto' } },
        { out: ['p'] },
      ),
      /events are parsed first; a comes before it/,
    ],
    [
      'pack and module',
      graphOf(
        { p: { type: 'parse', inputs: ['edge'], pack: 'auto', module: './x.js' } },
        { out: ['p'] },
      ),
      /one of pack, regex and module/,
    ],
    [
      'filter of nothing',
      graphOf({ f: { type: 'filter', inputs: ['edge'] } }, { out: ['f'] }),
      /either condition or module/,
    ],
    ['no routes', graphOf({ r: route(['edge'], {}) }, { out: ['r.otherwise'] }), /routes is empty/],
    [
      'reserved output',
      graphOf({ r: route(['edge'], { otherwise: 'true' }) }, { out: ['r.otherwise'] }),
      /cannot be the name of an output/,
    ],
    [
      'wrong type of a field',
      graphOf({ a: set(['edge'], { 'src_endpoint.port': 'x' }) }, { out: ['a'] }),
      /^\/transforms\/a\/fields\/src_endpoint.port must be a number; got "x"/,
    ],
    [
      'two types of a path',
      graphOf(
        { a: set(['edge'], { 'labels.x': 1 }), b: set(['api'], { 'labels.x': true }) },
        { out: ['a', 'b'] },
      ),
      /^\/transforms\/b adds labels\.x as boolean; \/transforms\/a as number/,
    ],
    [
      'bad condition',
      graphOf(
        { f: { type: 'filter', inputs: ['edge'], condition: 'sevrity_id > 3' } },
        { out: ['f'] },
      ),
      /^\/transforms\/f\/condition .*did you mean severity_id\?/,
    ],
    [
      'bad condition of a route',
      graphOf({ r: route(['edge'], { web: 'severity_id >' }) }, { out: ['r.web'] }),
      /^\/transforms\/r\/routes\/web .*at position 13/,
    ],
    ['prototype name', graphOf({}, { out: ['constructor'] }), /is no source or transform/],
  ];
  for (const [name, graph, expected] of cases) t.match(refusal(graph), expected, name);
});

t.test('an unknown pack is named with its neighbour', async (t) => {
  const graph = graphOf(
    { p: { type: 'parse', inputs: ['edge'], pack: 'fortgate' } },
    { out: ['p'] },
  );
  t.throws(() => checkGraph(graph, { packs: ['auto', 'fortigate'] }), /did you mean fortigate\?/);
});

t.test('a transform whose sink is chosen later is not unused', async (t) => {
  t.equal(refusal(graphOf({ a: set(['edge']) }, {})), 'accepted');
});

t.test('one way from each source to each sink', async (t) => {
  const graph = graphOf(
    {
      p: { type: 'parse', inputs: ['edge'], pack: 'auto' },
      a: set(['p', 'api']),
      r: route(['a'], { web: 'true', dns: 'false', ssh: 'false' }),
      w: set(['r.web', 'r.dns']),
    },
    { all: ['*'], web: ['w'], rest: ['r.ssh', 'r.otherwise'] },
  );
  t.strictSame(checkGraph(graph).warnings, []);
  const ids = (source: string, sink: string) =>
    wayOf(graph, source, sink)?.map(({ id, outputs }) => [id, outputs]) ?? null;
  t.strictSame(ids('edge', 'all'), []);
  t.strictSame(ids('forwarded', 'all'), []);
  t.strictSame(ids('forwarded', 'web'), null);
  t.strictSame(ids('edge', 'web'), [
    ['p', null],
    ['a', null],
    ['r', ['web', 'dns']],
    ['w', null],
  ]);
  t.strictSame(ids('api', 'rest'), [
    ['a', null],
    ['r', ['ssh', 'otherwise']],
  ]);
  t.equal(firstSinkOf(graph, 'edge'), 'all');
  t.equal(firstSinkOf(graph, 'w'), 'web');
  t.equal(firstSinkOf(graph, 'r'), 'web');
});

t.test('an input named twice is one input', async (t) => {
  const graph = graphOf({ a: set(['edge', '*', 'edge']) }, { out: ['a', 'a'] });
  t.strictSame(checkGraph(graph).warnings, []);
  t.equal(wayOf(graph, 'forwarded', 'out')?.length, 1);
});

t.test('many forks in a row take no time', async (t) => {
  const transforms: Record<string, TransformDocument> = {};
  let inputs: string[] = ['edge'];
  for (let i = 0; i < 40; i++) {
    transforms[`r${i}`] = route(inputs, { a: 'true', b: 'false' });
    inputs = [`r${i}.a`, `r${i}.b`, `r${i}.otherwise`];
  }
  const graph = graphOf(transforms, { out: inputs }, ['edge']);
  checkGraph(graph);
  t.equal(wayOf(graph, 'edge', 'out')?.length, 40);
});

t.test('what nobody takes is said', async (t) => {
  const graph = graphOf({ r: route(['edge'], { web: 'true', dns: 'false' }) }, { out: ['r.web'] });
  t.strictSame(checkGraph(graph).warnings, [
    '/sources/api leads to no sink: all its events are filtered',
    '/transforms/r/routes/dns leads nowhere: its events are filtered',
  ]);
  t.strictSame(openEnds(graph), ['api', 'forwarded', 'r.web', 'r.dns', 'r.otherwise']);
});

t.test('names of modules are let through until they are loaded', async (t) => {
  const graph = graphOf(
    {
      e: { type: 'enrich', inputs: ['edge'], module: './vip.js' },
      f: { type: 'filter', inputs: ['e'], condition: 'team.name == "blue" && labels.vip' },
    },
    { out: ['f'] },
  );
  t.equal(refusal(graph), 'accepted');
  t.throws(() => checkGraph(graph, { declared: {} }), /team\.name is not a known field/);
  const declared = { e: { 'team.name': 'string', 'labels.vip': 'boolean' } } as const;
  t.strictSame({ ...checkGraph(graph, { declared }).adds }, declared.e);
});

t.test('nodes and edges', async (t) => {
  const graph = graphOf({ r: route(['edge'], { web: 'true' }) }, { out: ['r.web', 'api'] });
  t.strictSame(describeGraph(graph), {
    nodes: [
      { id: 'edge', kind: 'source', type: null },
      { id: 'api', kind: 'source', type: null },
      { id: 'r', kind: 'transform', type: 'route' },
      { id: 'out', kind: 'sink', type: 'blackhole' },
    ],
    edges: [
      { from: 'edge', to: 'r', output: null },
      { from: 'r', to: 'out', output: 'web' },
      { from: 'api', to: 'out', output: null },
    ],
  });
});

t.test('transforms that look up, hide, sample and assign', async (t) => {
  const inputs = ['edge'];
  const table = { inputs, path: 'x.csv' };
  const lists = { addresses: [], domains: [], urls: [], hashes: [] };
  const lookup = { ...table, type: 'lookup', field: 'src_endpoint.ip', key_column: 'k' } as const;
  const assign = (values: Record<string, string>) => ({ type: 'assign', inputs, values }) as const;
  const key = 'sixteen bytes ..';
  const cases: [TransformDocument, RegExp | 'accepted'][] = [
    [{ ...table, type: 'geoip', fields: ['src_endpoint.ip'] }, 'accepted'],
    [
      { ...table, type: 'geoip', fields: ['device.ip'] },
      /^\/transforms\/a\/fields\/0 has no place to write to; known: src_endpoint\.ip, /,
    ],
    [{ ...table, type: 'geoip', fields: ['src_endpoint.port'] }, /a field of text is wanted/],
    [{ ...table, type: 'ioc', ...lists }, /^\/transforms\/a looks at no field/],
    [
      { ...table, type: 'ioc', ...lists, domains: ['url.hostnme'] },
      /^\/transforms\/a\/domains\/0 is not a known field; did you mean url\.hostname\?/,
    ],
    [{ ...table, type: 'ioc', ...lists, domains: ['vendor_domain'] }, 'accepted'],
    [{ ...lookup, set: { 'labels.owner': 'o' }, types: { 'labels.owner': 'number' } }, 'accepted'],
    [{ ...lookup, set: { 'labels.owner': 'o' }, types: { x: 'number' } }, /types\/x is not among/],
    [
      { ...lookup, set: { 'src_endpoint.zon': 'o' } },
      /set\/src_endpoint\.zon is not a known field/,
    ],
    [{ ...lookup, set: { duration: 'o' }, types: { duration: 'number' } }, /has a type by the sch/],
    [{ type: 'redact', inputs, fields: ['src_endpoint'] }, /fields\/0 is not a known field/],
    [{ type: 'hash', inputs, fields: ['user.name'], key }, 'accepted'],
    [{ type: 'hash', inputs, fields: ['duration'], key }, /fields\/0 is a number/],
    [
      { type: 'hash', inputs, fields: ['user.name'], key: 'short' },
      /^\/transforms\/a\/key too short: 5 bytes, at least 16 wanted$/,
    ],
    [{ type: 'sample', inputs, keep_one_in: 2, field: 'user.nme' }, /field is not a known field/],
    [
      { type: 'sample', inputs, keep_one_in: 2, condition: 'severity_id' },
      /^\/transforms\/a\/condition a condition is true or false; this is a number/,
    ],
    [assign({ 'labels.a': 'labels.b > 1', 'labels.b': 'dst_endpoint.port + 1' }), 'accepted'],
    [
      assign({ 'labels.a': 'nonsense + 1' }),
      /^\/transforms\/a\/values\/labels\.a nonsense is not a known field/,
    ],
    [
      assign({ severity_id: '"high"' }),
      /values\/severity_id must give a number; it gives a string/,
    ],
    [assign({ message: 'severity_id' }), /values\/message must give a string; it gives a number/],
    [assign({ 'labels.a': 'time' }), /only the event knows; say it with string\(\.\.\.\)/],
  ];
  for (const [document, expected] of cases) {
    const found = refusal(graphOf({ a: document }, { out: ['a'] }));
    if (expected === 'accepted') t.equal(found, 'accepted', JSON.stringify(document));
    else t.match(found, expected);
  }
  const { adds } = checkGraph(
    graphOf(
      {
        a: assign({ 'labels.far': 'labels.risk > 3.0', 'labels.hop': '"x"' }),
        b: {
          ...lookup,
          inputs: ['a'],
          set: { 'labels.risk': 'r' },
          types: { 'labels.risk': 'number' },
        },
        c: { ...table, type: 'ioc', inputs: ['b'], ...lists, urls: ['url_of_ours'] },
      },
      { out: ['c'] },
    ),
  );
  t.strictSame(
    { ...adds },
    {
      'labels.risk': 'number',
      'labels.ioc_tier': 'number',
      'labels.ioc_matches': 'number',
      'labels.ioc_others': 'string',
      'labels.hop': 'string',
      'labels.far': 'boolean',
    },
  );
});

// Scenario: pipelines in code, as people write them.
// Guarantees: the graph is what was said; what a component adds is known to the types of later
//   steps and to none before; the wrong order and the wrong types do not compile (the lines marked
//   as errors are part of this test: where they compile, tsc says so).
import t from 'tap';
import { checkGraph, wayOf } from '../plan/index.js';
import {
  blackhole,
  clickhouse,
  defineEnricher,
  defineFilter,
  defineParser,
  definitionOf,
  documentOf,
  file,
  http,
  pipeline,
  stdout,
  syslog,
  weir,
} from './index.js';

/** Fails to compile when the two types differ. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

const vip = defineEnricher({
  name: 'vip',
  adds: { 'labels.vip': 'boolean', 'labels.level': 'number' },
  create: ({ addresses }: { addresses: string[] }) => new Set(addresses),
  enrich(event, known) {
    same<typeof known, Set<string>>(true);
    const ip = event.get('src_endpoint.ip');
    same<typeof ip, string | undefined>(true);
    event.set('labels.vip', ip !== undefined && known.has(ip));
    event.set('labels.level', 3);
    // @ts-expect-error: it was declared as a boolean.
    t.throws(() => event.set('src_endpoint.port', 'x'));
    // @ts-expect-error: it was declared as a boolean.
    const wrong: Parameters<typeof event.set<'labels.vip'>>[1] = 'yes';
    void wrong;
  },
});

t.test('patterns', async (t) => {
  const fields = { who: 'user.name' };
  const made = pipeline()
    .source('edge', syslog({ listen: '127.0.0.1:5514' }))
    .parse('gate', { regex: '(?P<who>a)', fields })
    .sink('out', stdout());
  const transforms = definitionOf(made, 'test').graph.transforms;
  t.strictSame(
    { ...transforms?.gate },
    { type: 'parse', inputs: ['edge'], regex: '(?P<who>a)', fields },
  );
  for (const [more, message] of [
    [{ regex: 'a', pack: 'json' }, /^\/transforms\/p takes one of pack, regex and module$/],
    [{ pack: 'json', fields }, /^\/transforms\/p\/fields names groups of regex, which is missing$/],
  ] as const)
    t.throws(
      () =>
        checkGraph({
          sources: ['edge'],
          transforms: { p: { type: 'parse', inputs: ['edge'], ...more } },
          sinks: { out: { type: 'stdout', inputs: ['p'] } },
        }),
      { message },
    );
});

t.test('a chain', async (t) => {
  const made = pipeline({ data_dir: './data', workers: { count: 1 } })
    .source('edge', syslog({ listen: '127.0.0.1:5514' }))
    .source('api', http({ listen: '127.0.0.1:8514' }))
    .parse('parsed', { pack: 'auto' })
    .enrich('vip', vip, { addresses: ['192.0.2.1'] })
    .set('site', { 'labels.site': 'berlin', 'labels.rank': 2 })
    .filter('noise', 'severity_id >= 2')
    .filter('known', (event) => {
      const known = event.get('labels.vip');
      same<typeof known, boolean | undefined>(true);
      const rank = event.get('labels.rank');
      same<typeof rank, number | undefined>(true);
      const port = event.get('dst_endpoint.port');
      same<typeof port, number | undefined>(true);
      const other = event.get('labels.other');
      same<typeof other, string | undefined>(true);
      // @ts-expect-error: a filter does not write.
      void event.set;
      return known === true;
    })
    .route('by', {
      web: 'dst_endpoint.port in [80, 443]',
      ssh: (e) => e.get('dst_endpoint.port') === 22,
    })
    .to('web')
    .enrich('tagged', {
      adds: { 'labels.kind': 'string' },
      enrich: (e) => e.set('labels.kind', 'web'),
    })
    .sink('out', http({ url: 'http://127.0.0.1:9000/', compression: 'zstd' }))
    .to('ssh', 'otherwise')
    .filter('rest', (event) => {
      const kind = event.get('labels.kind');
      same<typeof kind, string | undefined>(true);
      return event.get('labels.vip') ?? false;
    })
    .sink('lines', file({ path: './events.ndjson' }))
    .sink('store', clickhouse());
  const definition = definitionOf(made, 'pipeline.js');
  const { graph } = definition;
  t.strictSame(graph.sources, ['edge', 'api']);
  t.strictSame(Object.keys(graph.transforms), [
    'parsed',
    'vip',
    'site',
    'noise',
    'known',
    'by',
    'tagged',
    'rest',
  ]);
  t.strictSame(graph.transforms.vip, {
    type: 'enrich',
    inputs: ['parsed'],
    module: '#pipeline',
    options: { addresses: ['192.0.2.1'] },
  });
  t.strictSame(graph.transforms.by, {
    type: 'route',
    inputs: ['known'],
    routes: { web: 'dst_endpoint.port in [80, 443]', ssh: '#pipeline' },
  });
  t.strictSame(graph.sinks, {
    out: { type: 'http', inputs: ['tagged'] },
    lines: { type: 'file', inputs: ['rest'] },
    store: { type: 'clickhouse', inputs: ['rest'] },
  });
  const declared = { vip: vip.adds ?? {} };
  t.strictSame(checkGraph(graph, { declared }).warnings, []);
  t.strictSame(
    wayOf(graph, 'api', 'store')?.map(({ id }) => id),
    ['parsed', 'vip', 'site', 'noise', 'known', 'by', 'rest'],
  );
  t.strictSame([...definition.components.keys()], ['vip', 'known', 'by', 'tagged', 'rest']);
  t.match(documentOf(definition), {
    data_dir: './data',
    sources: { edge: { type: 'syslog', listen: '127.0.0.1:5514' }, api: { type: 'http' } },
    sinks: { out: { type: 'http', url: 'http://127.0.0.1:9000/', inputs: ['tagged'] } },
  });
  t.strictSame(made.toConfig(), documentOf(definition));
});

t.test('flows that branch and merge', async (t) => {
  const made = pipeline();
  const edge = made
    .source('edge', syslog({ listen: '127.0.0.1:5514' }))
    .set('edge_site', { 'labels.site': 'edge' });
  const api = made.source('api', http({ listen: '127.0.0.1:8514' })).set('api_level', { level: 1 });
  const both = edge.merge(api).merge(made.forwarded());
  both
    .filter('some', (event) => {
      const site = event.get('labels.site');
      same<typeof site, string | undefined>(true);
      const level = event.get('level');
      same<typeof level, number | undefined>(true);
      return true;
    })
    .sink('up', weir({ url: 'https://siem.example.org' }));
  both.sink('dev', stdout()).sink('none', blackhole());
  const { graph } = definitionOf(made, 'p.js');
  t.strictSame(graph.sinks.up?.inputs, ['some']);
  t.strictSame(graph.sinks.dev?.inputs, ['edge_site', 'api_level', 'forwarded']);
  t.strictSame(checkGraph(graph).warnings, []);
});

t.test('one sink for several flows', async (t) => {
  const made = pipeline();
  made.source('a', syslog({ listen: '127.0.0.1:1' })).sink('out', stdout());
  made.source('b', syslog({ listen: '127.0.0.1:2' })).into('out');
  t.strictSame(definitionOf(made, 'p').graph.sinks.out?.inputs, ['a', 'b']);
  t.throws(() => made.source('c', syslog({ listen: '127.0.0.1:3' })).into('none'), /not made yet/);
});

t.test('misuse', async (t) => {
  const start = pipeline();
  const edge = start.source('edge', syslog({ listen: '127.0.0.1:5514' }));
  t.throws(() => edge.set('edge', {}), { code: 'WEIR_CONFIG_INVALID', message: /id of another/ });
  t.throws(() => edge.sink('edge', stdout()), /id of another/);
  t.throws(() => edge.merge(pipeline().forwarded()), /two pipelines/);
  t.throws(() => definitionOf({}, 'x.js'), /^WeirError: x\.js: the default export|x\.js/);
  t.throws(() => definitionOf(undefined, 'x.js'), { code: 'WEIR_CONFIG_INVALID' });
  // @ts-expect-error: a sink is no source.
  void (() => start.source('x', stdout()));
  // @ts-expect-error: a source is no sink.
  void (() => edge.sink('x', syslog({ listen: '127.0.0.1:1' })));
  // @ts-expect-error: sources come before everything else.
  void (() => edge.set('s', {}).source('x', syslog({ listen: '127.0.0.1:1' })));
  // @ts-expect-error: the route has no such output.
  void (() => edge.route('r', { web: 'true' }).to('dns'));
  const needs = defineFilter({
    name: 'needs',
    keep: (event: import('../event/types.js').ReadEvent<{ 'labels.vip': 'boolean' }>) =>
      event.get('labels.vip') === true,
  });
  // @ts-expect-error: nothing before it adds labels.vip.
  void (() => edge.filter('f', needs));
  void (() => edge.enrich('v', vip, { addresses: [] }).filter('f', needs));
});

t.test('parsers of both kinds', async (t) => {
  const lines = defineParser({
    name: 'lines',
    version: '3',
    adds: { 'labels.words': 'number' },
    parse(event) {
      const text = event.text();
      if (!text.includes('|')) return false;
      event.set('labels.words', text.split('|').length);
      return true;
    },
  });
  const bytes = defineParser({
    name: 'bytes',
    parseBytes(_batch, row, start, end, out) {
      out.span(row, 9, start, end);
      return 'parsed';
    },
  });
  t.equal(lines.kind, 'parser');
  t.equal(bytes.kind, 'bytes_parser');
  const made = pipeline()
    .source('edge', syslog({ listen: '127.0.0.1:5514' }))
    .parse('p', lines)
    .filter('f', (event) => {
      const words = event.get('labels.words');
      same<typeof words, number | undefined>(true);
      return (words ?? 0) > 2;
    });
  t.equal(definitionOf(made, 'p').components.get('p'), lines);
});

t.test('ids that a configuration could not have', async (t) => {
  const source = () => pipeline().source('edge', syslog({ listen: '127.0.0.1:1514' }));
  for (const id of ['__proto__', 'A', 'a.b', '', 'x'.repeat(33), undefined as never])
    t.throws(() => source().sink(id, stdout()), /^\/sinks\/.* is not a valid name/);
});

t.test('steps that look up, hide and sample say what they add', async (t) => {
  const made = pipeline()
    .source('edge', syslog({ listen: '127.0.0.1:5514' }))
    .geoip('geo', { path: 'city.mmdb' })
    .ioc('bad', { path: 'list.csv', min_confidence: 'medium' })
    .lookup('assets', {
      path: 'assets.csv',
      field: 'src_endpoint.ip',
      key_column: 'ip',
      set: { 'labels.owner': 'owner', 'labels.risk': 'risk' },
      types: { 'labels.risk': 'number' },
    })
    .assign<{ 'labels.far': 'boolean' }>('far', { 'labels.far': 'labels.risk > 3.0' })
    .redact('private', { fields: ['user.email_addr'], mode: 'remove' })
    .hash('users', { fields: ['user.name'], key: 'env:WEIR_HASH_KEY' })
    .sample('few', { keep_one_in: 10 })
    .filter('kept', (event) => {
      const tier = event.get('labels.ioc_tier');
      same<typeof tier, number | undefined>(true);
      const owner = event.get('labels.owner');
      same<typeof owner, string | undefined>(true);
      const risk = event.get('labels.risk');
      same<typeof risk, number | undefined>(true);
      const far = event.get('labels.far');
      same<typeof far, boolean | undefined>(true);
      const country = event.get('src_endpoint.location.country');
      same<typeof country, string | undefined>(true);
      return far === true;
    })
    .route('by', { alerts: 'has(osint.value)' })
    .to('alerts')
    .sample('fewer', { keep_one_in: 2, field: 'user.name' })
    .sink('out', blackhole());
  const { transforms } = definitionOf(made, 'pipeline.js').graph;
  t.match(transforms.bad, { type: 'ioc', inputs: ['geo'], min_confidence: 'medium' });
  t.match(transforms.fewer, { type: 'sample', inputs: ['by.alerts'], keep_one_in: 2 });
  // @ts-expect-error: a lookup needs its key column.
  pipeline().forwarded().lookup('x', { path: 'p', field: 'source', set: {} });
});

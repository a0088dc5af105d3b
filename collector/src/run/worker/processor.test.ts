// Scenario: batches through a worker's ways: conditions, people's components that behave and that
//   do not, routes, taps, rows of other nodes, sinks of every encoding.
// Guarantees: every number has one fate; a component that throws costs its event only, and is
//   counted; an enricher that throws leaves the event as it was, marked; what a component filters
//   is named by it; taps show what passes where they listen; nothing stays for the next batch.
import { MARK } from '@weir/pipeline';
import t from 'tap';
import { batchOf, fatesOf, graphOf, linesOf, run, startProcessor } from './test-setup.js';

const MODULE = './test-modules/components.js';
const ndjson = (...inputs: string[]) => ({ type: 'http', inputs });
/** Two pairs at least, so that the text is known as key=value. */
const kv = (text: string): string => log(`type=t ${text}`);
const log = (text: string): string => `<134>Mar  1 12:00:00 fw ${text}`;

t.test('without transforms', async (t) => {
  const process = await startProcessor(
    graphOf({}, { out: ndjson('*'), store: { type: 'clickhouse', inputs: ['edge'] } }),
  );
  const batch = batchOf([kv('srcip=10.0.0.1'), '', kv('srcip=10.0.0.2')]);
  const encoded = run(process, batch, 'out');
  t.strictSame(fatesOf(batch, encoded), ['stored', 'quarantined', 'stored']);
  t.equal(encoded.steps, undefined);
  t.equal(encoded.tapped, undefined);
  t.equal(run(process, batch, 'store').events?.rowCount, 2);
  t.throws(() => run(process, batch, 'none'), { code: 'WEIR_CONFIG_INVALID' });
});

t.test('a source that does not lead to the sink', async (t) => {
  const process = await startProcessor(
    graphOf({}, { out: ndjson('edge'), all: { type: 'blackhole', inputs: ['*'] } }),
  );
  for (const batch of [
    batchOf(['a', 'b'], { listener: 'api' }),
    batchOf(['a', 'b'], { node: 'another' }),
    batchOf(['a', 'b'], { listener: 'constructor' }),
  ]) {
    t.strictSame(fatesOf(batch, run(process, batch, 'out')), [
      'filtered filter:inputs',
      'filtered filter:inputs',
    ]);
    t.equal(run(process, batch, 'all').events?.rowCount, 2, 'forwarded frames are a source');
  }
});

t.test('set, filter and route', async (t) => {
  const process = await startProcessor(
    graphOf(
      {
        site: { type: 'set', inputs: ['*'], fields: { 'labels.site': 'x', duration: 3 } },
        ten: { type: 'filter', inputs: ['site'], condition: 'src_endpoint.ip.startsWith("10.")' },
        by: {
          type: 'route',
          inputs: ['ten'],
          routes: { web: 'dst_endpoint.port in [80, 443]', ssh: 'dst_endpoint.port == 22' },
        },
      },
      { web: ndjson('by.web'), rest: ndjson('by.ssh', 'by.otherwise') },
    ),
  );
  const batch = batchOf([
    kv('srcip=10.0.0.1 dstport=443'),
    kv('srcip=11.0.0.1 dstport=443'),
    kv('srcip=10.0.0.2 dstport=22'),
    kv('srcip=10.0.0.3'),
  ]);
  const web = run(process, batch, 'web');
  t.strictSame(fatesOf(batch, web), [
    'stored',
    'filtered filter:ten',
    'filtered filter:by',
    'filtered filter:by',
  ]);
  t.match(linesOf(web), [{ seq: 100, duration: 3, unmapped: { 'labels.site': 'x' } }]);
  t.strictSame(web.steps, [
    { component: 'site', receivedEvents: 4, sentEvents: 4, failedEvents: 0 },
    { component: 'ten', receivedEvents: 4, sentEvents: 3, failedEvents: 0 },
    { component: 'by', receivedEvents: 3, sentEvents: 3, failedEvents: 0 },
  ]);
  const rest = run(process, batch, 'rest');
  t.strictSame(fatesOf(batch, rest), [
    'filtered filter:by',
    'filtered filter:ten',
    'stored',
    'stored',
  ]);
});

t.test("people's enrichers", async (t) => {
  const process = await startProcessor(
    graphOf(
      {
        vip: {
          type: 'enrich',
          inputs: ['edge'],
          module: MODULE,
          options: { addresses: ['10.0.0.1'] },
        },
        failing: { type: 'enrich', inputs: ['vip'], module: MODULE, export: 'failing' },
        plain: { type: 'enrich', inputs: ['failing'], module: MODULE, export: 'plain' },
        only: { type: 'filter', inputs: ['plain'], condition: 'labels.vip || labels.count > 9' },
      },
      { out: ndjson('only') },
    ),
  );
  const batch = batchOf([
    kv('srcip=10.0.0.1 app=first'),
    kv('srcip=10.0.0.1 app=bad'),
    kv('srcip=10.0.0.2'),
  ]);
  const encoded = run(process, batch, 'out');
  t.strictSame(fatesOf(batch, encoded), ['stored', 'stored', 'filtered filter:only']);
  const [first, second] = linesOf(encoded);
  t.match(first, {
    message: 'changed',
    unmapped: { 'labels.vip': 'true', 'labels.begun': 'true', 'labels.plain': '192.0.2.10' },
  });
  t.match(second, {
    message: 'type=t srcip=10.0.0.1 app=bad',
    unmapped: { type: 't', 'labels.vip': 'true', 'labels.plain': '192.0.2.10' },
  });
  t.equal(Object(second?.unmapped)['labels.begun'], undefined, 'taken back');
  t.match(second?.marks, ['timestamp_year_inferred', 'timestamp_zone_assumed', 'component_failed']);
  t.strictSame(first?.marks, ['timestamp_year_inferred', 'timestamp_zone_assumed']);
  t.strictSame(encoded.steps?.[1], {
    component: 'failing',
    receivedEvents: 3,
    sentEvents: 3,
    failedEvents: 1,
    firstError: 'cannot enrich this',
  });
});

t.test("people's filters", async (t) => {
  const process = await startProcessor(
    graphOf(
      { keeps: { type: 'filter', inputs: ['edge'], module: MODULE, export: 'keeps' } },
      { out: ndjson('keeps') },
    ),
  );
  const batch = batchOf([kv('a=good'), kv('a=bad'), kv('a=drop'), kv('a=odd')]);
  const encoded = run(process, batch, 'out');
  t.strictSame(fatesOf(batch, encoded), [
    'stored',
    'quarantined',
    'filtered filter:keeps',
    'quarantined',
  ]);
  t.strictSame(encoded.quarantinedByReason, { component_failed: 2 });
  t.match(new TextDecoder().decode(encoded.quarantine?.bytes), /a=bad/, 'raw bytes are kept');
  t.strictSame(encoded.steps, [
    {
      component: 'keeps',
      receivedEvents: 4,
      sentEvents: 1,
      failedEvents: 2,
      firstError: 'cannot decide',
    },
  ]);
});

t.test('reject, and components that may not wait', async (t) => {
  const process = await startProcessor(
    graphOf(
      {
        rejects: { type: 'enrich', inputs: ['edge'], module: MODULE, export: 'rejects' },
        waits: { type: 'enrich', inputs: ['rejects'], module: MODULE, export: 'noAsync' },
      },
      { out: ndjson('waits') },
    ),
  );
  const batch = batchOf([kv('a=wrong'), kv('a=right')]);
  const encoded = run(process, batch, 'out');
  t.strictSame(fatesOf(batch, encoded), ['quarantined', 'stored']);
  t.strictSame(encoded.quarantinedByReason, { schema_invalid: 1 });
  t.match(encoded.steps?.[1]?.firstError, /returned a promise/);
});

t.test("people's parsers", async (t) => {
  const process = await startProcessor(
    graphOf(
      {
        pipes: { type: 'parse', inputs: ['edge'], module: MODULE, export: 'pipes' },
        worded: { type: 'filter', inputs: ['pipes'], condition: 'labels.words > 1' },
        bytes: { type: 'parse', inputs: ['api'], module: MODULE, export: 'bytes' },
      },
      { out: ndjson('pipes'), many: ndjson('worded'), to_api: ndjson('bytes') },
    ),
  );
  const batch = batchOf([log('10.0.0.1|ssh|x'), kv('srcip=10.0.0.2'), log('bad'), log('reject|a')]);
  const encoded = run(process, batch, 'out');
  t.strictSame(fatesOf(batch, encoded), ['stored', 'stored', 'quarantined', 'quarantined']);
  t.strictSame(encoded.quarantinedByReason, { component_failed: 1, missing_field: 1 });
  t.match(linesOf(encoded), [
    {
      parser: 'pipes',
      parser_version: '2',
      src_endpoint: { ip: '10.0.0.1' },
      app_name: 'ssh',
      device: { hostname: 'fw' },
      syslog: { facility: 16 },
    },
    { parser: 'key_value', src_endpoint: { ip: '10.0.0.2' } },
  ]);
  t.match(encoded.steps, [
    { component: 'pipes', receivedEvents: 4, sentEvents: 2, failedEvents: 1 },
  ]);
  t.strictSame(fatesOf(batch, run(process, batch, 'many')), [
    'stored',
    'filtered filter:worded',
    'quarantined',
    'quarantined',
  ]);
  for (const format of ['syslog', 'json'] as const) {
    const other = batchOf(['{"a":1}'], { listener: 'api', format });
    t.match(linesOf(run(process, other, 'to_api')), [
      { parser: 'bytes', parser_version: '0', message: '{"a":1}' },
    ]);
  }
  const mistaken = batchOf([log('! a field as another kind')], { listener: 'api' });
  t.strictSame(fatesOf(mistaken, run(process, mistaken, 'to_api')), ['quarantined']);
  const json = batchOf(['10.0.0.9|x', '{"a":1}'], { format: 'json' });
  t.match(linesOf(run(process, json, 'out')), [{ parser: 'pipes' }, { parser: 'json' }]);
});

t.test('packs by name', async (t) => {
  const process = await startProcessor(
    graphOf({ p: { type: 'parse', inputs: ['edge'], pack: 'json' } }, { out: ndjson('p') }),
  );
  const batch = batchOf([log('{"a":"b"}'), log('a=b')]);
  const encoded = run(process, batch, 'out');
  t.match(encoded.steps, [{ component: 'p', receivedEvents: 2 }]);
  t.equal(linesOf(encoded)[0]?.parser, 'json');
});

t.test('patterns, and the packs for what they do not match', async (t) => {
  const regex = ['^door (?P<door>\\S+) (?P<who>\\S+)$', '(?P<n>\\d+) knocks'];
  const fields = { who: 'user.name' };
  const process = await startProcessor(
    graphOf({ p: { type: 'parse', inputs: ['edge'], regex, fields } }, { out: ndjson('p') }),
  );
  const lines = linesOf(
    run(process, batchOf([log('door north alice'), log('3 knocks'), log('{"a":"b"}')]), 'out'),
  );
  t.match(lines, [
    { parser: 'regex', user: { name: 'alice' }, unmapped: { door: 'north' } },
    { parser: 'regex', unmapped: { n: '3' }, message: '3 knocks' },
    { parser: 'json', unmapped: { a: 'b' } },
  ]);
});

t.test('events that framing put aside are neither enriched nor filtered', async (t) => {
  const process = await startProcessor(
    graphOf(
      { none: { type: 'filter', inputs: ['edge'], condition: 'false' } },
      { out: ndjson('none') },
    ),
  );
  const batch = batchOf([kv('a=b'), kv('c=d')], { marks: [0, MARK.oversize, 9_999] });
  const encoded = run(process, batch, 'out');
  t.strictSame(fatesOf(batch, encoded), ['quarantined', 'filtered filter:none']);
  t.match(encoded.steps, [{ component: 'none', receivedEvents: 1 }]);
});

t.test('rows that came hollow keep their cause and are not parsed', async (t) => {
  const process = await startProcessor(
    graphOf(
      { ten: { type: 'filter', inputs: ['*'], condition: 'src_endpoint.ip.startsWith("10.")' } },
      { out: ndjson('ten'), direct: ndjson('edge'), hole: { type: 'blackhole', inputs: ['*'] } },
    ),
  );
  const batch = batchOf([kv('srcip=10.0.0.1'), '', '', kv('srcip=11.0.0.1'), ''], {
    node: 'another',
    dispositions: [
      {
        kind: 'filtered',
        cause: 'filter:noise',
        seqRanges: [
          [101, 101],
          [104, 104],
        ],
        eventCount: 2,
      },
      { kind: 'lost', cause: 'spool_corruption', seqRanges: [[90, 92]], eventCount: 3 },
      { kind: 'lost', cause: 'spool_corruption', seqRanges: [[102, 102]], eventCount: 1 },
      { kind: 'refused', cause: 'spool_full', seqRanges: [], eventCount: 5 },
    ],
  });
  const hollow = ['filtered filter:noise', 'lost spool_corruption', 'filtered filter:noise'];
  t.strictSame(fatesOf(batch, run(process, batch, 'out')), [
    'stored',
    hollow[0],
    hollow[1],
    'filtered filter:ten',
    hollow[2],
  ]);
  t.strictSame(fatesOf(batch, run(process, batch, 'hole')), [
    'stored',
    hollow[0],
    hollow[1],
    'stored',
    hollow[2],
  ]);
  t.strictSame(fatesOf(batch, run(process, batch, 'direct')), [
    'filtered filter:inputs',
    hollow[0],
    hollow[1],
    'filtered filter:inputs',
    hollow[2],
  ]);
});

t.test('numbers that are stored already get no row', async (t) => {
  const process = await startProcessor(
    graphOf(
      { f: { type: 'filter', inputs: ['*'], condition: 'unmapped.a != "x"' } },
      { out: ndjson('f') },
    ),
  );
  const batch = batchOf([kv('a=1'), kv('a=x'), kv('a=2')]);
  const tap = { id: 1, component: 'out', condition: null, rowsMax: 9 };
  const encoded = run(process, batch, 'out', [tap], Float64Array.of(100));
  t.strictSame(
    linesOf(encoded).map(({ seq }) => seq),
    [102],
  );
  t.equal(encoded.tapped?.[0]?.matchedEvents, 1, 'a tap on the sink shows what is encoded');
});

t.test('taps', async (t) => {
  const process = await startProcessor(
    graphOf(
      {
        p: { type: 'parse', inputs: ['edge'], pack: 'auto' },
        site: { type: 'set', inputs: ['p'], fields: { 'labels.site': 'x' } },
        by: { type: 'route', inputs: ['site'], routes: { web: 'dst_endpoint.port == 443' } },
      },
      { out: ndjson('by.web', 'by.otherwise') },
    ),
  );
  const batch = batchOf([kv('srcip=10.0.0.1 dstport=443'), kv('srcip=10.0.0.2'), '']);
  let id = 0;
  const tap = (component: string, condition: string | null = null, rowsMax = 9) => ({
    id: ++id,
    component,
    condition,
    rowsMax,
  });
  const encoded = run(process, batch, 'out', [
    tap('edge'),
    tap('edge', 'has(src_endpoint.ip)'),
    tap('p'),
    tap('p', 'has(labels.site)'),
    tap('site', 'src_endpoint.ip == "10.0.0.2"'),
    tap('by.web'),
    tap('by', null, 1),
    tap('out', 'labels.site == "x"', 0),
    tap('api'),
    tap('site', 'not a condition ('),
  ]);
  t.strictSame(
    encoded.tapped?.map((rows) => [rows.id, rows.matchedEvents, rows.lines.length]),
    [
      [1, 3, 3],
      [2, 0, 0],
      [3, 2, 2],
      [4, 0, 0],
      [5, 1, 1],
      [6, 1, 1],
      [7, 2, 1],
      [8, 2, 0],
      [10, 0, 0],
    ],
  );
  const shown = (index: number) =>
    encoded.tapped?.[index]?.lines.map((line) => JSON.parse(line) as Record<string, unknown>) ?? [];
  t.strictSame(shown(0)[0], { source: '192.0.2.10', raw_data: kv('srcip=10.0.0.1 dstport=443') });
  t.match(shown(2)[0], { src_endpoint: { ip: '10.0.0.1' }, parser: 'key_value' });
  t.strictSame(shown(2)[0]?.unmapped, { type: 't' }, 'as it leaves the parser');
  t.match(shown(4)[0], { unmapped: { 'labels.site': 'x' } });
  t.strictSame(fatesOf(batch, encoded), ['stored', 'stored', 'quarantined']);
  t.equal(run(process, batch, 'out').tapped, undefined);
});

t.test('frames to another node', async (t) => {
  const up = (...inputs: string[]) => ({ type: 'weir', inputs });
  const process = await startProcessor(
    graphOf(
      {
        site: { type: 'set', inputs: ['edge'], fields: { 'labels.site': 'x' } },
        one: { type: 'filter', inputs: ['api'], condition: 'unmapped.a == "1"' },
      },
      { up: up('site', 'one') },
    ),
  );
  const edge = batchOf([kv('a=1'), '']);
  const whole = run(process, edge, 'up');
  t.strictSame(fatesOf(edge, whole), ['stored', 'stored'], 'what is not parsed goes as it is');
  t.equal(whole.steps, undefined);
  const tap = { id: 1, component: 'site', condition: null, rowsMax: 9 };
  t.equal(run(process, edge, 'up', [tap]).tapped?.[0]?.matchedEvents, 1, 'a tap has it parsed');
  const api = batchOf([kv('a=1'), kv('a=2')], { listener: 'api' });
  const some = run(process, api, 'up');
  t.strictSame(fatesOf(api, some), ['stored', 'filtered filter:one']);
  t.equal(some.steps?.[0]?.sentEvents, 1);
});

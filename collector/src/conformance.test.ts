// Scenario: the conformance kit on every component that a configuration can name, and on every
//   module of examples/.
// Guarantees: a component or an example without a conformance run fails here. Runs of the packs are
//   in parsers/src/conformance.test.ts; those of a sink are in its own tests, and this one looks
//   that they are there. Sources have no kit: nobody can plug in their own.
import { createHmac } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildTable, type TableSpec, Tables, tableKeyOf } from '@weir/enrich';
import { writeMmdb } from '@weir/enrich/testing';
import { all } from '@weir/parsers';
import {
  type Adds,
  definitionOf,
  type Enricher,
  type EventParser,
  hasTable,
  IOC_ADDS,
  type LiveRow,
  type NoAdds,
  type ReadEvent,
  type TransformDocument,
} from '@weir/pipeline';
import { testEnricher, testFilter, testParser, testRoute } from '@weir/pipeline/testing';
import t, { type Test } from 'tap';
import { type ComponentSpec, components } from './config/components/index.js';
import { defaultsOf } from './config/schema/nodes.js';
import { rowStep } from './run/worker/steps.js';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const examples = new URL('../../examples/', import.meta.url);

const specOf = (kind: ComponentSpec['kind'], type: string): ComponentSpec => {
  const found = components.find((spec) => spec.kind === kind && spec.type === type);
  if (found === undefined) throw new Error(`no ${kind} ${type}`);
  return found;
};

/** The transform of a component's example, with the defaults of the schema, as a worker runs it. */
function stepOf(type: string, over: object = {}): (event: LiveRow) => string | null {
  const { schema, example, exampleFiles = {} } = specOf('transform', type);
  const settings = { ...defaultsOf(schema), ...example, ...over, type };
  const document = settings as unknown as TransformDocument;
  const outputs = document.type === 'route' ? [...Object.keys(document.routes), 'otherwise'] : null;
  const tables = new Tables();
  const step = rowStep({ id: 'step', document, outputs }, 0, new Map(), {}, tables);
  if (step === null) throw new Error(`${type} is no step`);
  if (hasTable(document)) {
    const [text] = Object.values(exampleFiles);
    const bytes = text === undefined ? MMDB : new TextEncoder().encode(text);
    const { bytes: table } = buildTable(document as TableSpec, bytes);
    tables.use([{ key: tableKeyOf(document), version: 1, bytes: table }]);
  }
  return step.run;
}
const MMDB = writeMmdb([
  {
    network: '203.0.113.0/24',
    record: {
      country: { iso_code: 'DE' },
      city: { names: { en: 'Berlin' } },
      location: { latitude: 52.5, longitude: 13.4 },
      autonomous_system_number: 64_500,
    },
  },
]);
const enricherOf = (
  adds: Adds,
  run: (event: LiveRow) => unknown,
): Enricher<Adds, NoAdds, Readonly<Record<string, unknown>>, undefined> => ({
  kind: 'enricher',
  name: 'step',
  adds,
  enrich: (event) => void run(event as unknown as LiveRow),
});
const asLive = (event: ReadEvent<never>): LiveRow => event as unknown as LiveRow;

const transforms: Readonly<Record<string, (t: Test) => Promise<void>>> = {
  async parse(t) {
    const { pack: name } = specOf('transform', 'parse').example;
    const pack = all.find((each) => each.name === name);
    t.ok(pack, 'the example names a pack');
    if (pack !== undefined) await testParser(t, pack);
  },
  async set(t) {
    const run = stepOf('set');
    await testEnricher(t, (event) => void run(asLive(event)), {
      examples: [{ expected: { 'labels.site': 'berlin', message: null } }],
    });
  },
  async enrich(t) {
    const directory = t.testdir({});
    const [[name = '', text = ''] = []] = Object.entries(
      specOf('transform', 'enrich').exampleFiles ?? {},
    );
    writeFileSync(join(directory, name), text);
    const { default: enricher } = (await import(pathToFileURL(join(directory, name)).href)) as {
      default: Enricher;
    };
    await testEnricher(t, enricher, {
      examples: [
        { fields: { 'src_endpoint.ip': '192.0.2.1' }, expected: { 'labels.site': 'berlin' } },
        { expected: { 'labels.site': null } },
      ],
    });
  },
  async assign(t) {
    const adds = { 'labels.is_internal': 'boolean', 'labels.service': 'string' } as const;
    await testEnricher(t, enricherOf(adds, stepOf('assign')), {
      examples: [
        {
          fields: { 'src_endpoint.ip': '10.1.2.3', 'dst_endpoint.port': 443 },
          expected: { 'labels.is_internal': true, 'labels.service': 'web' },
        },
        {
          fields: { 'src_endpoint.ip': '2001:db8::1', 'dst_endpoint.port': 22 },
          expected: { 'labels.is_internal': false, 'labels.service': 'other' },
        },
        { expected: { 'labels.is_internal': null, 'labels.service': null } },
      ],
    });
  },
  async geoip(t) {
    const berlin = {
      'dst_endpoint.location.country': 'DE',
      'dst_endpoint.location.city': 'Berlin',
      'dst_endpoint.location.lat': 52.5,
      'dst_endpoint.location.long': 13.4,
      'dst_endpoint.autonomous_system.number': 64_500,
    };
    await testEnricher(t, enricherOf({}, stepOf('geoip')), {
      examples: [
        { fields: { 'dst_endpoint.ip': '203.0.113.9' }, expected: berlin },
        {
          fields: { 'dst_endpoint.ip': '203.0.113.9', 'dst_endpoint.location.country': 'AT' },
          expected: { ...berlin, 'dst_endpoint.location.country': 'AT' },
        },
        {
          fields: { 'src_endpoint.ip': 'unknown', 'dst_endpoint.ip': '192.0.2.1' },
          expected: { 'dst_endpoint.location.country': null },
        },
      ],
    });
  },
  async ioc(t) {
    await testEnricher(t, enricherOf(IOC_ADDS, stepOf('ioc')), {
      examples: [
        {
          fields: { 'dst_endpoint.ip': '203.0.113.7', 'url.hostname': 'cdn.Malware.example.' },
          expected: {
            'osint.value': '203.0.113.7',
            'osint.type_id': 1,
            'osint.name': 'dst_endpoint.ip',
            'osint.vendor_name': 'own_list',
            'osint.confidence': 'high',
            'osint.confidence_id': 3,
            'osint.desc': 'scanner',
            'labels.ioc_tier': 1,
            'labels.ioc_matches': 2,
          },
        },
        {
          fields: { 'src_endpoint.ip': '198.51.100.77' },
          expected: { 'osint.value': '198.51.100.0/24', 'osint.confidence': 'medium' },
        },
        {
          fields: { 'http_request.url.url_string': 'files.example/payload.bin#part' },
          expected: { 'osint.type_id': 5, 'osint.vendor_name': 'other_feed' },
        },
        {
          fields: { 'file.hashes.md5': 'D41D8CD98F00B204E9800998ECF8427E' },
          expected: { 'osint.type_id': 4 },
        },
        { fields: { 'src_endpoint.ip': '192.0.2.1' }, expected: { 'osint.value': null } },
      ],
    });
  },
  async lookup(t) {
    const adds = { 'labels.owner': 'string', 'labels.risk': 'number' } as const;
    await testEnricher(t, enricherOf(adds, stepOf('lookup')), {
      examples: [
        {
          fields: { 'src_endpoint.ip': '10.20.30.40' },
          expected: { 'labels.owner': 'payments', 'labels.risk': 5, 'src_endpoint.zone': 'pci' },
        },
        {
          fields: { 'src_endpoint.ip': '10.9.9.9', 'src_endpoint.zone': 'vpn' },
          expected: { 'labels.owner': 'it', 'src_endpoint.zone': 'vpn' },
        },
        { fields: { 'src_endpoint.ip': 'fw-edge' }, expected: { 'labels.owner': null } },
      ],
    });
  },
  async redact(t) {
    // The kit holds the received bytes equal; what becomes of them has tests in enrich/.
    const run = stepOf('redact', { raw_data: 'keep' });
    await testEnricher(t, enricherOf({}, run), {
      examples: [
        {
          fields: { 'actor.user.name': 'alice', 'user.email_addr': 'alice@a.example' },
          expected: { 'actor.user.name': '***', 'user.email_addr': '***' },
        },
        { expected: { 'actor.user.name': null } },
      ],
    });
  },
  async hash(t) {
    const run = stepOf('hash', { raw_data: 'keep' });
    const { key } = specOf('transform', 'hash').example;
    const expected = createHmac('sha256', String(key)).update('alice').digest('hex');
    await testEnricher(t, enricherOf({}, run), {
      examples: [
        { fields: { 'actor.user.name': 'alice' }, expected: { 'actor.user.name': expected } },
        { expected: { 'actor.user.name': null } },
      ],
    });
  },
  async sample(t) {
    const run = stepOf('sample', { field: 'connection_info.uid' });
    await testFilter(t, (event) => run(asLive(event)) !== null, {
      examples: [{ fields: { severity_id: 3 }, isKept: true }, { isKept: true }],
    });
  },
  async filter(t) {
    const run = stepOf('filter');
    await testFilter(t, (event) => run(asLive(event)) !== null, {
      examples: [{ fields: { severity_id: 3 }, isKept: true }, { isKept: false }],
    });
  },
  async route(t) {
    const run = stepOf('route');
    const outputs = Object.keys(specOf('transform', 'route').example.routes as object);
    const routes = outputs.map((output) => [
      output,
      (event: ReadEvent<never>) => run(asLive(event)) === output,
    ]);
    await testRoute(t, Object.fromEntries(routes), {
      examples: [
        { fields: { severity_id: 5 }, output: 'alerts' },
        { fields: { severity_id: 1 }, output: 'noise' },
        { output: 'otherwise' },
      ],
    });
  },
};

/** The one that has no `Sink`: its loader is exactly once, with tests of its own. */
const SINK_TESTS: Readonly<Record<string, string>> = {
  clickhouse: 'sinks/src/clickhouse/loader/loader.test.ts',
};

function sinkConforms(t: Test, type: string): void {
  const own = SINK_TESTS[type];
  if (own !== undefined) {
    t.ok(existsSync(join(repository, own)), own);
    return;
  }
  const folder = join(repository, 'sinks/src', type.replace(/_hec$/, ''));
  const tests = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  const runs = tests.filter((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    return /^import \{[^}]*\btestSink\b[^}]*\} from '@weir\/pipeline\/testing';$/m.test(text)
      ? /^\s+(await |return )?testSink\(/m.test(text)
      : false;
  });
  t.ok(runs.length > 0, `testSink is called in ${folder.slice(repository.length)}`);
}

t.test('every component has a conformance run', async (t) => {
  for (const { kind, type } of components) {
    if (kind === 'source') continue;
    t.test(`${kind} ${type}`, async (t) => {
      if (kind === 'sink') return sinkConforms(t, type);
      const run = transforms[type];
      t.ok(run, `${type} has a run in this file`);
      await run?.(t);
    });
  }
});

type Exports = { readonly default: unknown };
const load = async (path: string): Promise<unknown> =>
  ((await import(new URL(path, examples).href)) as Exports).default;

const modules: Readonly<Record<string, (t: Test, module: unknown) => Promise<void>>> = {
  'critical-hosts.js': (t, module) =>
    testEnricher(
      t,
      module as Enricher<{ 'labels.critical': 'boolean'; 'labels.owner': 'string' }>,
      {
        options: { hosts: { '192.0.2.10': 'payments' } },
        examples: [
          {
            fields: { 'dst_endpoint.ip': '192.0.2.10' },
            expected: { 'labels.critical': true, 'labels.owner': 'payments' },
          },
          {
            fields: { 'src_endpoint.ip': '192.0.2.11' },
            expected: { 'labels.critical': false, 'labels.owner': null },
          },
          { expected: { 'labels.critical': false } },
        ],
      },
    ),
  'door-log.js': (t, module) =>
    testParser(t, module as EventParser<{ 'door.name': 'string' }>, {
      examples: [
        {
          raw: 'door|north gate|4711|granted',
          fields: { 'actor.user.name': '4711', 'door.name': 'north gate', severity_id: 1 },
        },
        { raw: 'door|north gate|4711|denied', fields: { action: 'denied', severity_id: 3 } },
        { raw: 'door|north gate', rejected: 'missing_field' },
        { raw: 'window|north', isForeign: true },
      ],
    }),
  'no-heartbeats.js': (t, module) =>
    testFilter(t, module as (event: ReadEvent) => boolean, {
      examples: [
        { fields: { message: 'heartbeat' }, isKept: false },
        { fields: { message: 'other' }, isKept: true },
        { isKept: true },
      ],
    }),
};

t.test('every example module has a conformance run', async (t) => {
  t.strictSame(readdirSync(new URL('modules/', examples)).sort(), Object.keys(modules).sort());
  for (const [name, run] of Object.entries(modules))
    t.test(name, async (t) => run(t, await load(`modules/${name}`)));
});

t.test('the route of the example pipeline', async (t) => {
  const { graph, components: functions } = definitionOf(await load('pipeline.js'), 'pipeline.js');
  const document = graph.transforms.by;
  const component = functions.get('by');
  if (document?.type !== 'route' || component?.kind !== 'route') throw new Error('no route');
  await testRoute(
    t,
    { ...document.routes, ...component.routes },
    {
      needs: { 'labels.critical': 'boolean' },
      examples: [
        { fields: { 'labels.critical': true, severity_id: 3 }, output: 'alerts' },
        { fields: { 'labels.critical': true, 'dst_endpoint.port': 80 }, output: 'web' },
        { output: 'otherwise' },
      ],
    },
  );
});

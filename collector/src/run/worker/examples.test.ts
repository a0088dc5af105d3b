// Scenario: the example pipelines, once in code and once as a configuration, given the same events.
// Guarantees: both load as `weir run` loads them, are the same graph, and give every sink the same
//   bytes; none is longer than 60 lines.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TransformDocument } from '@weir/pipeline';
import t from 'tap';
import { graphOf } from '../../config/graph.js';
import { loadConfig } from '../../config/load.js';
import { readTables } from '../tables/read-table.js';
import { createTaskProcessor } from './processor.js';
import { batchOf, fatesOf, linesOf, run, setupOf } from './test-setup.js';

const examples = new URL('../../../../examples/', import.meta.url);

async function start(name: string) {
  const config = fileURLToPath(new URL(name, examples));
  const { config: loaded, baseUrl, pipelineModule, warnings } = loadConfig({ config }, {});
  t.strictSame(warnings, [], `${name} has no warnings`);
  const graph = graphOf(loaded);
  const processor = await createTaskProcessor(setupOf(graph, { baseUrl, pipelineModule }));
  const { tables, problems } = readTables(graph);
  t.strictSame(problems, [], `${name} has its tables`);
  const process: typeof processor = (task) => processor({ ...task, tables });
  return { graph, process };
}

const log = (text: string): string => `<134>Mar  1 12:00:00 fw ${text}`;
const events = [
  log('type=traffic srcip=198.51.100.1 dstip=192.0.2.10 dstport=443 severity=5'),
  log('type=traffic srcip=198.51.100.1 dstip=192.0.2.10 dstport=443 level=alert'),
  log('type=traffic srcip=198.51.100.1 dstip=203.0.113.1 dstport=80'),
  log('heartbeat'),
  log('door|north gate|4711|granted'),
  log('door|north gate'),
  '',
];
const items = ['{"msg":"heartbeat"}', '{"dst_ip":"192.0.2.20","severity":"critical"}', '{"a":1}'];

t.test('code and configuration do the same', async (t) => {
  const code = await start('pipeline.js');
  const file = await start('pipeline.toml');
  const shape = (transforms: Readonly<Record<string, TransformDocument>>) =>
    Object.entries(transforms).map(([id, { type, inputs }]) => [id, type, inputs]);
  t.strictSame(shape(code.graph.transforms), shape(file.graph.transforms));
  t.strictSame({ ...code.graph.sinks }, { ...file.graph.sinks });
  const batches = [batchOf(events), batchOf(items, { listener: 'api', format: 'json' })];
  for (const batch of batches)
    for (const sink of ['pager', 'archive'])
      t.strictSame(run(code.process, batch, sink), run(file.process, batch, sink), sink);
  const [syslog, json] = batches.map((batch) => [
    fatesOf(batch, run(code.process, batch, 'pager')),
    fatesOf(batch, run(code.process, batch, 'archive')),
  ]);
  t.strictSame(syslog, [
    [
      'filtered filter:by',
      'stored',
      'filtered filter:by',
      'filtered filter:heartbeats',
      'filtered filter:by',
      'quarantined',
      'quarantined',
    ],
    [
      'stored',
      'filtered filter:by',
      'stored',
      'filtered filter:heartbeats',
      'stored',
      'quarantined',
      'quarantined',
    ],
  ]);
  t.strictSame(json?.[0], ['filtered filter:heartbeats', 'stored', 'filtered filter:noise']);
  const doors = linesOf(run(code.process, batchOf(events), 'archive'))[2];
  t.match(doors, {
    parser: 'door_log',
    actor: { user: { name: '4711' } },
    device: { hostname: 'fw' },
    unmapped: { 'door.name': 'north gate', 'labels.site': 'berlin', 'labels.critical': 'false' },
  });
});

t.test('enrichment and shaping in code and as a configuration', async (t) => {
  const code = await start('enriched.js');
  const toml = await start('enriched.toml');
  const lines = [
    'type=traffic srcip=10.20.1.1 dstip=203.0.113.7 user=alice',
    'type=traffic srcip=10.1.1.1 dstip=198.51.100.9',
    'type=traffic srcip=10.20.1.1 dstip=198.51.100.9',
    'type=traffic srcip=10.1.1.1 dstip=10.9.9.9',
    ...Array.from({ length: 50 }, (_, i) => `type=traffic srcip=192.0.2.1 dstip=10.0.0.${i}`),
  ].map(log);
  // Hashing changes the bytes that a worker owns: each run gets its own.
  for (const sink of ['alerts', 'outbound', 'rest'])
    t.strictSame(
      run(code.process, batchOf(lines), sink),
      run(toml.process, batchOf(lines), sink),
      sink,
    );
  const found = (sink: string) => linesOf(run(toml.process, batchOf(lines), sink));
  const [first, second, ...more] = found('alerts');
  t.strictSame(more, []);
  t.match(first, {
    src_endpoint: { ip: '10.20.1.1', zone: 'pci' },
    osint: [{ value: '203.0.113.7', type_id: 1, name: 'dst_endpoint.ip', confidence: 'high' }],
    unmapped: { 'labels.owner': 'payments', 'labels.risk': '5', 'labels.ioc_tier': '1' },
  });
  t.notMatch(JSON.stringify(first), /alice/, 'neither in a field nor in what was received');
  t.match(second, { osint: [{ value: '198.51.100.0/24', confidence: 'medium' }] });
  t.match(found('outbound'), [{ unmapped: { 'labels.owner': 'it' } }]);
  const rest = found('rest').length;
  t.ok(rest > 0 && rest < 20, `${rest} of 51 are kept`);
});

t.test('examples are short', async (t) => {
  const names = readdirSync(examples, { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((each) => /^(modules\/|enriched|pipeline)/.test(each))) {
    if (!name.includes('.')) continue;
    const { length } = readFileSync(new URL(name, examples), 'utf8').trimEnd().split('\n');
    t.ok(length < 60, `${name}: ${length} lines`);
  }
});

// Scenario: the example pipeline, once in code and once as a configuration, given the same events.
// Guarantees: both load as `weir run` loads them, are the same graph, and give every sink the same
//   bytes.
import { fileURLToPath } from 'node:url';
import type { TransformDocument } from '@weir/pipeline';
import t from 'tap';
import { graphOf } from '../../config/graph.js';
import { loadConfig } from '../../config/load.js';
import { createTaskProcessor } from './processor.js';
import { batchOf, fatesOf, linesOf, run, setupOf } from './test-setup.js';

const examples = new URL('../../../../examples/', import.meta.url);

async function start(name: string) {
  const config = fileURLToPath(new URL(name, examples));
  const { config: loaded, baseUrl, pipelineModule, warnings } = loadConfig({ config }, {});
  t.strictSame(warnings, [], `${name} has no warnings`);
  const graph = graphOf(loaded);
  const process = await createTaskProcessor(setupOf(graph, { baseUrl, pipelineModule }));
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

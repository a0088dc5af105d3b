// Transforms in words.
import {
  EnrichTransform,
  FilterTransform,
  ParseTransform,
  RouteTransform,
  SetTransform,
} from '../schema/transforms.js';
import { shaping } from './shaping.js';
import type { ComponentSpec } from './spec.js';

const metrics = [
  'component_received_events_total',
  'component_sent_events_total',
  'component_errors_total',
  'component_quarantined_events_total',
];
const AGAIN =
  'It runs on the worker that parsed the event, once for each sink that the event goes to, and ' +
  'again after an uncertain delivery: it must give the same for the same event.';
const OWN_CODE_STOPS = [
  [
    'your function hangs or ends its worker',
    'the worker is replaced; the batch is tried in halves until the one event is found, which is ' +
      'quarantined as `component_failed`; other streams go on',
  ],
  ['the module cannot be loaded', '`weir validate` and the start say so, with exit code 2'],
] as const;
const OWN_CODE_FAILS = [
  ['your function throws on an event', 'that event is quarantined as `component_failed`'],
  ...OWN_CODE_STOPS,
] as const;
const ENRICHER_THROWS = [
  'your function throws on an event',
  'what it had changed is undone and the event goes on, marked `component_failed` in its ' +
    'parse_errors',
] as const;

const ENRICH_MODULE = `import { defineEnricher } from '@weir/pipeline';

const SITES = new Map([['192.0.2', 'berlin'], ['198.51.100', 'lisbon']]);

export default defineEnricher({
  name: 'site_names',
  adds: { 'labels.site': 'string' },
  enrich(event) {
    const address = event.get('src_endpoint.ip') ?? '';
    const site = SITES.get(address.split('.').slice(0, 3).join('.'));
    if (site !== undefined) event.set('labels.site', site);
  },
});
`;

export const transforms: readonly ComponentSpec[] = [
  {
    kind: 'transform',
    type: 'parse',
    stability: 'beta',
    schema: ParseTransform,
    exampleId: 'firewall_logs',
    example: { inputs: ['*'], pack: 'fortigate_kv' },
    guarantees: [
      'Rows are marked, never removed: an event that cannot be parsed is quarantined with its bytes.',
      'Without a parse on its way an event gets the pack `auto`.',
    ],
    failures: [
      ['the pack does not know the event', 'the event is quarantined as `parse_error`'],
      ['no pattern of `regex` matches', 'the packs are asked, as if there was no `regex`'],
      ...OWN_CODE_FAILS,
    ],
    metrics,
  },
  {
    kind: 'transform',
    type: 'set',
    stability: 'beta',
    schema: SetTransform,
    exampleId: 'site',
    example: { inputs: ['*'], fields: { 'labels.site': 'berlin' } },
    guarantees: [AGAIN, 'Identity, source and raw bytes of an event cannot be set.'],
    failures: [
      ['a field does not exist or takes another type', '`weir validate` and the start say so'],
    ],
    metrics,
  },
  {
    kind: 'transform',
    type: 'enrich',
    stability: 'beta',
    schema: EnrichTransform,
    exampleId: 'site_names',
    example: { inputs: ['*'], module: './site-names.js' },
    exampleFiles: { 'site-names.js': ENRICH_MODULE },
    guarantees: [AGAIN, 'Identity, source and raw bytes of an event cannot be set.'],
    failures: [ENRICHER_THROWS, ...OWN_CODE_STOPS],
    metrics,
  },
  {
    kind: 'transform',
    type: 'filter',
    stability: 'beta',
    schema: FilterTransform,
    exampleId: 'notable',
    example: { inputs: ['*'], condition: 'severity_id >= 3' },
    guarantees: [
      AGAIN,
      'What it drops is accounted by number, in the ledger as `filter:<id>`; nothing vanishes.',
    ],
    failures: [
      ['a field of the condition is absent', 'the condition does not hold: the event is dropped'],
      ['the condition is no valid CEL', '`weir validate` and the start say where'],
      ...OWN_CODE_FAILS,
    ],
    metrics: [...metrics, 'component_discarded_events_total'],
  },
  {
    kind: 'transform',
    type: 'route',
    stability: 'beta',
    schema: RouteTransform,
    exampleId: 'by_severity',
    example: { inputs: ['*'], routes: { alerts: 'severity_id >= 4', noise: 'severity_id <= 1' } },
    guarantees: [
      AGAIN,
      'Each event goes to exactly one output: the first whose condition holds, else `otherwise`.',
      'What goes to an output that a sink does not read is filtered for that sink, by name.',
    ],
    failures: [
      ['a field of a condition is absent', 'that condition does not hold; the next is tried'],
      ['a condition is no valid CEL', '`weir validate` and the start say where'],
    ],
    metrics: [...metrics, 'component_discarded_events_total'],
  },
  ...shaping,
];

// Transforms that look up, hide and sample, in words.
import {
  AssignTransform,
  GeoipTransform,
  HashTransform,
  IocTransform,
  LookupTransform,
  RedactTransform,
  SampleTransform,
} from '../schema/shaping.js';
import type { ComponentSpec } from './spec.js';

const metrics = [
  'component_received_events_total',
  'component_sent_events_total',
  'component_errors_total',
];
const tableMetrics = [
  ...metrics,
  'enrichment_table_keys',
  'enrichment_table_bytes',
  'enrichment_table_failing',
  'enrichment_table_rejected_rows',
  'enrichment_table_reads_total',
];
const AGAIN = 'The same event gives the same again, for each sink and after an uncertain delivery';
const WHILE_TABLE = `${AGAIN}, as long as the table is the same.`;
const TABLE_PROMISES = [
  WHILE_TABLE,
  'The file is read in a thread of its own, and the table is swapped between batches: no event sees ' +
    'half of one.',
  'All workers share one table in memory; transforms with the same file and settings share it, too.',
  'No network is used.',
];
const tableFailures = (broken: string) =>
  [
    [
      broken,
      'the table before it stays in use, one line in the log says why, and ' +
        '`enrichment_table_failing` is 1 until the file is right again',
    ],
    [
      'the file is broken or gone at the start',
      'the last good table is taken from `tables` in the data directory; without one, events go on ' +
        'without what it would add, marked `component_failed` in their parse_errors. `weir validate` ' +
        'ends with exit code 2',
    ],
  ] as const;
const hidingFailures = [
  [
    'the value stands in the event as received in another form (escaped, another case)',
    'it stays there: redact what the sink does not need, or do not send raw_data on',
  ],
  ['the event cannot be parsed', 'it is quarantined with its bytes as they came'],
  ['something unexpected', 'the event is quarantined as `component_failed`, not sent on as it is'],
] as const;
const HIDING = [
  `${AGAIN}.`,
  'All fields are read before the first is written: two fields with one value come out alike.',
  'The spool of this node keeps what was received; a `weir` sink behind this transform sends what is ' +
    'left of it.',
];

const INDICATORS = `{"indicator":"203.0.113.7","source":"own_list","tier":1,"description":"scanner"}
{"indicator":"198.51.100.0/24","source":"example_feed","tier":2}
{"indicator":"malware.example","sources":["example_feed","other_feed"],"confidence":"high"}
{"indicator":"https://files.example/payload.bin","source":"other_feed","tier":4}
{"indicator":"d41d8cd98f00b204e9800998ecf8427e","type":"md5","source":"own_list","valid_until":"2030-01-01T00:00:00Z"}
`;
const ASSETS = `network,owner,zone,risk
10.0.0.0/8,it,internal,1
10.20.0.0/16,payments,pci,5
192.0.2.10,web team,dmz,3
`;

export const shaping: readonly ComponentSpec[] = [
  {
    kind: 'transform',
    type: 'assign',
    stability: 'beta',
    schema: AssignTransform,
    exampleId: 'derived',
    example: {
      inputs: ['*'],
      values: {
        'labels.is_internal': 'cidr(src_endpoint.ip, ["10.0.0.0/8", "fd00::/8"])',
        'labels.service': 'dst_endpoint.port == 443 ? "web" : "other"',
      },
    },
    guarantees: [
      `${AGAIN}.`,
      'Expressions run in the order of the setting; each sees what those before it have written.',
      'The type of an expression is that of its field; what no field of the schema is takes its type ' +
        'from the expression, and later conditions know it.',
    ],
    failures: [
      ['a field that an expression needs is absent', 'its field stays as it is'],
      [
        'a value does not go into its field',
        'what the transform had changed is undone and the event goes on, marked `component_failed`',
      ],
      ['an expression is no valid CEL', '`weir validate` and the start say where'],
    ],
    metrics,
  },
  {
    kind: 'transform',
    type: 'geoip',
    stability: 'beta',
    schema: GeoipTransform,
    exampleId: 'geo',
    example: { inputs: ['*'], path: './city.mmdb' },
    guarantees: [
      ...TABLE_PROMISES,
      'Values that the device has sent are not replaced, unless `overwrite` says so.',
    ],
    failures: [
      ['a value is no address, or the file does not know it', 'nothing is added'],
      ...tableFailures('a changed file is no MMDB file, is cut or too large'),
    ],
    metrics: tableMetrics,
  },
  {
    kind: 'transform',
    type: 'ioc',
    stability: 'beta',
    schema: IocTransform,
    exampleId: 'indicators',
    example: { inputs: ['*'], path: './indicators.ndjson' },
    exampleFiles: { 'indicators.ndjson': INDICATORS },
    guarantees: [
      ...TABLE_PROMISES,
      'The best match is written to the OCSF object `osint`: `value`, `type_id`, `name` (path of the ' +
        'field), `vendor_name` (sources), `confidence`, `confidence_id`, `desc`; and to ' +
        '`labels.ioc_tier`, `labels.ioc_matches` (their number) and `labels.ioc_others`.',
      'Columns of the file: `indicator`; `type` (ip, cidr, domain, url, hash; told by the form where ' +
        'absent), `source` or `sources`, `tier` (1 to 5), `confidence` (low, medium, high), ' +
        '`description`, `valid_until`.',
      'Several rows of one indicator join their sources, and the best tier, the highest confidence and ' +
        'the latest end hold. Tier 1 alone is high confidence; where no confidence is given, tier 2 is ' +
        'medium and all others are low.',
      '`valid_until` is compared with the time of receipt.',
    ],
    failures: [
      [
        'up to a tenth of the rows are no indicators',
        'they are left out, counted, and the log has the first',
      ],
      ...tableFailures(
        'a changed file cannot be read, is empty, or more than a tenth of it is no indicator',
      ),
    ],
    metrics: tableMetrics,
  },
  {
    kind: 'transform',
    type: 'lookup',
    stability: 'beta',
    schema: LookupTransform,
    exampleId: 'assets',
    example: {
      inputs: ['*'],
      path: './assets.csv',
      field: 'src_endpoint.ip',
      key_column: 'network',
      match: 'cidr',
      set: { 'labels.owner': 'owner', 'src_endpoint.zone': 'zone', 'labels.risk': 'risk' },
      types: { 'labels.risk': 'number' },
    },
    exampleFiles: { 'assets.csv': ASSETS },
    guarantees: [
      ...TABLE_PROMISES,
      'An empty value of the table writes nothing; values that the event has are not replaced, unless ' +
        '`overwrite` says so.',
    ],
    failures: [
      ['no row has the value', 'nothing is added'],
      ...tableFailures(
        'a changed file cannot be read, has no rows, one key twice, or a value of the wrong type',
      ),
    ],
    metrics: tableMetrics,
  },
  {
    kind: 'transform',
    type: 'redact',
    stability: 'beta',
    schema: RedactTransform,
    exampleId: 'private',
    example: { inputs: ['*'], fields: ['actor.user.name', 'user.email_addr'] },
    guarantees: HIDING,
    failures: hidingFailures,
    metrics,
  },
  {
    kind: 'transform',
    type: 'hash',
    stability: 'beta',
    schema: HashTransform,
    exampleId: 'pseudonyms',
    example: {
      inputs: ['*'],
      fields: ['actor.user.name'],
      key: '00112233445566778899aabbccddeeff',
    },
    guarantees: [
      ...HIDING,
      'Another node with the same key gives the same hash: HMAC-SHA-256 of the text as UTF-8, in ' +
        'lower case hexadecimal digits.',
    ],
    failures: hidingFailures,
    metrics,
  },
  {
    kind: 'transform',
    type: 'sample',
    stability: 'beta',
    schema: SampleTransform,
    exampleId: 'one_in_ten',
    example: { inputs: ['*'], keep_one_in: 10, condition: 'severity_id <= 1' },
    guarantees: [
      `${AGAIN}: what is kept follows from tenant, stream, epoch and number of the event, or from ` +
        '`field`.',
      'What it drops is accounted by number, in the ledger as `filter:<id>`; nothing vanishes.',
    ],
    failures: [
      ['a field of the condition is absent', 'the event is not sampled: it goes on'],
      ['`field` is absent', 'the identity of the event decides'],
    ],
    metrics: [...metrics, 'component_discarded_events_total'],
  },
];

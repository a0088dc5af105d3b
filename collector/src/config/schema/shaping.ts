// Steps that look up, hide and sample. Their fields are those of the documents in @weir/pipeline.
import { LIMITS } from '@weir/pipeline';
import { choice, closed, count, inputs, MiB, secret } from './nodes.js';
import Type from './type.js';

const PATH = '^[A-Za-z_][A-Za-z0-9_.-]{0,127}$';
const EXAMPLE_KEY = '00112233445566778899aabbccddeeff';

const path = (description: string, example: string) =>
  Type.String({
    minLength: 1,
    description: `${description} Relative to the configuration.`,
    examples: [example],
  });

/** A file that is read anew when it changes. */
const tableFile = {
  max_bytes: count(
    [1_024, LIMITS.tableBytesCeiling],
    LIMITS.tableBytesMax,
    'Longest file, and largest table in memory; all workers share it. Beyond it the file counts as ' +
      'broken.',
    64 * MiB,
  ),
  check_interval_ms: count(
    [0, 86_400_000],
    LIMITS.tableCheckIntervalMs,
    'How often the file is looked at; a changed one is read once it has stayed the same for so ' +
      'long. 0 for never.',
  ),
};

const paths = (fallback: readonly string[] | null, description: string, example: string) =>
  Type.Array(Type.String({ pattern: PATH }), {
    uniqueItems: true,
    maxItems: 64,
    ...(fallback === null ? { minItems: 1 } : { default: fallback }),
    description,
    examples: [[example]],
  });

const flag = (description: string, fallback: boolean) =>
  Type.Boolean({ default: fallback, description, examples: [!fallback] });

export const AssignTransform = Type.Object(
  {
    type: Type.Literal('assign'),
    inputs: inputs(),
    values: Type.Record(Type.String({ pattern: PATH }), Type.String({ minLength: 1 }), {
      ...closed,
      minProperties: 1,
      description:
        'CEL expression by dotted path of the field that it is written to. Where it cannot be told, ' +
        'since a field is absent, nothing is written.',
      examples: [{ 'labels.is_internal': 'cidr(src_endpoint.ip, "10.0.0.0/8")' }],
    }),
  },
  { ...closed, description: 'Sets fields to the values of expressions.' },
);

export const GeoipTransform = Type.Object(
  {
    type: Type.Literal('geoip'),
    inputs: inputs(),
    path: path('MMDB file, such as GeoLite2-City, GeoLite2-ASN or one of DB-IP.', './city.mmdb'),
    fields: paths(
      ['src_endpoint.ip', 'dst_endpoint.ip'],
      'Addresses; what is found is written beside each: location.country, region, city, lat, long, ' +
        'autonomous_system.number and name, as far as the file has them.',
      'src_endpoint.ip',
    ),
    language: Type.String({
      pattern: '^[a-z]{2}(-[A-Z]{2})?$',
      default: 'en',
      description: 'Language of the names, where the file has several.',
      examples: ['de'],
    }),
    overwrite: flag('Whether values that the event has already are replaced.', false),
    ...tableFile,
  },
  { ...closed, description: 'Adds country, city and autonomous system of addresses.' },
);

export const IocTransform = Type.Object(
  {
    type: Type.Literal('ioc'),
    inputs: inputs(),
    path: path('Indicators, as NDJSON, JSON, CSV, or one a line.', './indicators.ndjson'),
    format: choice(
      ['auto', 'ndjson', 'json', 'csv', 'txt'],
      'auto',
      'Format of the file; auto goes by the ending of its name.',
    ),
    addresses: paths(
      [
        'src_endpoint.ip',
        'dst_endpoint.ip',
        'src_endpoint.proxy_endpoint.ip',
        'dst_endpoint.proxy_endpoint.ip',
      ],
      'Fields that are compared with addresses and networks.',
      'dst_endpoint.ip',
    ),
    domains: paths(
      ['url.hostname', 'query.hostname', 'dst_endpoint.hostname', 'src_endpoint.hostname'],
      'Fields that are compared with domains.',
      'query.hostname',
    ),
    urls: paths(
      ['http_request.url.url_string'],
      'Fields that are compared with URLs; scheme, user, fragment and usual port do not matter.',
      'http_request.url.url_string',
    ),
    hashes: paths(
      [
        'file.hashes.sha256',
        'file.hashes.sha1',
        'file.hashes.md5',
        'process.file.hashes.sha256',
        'process.file.hashes.sha1',
        'process.file.hashes.md5',
      ],
      'Fields that are compared with hashes of files.',
      'file.hashes.sha256',
    ),
    match_parents: flag('Whether a domain matches every name below it, too.', true),
    min_confidence: choice(
      ['low', 'medium', 'high'],
      'low',
      'Indicators of less confidence are left out.',
    ),
    source: Type.String({
      default: '',
      description: 'Source of indicators for which the file does not say it.',
      examples: ['own_list'],
    }),
    tier: count(
      [0, 5],
      0,
      'Tier of indicators for which the file does not say it, 1 the most trusted; 0 for none.',
      2,
    ),
    ...tableFile,
  },
  {
    ...closed,
    description: 'Marks events whose addresses, domains, URLs or hashes are known to be malicious.',
  },
);

export const LookupTransform = Type.Object(
  {
    type: Type.Literal('lookup'),
    inputs: inputs(),
    path: path('Table, as CSV with a line of names, NDJSON or JSON.', './assets.csv'),
    format: choice(
      ['auto', 'ndjson', 'json', 'csv'],
      'auto',
      'Format of the file; auto goes by the ending of its name.',
    ),
    field: Type.String({
      pattern: PATH,
      description: 'Field whose value is looked up.',
      examples: ['src_endpoint.ip'],
    }),
    key_column: Type.String({
      minLength: 1,
      description: 'Column that it is compared with.',
      examples: ['network'],
    }),
    match: choice(
      ['exact', 'ignore_case', 'cidr'],
      'exact',
      'How: cidr takes the row with the longest network that holds the address.',
    ),
    set: Type.Record(Type.String({ pattern: PATH }), Type.String({ minLength: 1 }), {
      ...closed,
      minProperties: 1,
      description: 'Column by dotted path of the field that it is written to.',
      examples: [{ 'labels.owner': 'owner' }],
    }),
    types: Type.Optional(
      Type.Record(
        Type.String({ pattern: PATH }),
        Type.Unsafe<'string' | 'number' | 'boolean'>({ enum: ['string', 'number', 'boolean'] }),
        {
          ...closed,
          description: 'Type of what is written where no field of the schema is; text without.',
          examples: [{ 'labels.risk': 'number' }],
        },
      ),
    ),
    overwrite: flag('Whether values that the event has already are replaced.', false),
    ...tableFile,
  },
  { ...closed, description: 'Adds what a table says of a value: of an asset, a tenant, a user.' },
);

const hidingRest = {
  raw_data: choice(
    ['mask', 'keep'],
    'mask',
    'What becomes of the value in the event as received: mask overwrites with * the place that it ' +
      'was read from, and others where it stands as a word of four bytes or more.',
  ),
};

export const RedactTransform = Type.Object(
  {
    type: Type.Literal('redact'),
    inputs: inputs(),
    fields: paths(null, 'Fields of which nobody is to see the value.', 'user.name'),
    mode: choice(
      ['mask', 'remove'],
      'mask',
      'mask leaves *** in the place of text; remove, and a field that is a number, leave nothing.',
    ),
    keep_last: count([0, 16], 0, 'Characters at the end that mask leaves.', 4),
    ...hidingRest,
  },
  { ...closed, description: 'Takes values out of events.' },
);

export const HashTransform = Type.Object(
  {
    type: Type.Literal('hash'),
    inputs: inputs(),
    fields: paths(null, 'Fields of text whose value is replaced.', 'user.name'),
    key: secret('Key of the hash: at least 16 bytes.', {
      minLength: 1,
      examples: [EXAMPLE_KEY],
    }),
    digits: count([16, 64], 64, 'Hexadecimal digits of the hash that are kept.', 32),
    ...hidingRest,
  },
  {
    ...closed,
    description:
      'Replaces values by their HMAC-SHA-256: equal ones stay equal, and nobody without the key can tell them.',
  },
);

export const SampleTransform = Type.Object(
  {
    type: Type.Literal('sample'),
    inputs: inputs(),
    keep_one_in: Type.Integer({
      minimum: 2,
      maximum: 1_000_000,
      description: 'So many events give one that goes on; the others are accounted as filtered.',
      examples: [10],
    }),
    condition: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'CEL expression; only events for which it is true are sampled.',
        examples: ['severity_id <= 1'],
      }),
    ),
    field: Type.Optional(
      Type.String({
        pattern: PATH,
        description: 'Events with the same value of this field are kept or dropped together.',
        examples: ['connection_info.uid'],
      }),
    ),
  },
  { ...closed, description: 'Keeps one in so many events, always the same ones.' },
);

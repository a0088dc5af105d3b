// Steps between sources and sinks. The fields are those of TransformDocument in @weir/pipeline,
// which workers build their steps from; the last lines hold both equal.
import { PACK_NAMES } from '@weir/parsers';
import { LIMITS, type TransformDocument } from '@weir/pipeline';
import { closed, componentByType, ID, inputs } from './nodes.js';
import {
  AssignTransform,
  GeoipTransform,
  HashTransform,
  IocTransform,
  LookupTransform,
  RedactTransform,
  SampleTransform,
} from './shaping.js';
import Type, { type Static } from './type.js';

const module = Type.String({
  minLength: 1,
  description:
    'Compiled module with the function: a file relative to the configuration, or the name of an ' +
    'installed package.',
  examples: ['./site-names.js'],
});
const moduleRest = {
  export: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'Name of the export of the module; without it the default export.',
      examples: ['siteNames'],
    }),
  ),
  options: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: 'Given to the export when a worker starts.',
      examples: [{ table: 'sites.csv' }],
    }),
  ),
};
const condition = (description: string) =>
  Type.String({ minLength: 1, description, examples: ['severity_id >= 3'] });

export const ParseTransform = Type.Object(
  {
    type: Type.Literal('parse'),
    inputs: inputs(),
    pack: Type.Optional(
      Type.Unsafe<string>({
        type: 'string',
        enum: PACK_NAMES,
        description: 'Parser of this installation; auto looks at each event. Not with module.',
        examples: ['fortigate_kv'],
      }),
    ),
    time_zone: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Zone of timestamps that name none: UTC, an offset, or an IANA name.',
        examples: ['Europe/Berlin'],
      }),
    ),
    time_zones: Type.Optional(
      Type.Record(Type.String(), Type.String({ minLength: 1 }), {
        minProperties: 1,
        description: 'The same by address or network of the source; the narrowest holds.',
        examples: [{ '192.0.2.0/24': 'America/Chicago', '192.0.2.7': '+05:30' }],
      }),
    ),
    columns: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: LIMITS.sourceContextLengthMax,
        description:
          'Names of the columns of CSV as a header line has them, for rows without a header line.',
        examples: ['time,src_ip,user'],
      }),
    ),
    regex: Type.Optional(
      Type.Unsafe<string | string[]>({
        type: ['string', 'array'],
        minLength: 1,
        items: { type: 'string', minLength: 1 },
        minItems: 1,
        description:
          'Patterns (RE2) with named groups; the first that matches counts, what none matches is ' +
          'left to the packs. Not with pack or module.',
        examples: ['^gate=(?P<gate>\\S+) user=(?P<user>\\S+) from=(?P<src_ip>[0-9a-f.:]+)'],
      }),
    ),
    fields: Type.Optional(
      Type.Record(Type.String(), Type.String({ minLength: 1 }), {
        minProperties: 1,
        description:
          'OCSF path, or unmapped.NAME, by name of a group of regex. A group that is not named ' +
          'here means what a key of JSON of this name means.',
        examples: [{ user: 'user.name', gate: 'unmapped.gate' }],
      }),
    ),
    module: Type.Optional(module),
    ...moduleRest,
  },
  {
    ...closed,
    description:
      'Chooses the parser: one of the built-in packs, regular expressions, or your own module.',
  },
);

export const SetTransform = Type.Object(
  {
    type: Type.Literal('set'),
    inputs: inputs(),
    fields: Type.Record(
      Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,127}$' }),
      Type.Unsafe<string | number | boolean>({ type: ['string', 'number', 'boolean'] }),
      {
        ...closed,
        minProperties: 1,
        description: 'Value by dotted path of the field.',
        examples: [{ 'labels.site': 'berlin' }],
      },
    ),
  },
  { ...closed, description: 'Sets fields to constants.' },
);

export const EnrichTransform = Type.Object(
  { type: Type.Literal('enrich'), inputs: inputs(), module, ...moduleRest },
  { ...closed, description: 'Calls your function on each event, to read and set its fields.' },
);

export const FilterTransform = Type.Object(
  {
    type: Type.Literal('filter'),
    inputs: inputs(),
    condition: Type.Optional(
      condition('CEL expression; events for which it is true go on. Not with module.'),
    ),
    module: Type.Optional(module),
    ...moduleRest,
  },
  {
    ...closed,
    description: 'Keeps events for which a condition holds; the others are accounted as filtered.',
  },
);

export const RouteTransform = Type.Object(
  {
    type: Type.Literal('route'),
    inputs: inputs(),
    routes: Type.Record(
      Type.String({ pattern: ID }),
      condition('CEL expression; the first output whose condition is true takes the event.'),
      {
        ...closed,
        minProperties: 1,
        description:
          'Condition by name of the output, in order. Others read ID.OUTPUT, and ID.otherwise for ' +
          'what no condition takes.',
        examples: [{ alerts: 'severity_id >= 4' }],
      },
    ),
  },
  { ...closed, description: 'Sends each event to the first output whose condition holds.' },
);

export const TRANSFORM_TYPES = {
  parse: ParseTransform,
  set: SetTransform,
  assign: AssignTransform,
  enrich: EnrichTransform,
  geoip: GeoipTransform,
  ioc: IocTransform,
  lookup: LookupTransform,
  redact: RedactTransform,
  hash: HashTransform,
  filter: FilterTransform,
  sample: SampleTransform,
  route: RouteTransform,
} as const;
export const TransformSchema = componentByType(
  [
    ParseTransform,
    SetTransform,
    AssignTransform,
    EnrichTransform,
    GeoipTransform,
    IocTransform,
    LookupTransform,
    RedactTransform,
    HashTransform,
    FilterTransform,
    SampleTransform,
    RouteTransform,
  ],
  'A step: parse, set, assign, enrich, geoip, ioc, lookup, redact, hash, filter, sample or route.',
);

export type TransformConfig = Static<typeof TransformSchema>;

/** Fails to compile when the schema and the contract of the workers part. */
type Assignable<From extends To, To> = From;
export type TransformsAreDocuments = Assignable<TransformConfig, TransformDocument>;

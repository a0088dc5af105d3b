// The configuration of the collector: one JSON Schema, with defaults, descriptions and examples
// inside it. The types are derived from it, so there is one description and no second.

import { KafkaSection } from './schema/kafka.js';
import { byId, closed } from './schema/nodes.js';
import { LedgerSection, SpoolSection, StoreSection, WorkersSection } from './schema/sections.js';
import { SinkSchema } from './schema/sinks.js';
import { DEFAULT_SOURCES, SourceSchema } from './schema/sources.js';
import { TransformSchema } from './schema/transforms.js';
import Type, { type Static } from './schema/type.js';

export const ConfigSchema = Type.Object(
  {
    data_dir: Type.String({
      minLength: 1,
      default: './var',
      description: 'Where spool and embedded store live, relative to the working directory.',
      examples: ['/var/lib/weir'],
    }),
    log_level: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      default: 'info',
      description: 'Least severe level that is logged, as JSON lines on standard error.',
      examples: ['debug'],
    }),
    sources: byId(SourceSchema, {
      minProperties: 1,
      description: 'Listeners by id.',
      default: DEFAULT_SOURCES,
      examples: [{ firewalls: { type: 'syslog', listen: '0.0.0.0:5514' } }],
    }),
    transforms: byId(TransformSchema, {
      default: {},
      description: 'Steps between sources and sinks, by id.',
      examples: [{ loud: { type: 'filter', inputs: ['*'], condition: 'severity_id >= 3' } }],
    }),
    sinks: byId(SinkSchema, {
      default: {},
      description:
        'Destinations by id. Without any the environment decides: KAFKA_BROKERS or kafka.brokers (a ' +
        'sink kafka), else SIEM_BASE_URL (a sink upstream of type weir), else CLICKHOUSE_URL or store.url, else the embedded store (a sink clickhouse).',
      examples: [{ archive: { type: 'file', path: 'var/out/events.ndjson', required: false } }],
    }),
    spool: SpoolSection,
    ledger: LedgerSection,
    workers: WorkersSection,
    store: StoreSection,
    kafka: KafkaSection,
  },
  { ...closed, $id: 'weir-config', title: 'Configuration of weir run' },
);

export type Config = Static<typeof ConfigSchema>;
export type SourceConfig = Config['sources'][string];
export type * from './schema/sinks.js';
export type { HttpSourceConfig, SyslogSourceConfig } from './schema/sources.js';
export type { TransformConfig } from './schema/transforms.js';

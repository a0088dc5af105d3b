// What the configuration says about the tables.
import type { MigrationOptions } from '@weir/sinks/clickhouse';
import type { Config } from '../../config/schema.js';

export function migrationOptions({ store }: Config): MigrationOptions {
  return {
    eventsTable: store.events_table,
    profile: store.profile,
    retentionDays: store.ttl_days,
    retentionClasses: store.retention,
    ...(store.quarantine_ttl_days === 0 ? {} : { quarantineDays: store.quarantine_ttl_days }),
    cluster: store.cluster,
  };
}

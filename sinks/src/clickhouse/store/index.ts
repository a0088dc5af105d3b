export { checkProfile } from './check-profile.js';
export { type FenceToken, fencedStore, readFence, writeFence } from './fenced-store.js';
export {
  applyMigrations,
  type MigrationOptions,
  type MigrationPlan,
  planMigrations,
} from './migrations.js';
export { STORE_PROFILES } from './profiles.js';
export {
  daysExpression,
  type ExpiringTable,
  RETENTION_DAYS_DEFAULT,
  type Retention,
  type RetentionChange,
  readRetention,
  retentionChanges,
  setRetention,
  ttlExpression,
} from './retention.js';
export {
  createStore,
  type ExecutedStatement,
  type QueryParams,
  type StatementSettings,
  type Store,
  type StoreOptions,
} from './store.js';
export { isDataError, isDeterministic } from './store-error.js';
export { EVENTS_TABLE_DEFAULT, type TableNames, tableNames } from './tables.js';

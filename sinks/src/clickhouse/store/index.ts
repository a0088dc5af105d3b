export { checkProfile } from './check-profile.js';
export { type FenceToken, fencedStore, readFence, writeFence } from './fenced-store.js';
export {
  applyMigrations,
  type MigrationOptions,
  RETENTION_DAYS_DEFAULT,
} from './migrations.js';
export { STORE_PROFILES } from './profiles.js';
export {
  createStore,
  type QueryParams,
  type StatementSettings,
  type Store,
  type StoreOptions,
} from './store.js';
export { isDataError, isDeterministic } from './store-error.js';
export { EVENTS_TABLE_DEFAULT, type TableNames, tableNames } from './tables.js';

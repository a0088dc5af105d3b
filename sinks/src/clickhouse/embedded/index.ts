export { type EmbeddedStore, type EmbeddedStoreOptions, startEmbeddedStore } from './start.js';
export {
  type StoreState,
  type SupervisedStore,
  type SupervisorOptions,
  superviseStore,
} from './supervise.js';

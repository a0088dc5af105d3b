export { embeddedFence, type Fence, serverFence } from './fence.js';
export {
  decodeIntent,
  type Intent,
  IntentFile,
  type IntentStore,
  type StoredIntent,
  type StreamRange,
} from './intent.js';
export { Landed, readBack } from './landed.js';
export { Loader } from './loader.js';
export {
  type IntentReceipts,
  LOADER_LIMITS,
  type LoaderLimits,
  type LoaderOptions,
  type LoaderState,
  type LoaderStats,
} from './options.js';
export { Outcome } from './outcome.js';
export { type PutAside, type PutAsideMark, quarantineWhole } from './put-aside.js';
export { INSERT_SETTINGS, insertBlocks, insertDispositions, insertLedger } from './statements.js';

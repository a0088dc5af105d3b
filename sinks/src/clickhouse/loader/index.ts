export { embeddedFence, type Fence, serverFence } from './fence.js';
export type { Intent, StreamRange } from './intent.js';
export { decodeIntent } from './intent.js';
export { Landed, readBack } from './landed.js';
export { Loader } from './loader.js';
export {
  LOADER_LIMITS,
  type LoaderLimits,
  type LoaderOptions,
  type LoaderState,
  type LoaderStats,
} from './options.js';
export { Outcome } from './outcome.js';
export { type PutAsideMark, quarantineWhole } from './put-aside.js';
export { INSERT_SETTINGS, insertBlocks, insertDispositions, insertLedger } from './statements.js';

export { embeddedFence, type Fence, serverFence } from './fence.js';
export { Loader } from './loader.js';
export {
  LOADER_LIMITS,
  type LoaderLimits,
  type LoaderOptions,
  type LoaderState,
  type LoaderStats,
} from './options.js';
export { type PutAsideMark, quarantineWhole } from './put-aside.js';

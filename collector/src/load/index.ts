// The load generator as a library, for benches and tests.
export type { Envelope } from './envelope.js';
export {
  createGenerator,
  type Filled,
  type Framing,
  type Generator,
  type GeneratorOptions,
  SEQUENCE_MAX,
} from './generator.js';
export { formatTarget, type LoadPlan, PROTOCOLS, type Protocol, parseTarget } from './plan.js';
export { PROFILE_NAMES, type ProfileName } from './profiles.js';
export { openReplay, type ReplayOptions } from './replay.js';
export { type LoadSummary, runLoad } from './run.js';

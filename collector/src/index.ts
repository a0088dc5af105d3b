// What other packages may use of the collector: the seeded load generator.
export {
  createGenerator,
  type Filled,
  type Framing,
  type Generator,
  type GeneratorOptions,
} from './load/generator.js';
export { ZEEK_CONN_HEADER } from './load/kinds/zeek.js';
export { PROFILES, type ProfileName } from './load/profiles.js';

export {
  type BundleContent,
  type BundleSink,
  bundleLines,
  type LeafContent,
} from './bundle-lines.js';
export { type EventId, type NoProof, type Proof, proveEvent } from './prove.js';

export type { ForwardingOptions } from './frames.js';
export { ForwardedIndex } from './frames-index.js';
export * from './idempotency.js';
export * from './ingest.js';
export * from './server.js';
export type { IngestEvidence } from './signed-receipt.js';

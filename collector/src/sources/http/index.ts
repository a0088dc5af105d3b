export * from './idempotency.js';
export * from './ingest.js';
export * from './server.js';

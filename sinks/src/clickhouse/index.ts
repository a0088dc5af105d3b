export * from './anchors/index.js';
export * from './embedded/index.js';
export * from './ledger/index.js';
export * from './loader/index.js';
export * from './native/index.js';
export * from './receipts/index.js';
export * from './requeue/index.js';
export * from './store/index.js';

export * from './clock.js';
export * from './files.js';
export * from './network.js';
export * from './process-identity.js';
export * from './workers.js';

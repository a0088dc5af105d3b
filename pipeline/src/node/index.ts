export * from './clock.js';
export * from './files.js';
export * from './network.js';
export * from './workers.js';

export * from './http/index.js';
export * from './source.js';
export * from './syslog/index.js';

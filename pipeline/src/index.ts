export * from './batch.js';
export * from './component.js';
export * from './errors.js';
export * from './limits.js';
export * from './ports.js';
export * from './schema/fields.js';
export * from './taxonomy.js';

export * from './clock.js';
export * from './loader-process.js';
export * from './ports.js';
export * from './process-figures.js';
export * from './service-process.js';
export * from './weir-process.js';

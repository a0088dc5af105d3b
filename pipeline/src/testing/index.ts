export * from '../runtime/admission-fake-buffer.js';
export * from './conformance/test-sink.js';
export * from './sim-clock.js';
export * from './sim-files.js';
export * from './sim-random.js';
export * from './test-event.js';

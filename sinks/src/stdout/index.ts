export type { Output } from './output.js';
export { openStandardOutput } from './standard-output.js';
export { createStdoutSink } from './stdout-sink.js';

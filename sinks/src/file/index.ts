export { createFileSink, type FileSinkState } from './file-sink.js';
export type { FileSinkOptions, FileSinkPorts } from './options.js';

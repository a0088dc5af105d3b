// JSON over HTTP POST.
export { createHttpSink, type HttpSink } from './http-sink.js';
export type { HttpSinkDependencies, HttpSinkOptions } from './options.js';

// Splunk's HTTP Event Collector.
export type { SplunkSinkDependencies, SplunkSinkOptions } from './options.js';
export { createSplunkSink, type SplunkSink } from './splunk-sink.js';

// Elasticsearch and OpenSearch.
export { createElasticsearchSink, type ElasticsearchSink } from './elasticsearch-sink.js';
export type { ElasticsearchSinkDependencies, ElasticsearchSinkOptions } from './options.js';

// Objects in an S3-compatible store.
export type { S3Credentials, S3SinkDependencies, S3SinkOptions } from './options.js';
export { S3Reader, type S3ReaderOptions } from './s3-reader.js';
export { createS3Sink, type S3Sink } from './s3-sink.js';

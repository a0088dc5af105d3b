// For tests of other packages.
export { type StoreFixture, storeFixture } from '../clickhouse/testing/fixture.js';
export { SAMPLE_TIME_NS } from '../clickhouse/testing/sample-batches.js';
export { PartitionBench, until } from '../kafka/testing/partition-bench.js';
export { S3Server, TEST_CREDENTIALS } from '../s3/testing/s3-server.js';
export { SyslogServer } from '../syslog/testing/syslog-server.js';

// For tests of other packages.
export { type StoreFixture, storeFixture } from '../clickhouse/testing/fixture.js';
export { SAMPLE_TIME_NS } from '../clickhouse/testing/sample-batches.js';
export { PartitionBench, until } from '../kafka/testing/partition-bench.js';

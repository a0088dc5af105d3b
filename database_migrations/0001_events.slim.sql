-- In the place of 0001_events.sql in a store of the slim profile (store.profile = "slim"): what
-- names, dates and classifies an event, and its bytes. The columns that are here have the types that
-- they have there, and keys, partitions and TTL are the same: ledger, fence and read-back do not
-- know the profile. No Map, no Array, no text index.
CREATE TABLE IF NOT EXISTS {events} (
  tenant_id LowCardinality(String),
  stream LowCardinality(String),
  epoch UInt64,
  seq UInt64 CODEC(Delta, LZ4),
  source LowCardinality(String),
  source_seq UInt64 CODEC(Delta, LZ4),
  ingest_time DateTime64(6, 'UTC') CODEC(Delta, LZ4),
  retention_class LowCardinality(String),
  parser LowCardinality(String),
  parser_version LowCardinality(String),
  status LowCardinality(String),
  time DateTime64(6, 'UTC') CODEC(Delta, LZ4),
  class_uid UInt32,
  severity_id UInt8,
  raw_data String CODEC(ZSTD(1)),
  INDEX time_minmax time TYPE minmax GRANULARITY 1,
  INDEX seq_minmax seq TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY (toDate(ingest_time), retention_class)
ORDER BY (tenant_id, toStartOfHour(ingest_time), stream, epoch, seq)
TTL toDateTime(ingest_time) + INTERVAL {retention_days} DAY
-- Compact parts up to 256 MiB: an insert writes one data file instead of one a column.
SETTINGS
  ttl_only_drop_parts = 1,
  fsync_after_insert = 1,
  fsync_part_directory = 1,
  min_bytes_for_wide_part = 268435456;

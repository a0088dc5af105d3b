-- Events that could not be accepted, with their bytes and the reason. A row that was parsed again
-- later stays here, marked as superseded; the higher value of that column wins.
CREATE TABLE IF NOT EXISTS {database}.quarantine (
  tenant_id LowCardinality(String),
  stream LowCardinality(String),
  epoch UInt64,
  seq UInt64 CODEC(Delta, LZ4),
  source LowCardinality(String),
  source_seq UInt64 CODEC(Delta, LZ4),
  ingest_time DateTime64(6, 'UTC') CODEC(Delta, LZ4),
  retention_class LowCardinality(String),
  reason LowCardinality(String),
  marks Array(LowCardinality(String)),
  failed_offset UInt32,
  original_bytes UInt32,
  parser LowCardinality(String),
  parser_version LowCardinality(String),
  raw_data String CODEC(ZSTD(1)),
  superseded UInt8 DEFAULT 0,
  INDEX seq_minmax seq TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(superseded)
PARTITION BY (toDate(ingest_time), retention_class)
ORDER BY (tenant_id, toStartOfHour(ingest_time), stream, epoch, seq)
TTL toDateTime(ingest_time) + INTERVAL {retention_days} DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;

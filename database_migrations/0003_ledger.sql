-- Numbers that never became a row (filtered, lost), and events that never got a number (refused).
-- A retry inserts the same row again; of refused rows, which hold running totals, the highest wins.
CREATE TABLE IF NOT EXISTS {database}.dispositions (
  tenant_id LowCardinality(String),
  stream LowCardinality(String),
  epoch UInt64,
  kind LowCardinality(String),
  cause LowCardinality(String),
  seq_first UInt64,
  seq_ranges Array(Tuple(first UInt64, last UInt64)),
  event_count UInt64,
  ingest_time DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(event_count)
ORDER BY (tenant_id, stream, epoch, kind, cause, seq_first)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What became of each number, as sets: kind is stored, quarantined, filtered or lost; a bucket
-- holds 65,536 neighbouring numbers. The loader writes here after the rows are known to be in their
-- tables.
CREATE TABLE IF NOT EXISTS {database}.ledger (
  tenant_id LowCardinality(String),
  stream LowCardinality(String),
  epoch UInt64,
  bucket UInt64,
  kind LowCardinality(String),
  seqs AggregateFunction(groupBitmap, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (tenant_id, stream, epoch, bucket, kind)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

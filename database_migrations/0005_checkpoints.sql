-- Signed checkpoints of the spool's tree, for whoever wants to show later that a spool was cut,
-- rolled back or forked. Two roots of one size must both stay, so the root is in the key; the same
-- checkpoint again replaces itself. Kept for ever: at most one each ten seconds.
CREATE TABLE IF NOT EXISTS {database}.checkpoints (
  node LowCardinality(String),
  tree UInt32,
  size UInt64 CODEC(Delta, LZ4),
  root String,
  note String CODEC(ZSTD(1)),
  state String CODEC(ZSTD(1)),
  received_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (node, tree, size, root)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Who may insert rows of a partition of a topic: the highest token. A loader that was stalled and
-- replaced has a lower one, and the server refuses its INSERT (ADR 0033).
CREATE TABLE IF NOT EXISTS {database}.fences (
  consumer_group String,
  topic String,
  partition UInt32,
  token UInt64,
  owner String,
  taken_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(token)
ORDER BY (consumer_group, topic, partition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

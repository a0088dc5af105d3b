-- What parsing an event of quarantine again needs: how its bytes are to be read, and the state that
-- framing captured. `attempt`: how often it was parsed again in vain; the row with the highest
-- counts. Once it was parsed the row stays, with superseded = 1, and the event is in the events
-- table under the same numbers.
ALTER TABLE {database}.quarantine
  ADD COLUMN IF NOT EXISTS format LowCardinality(String) AFTER raw_data;

ALTER TABLE {database}.quarantine
  ADD COLUMN IF NOT EXISTS context LowCardinality(String) AFTER format;

ALTER TABLE {database}.quarantine
  ADD COLUMN IF NOT EXISTS attempt UInt32 DEFAULT 0 AFTER context;

-- As before, and how many of the stored were in quarantine first.
CREATE OR REPLACE VIEW {database}.ledger_by_stream AS
SELECT
  tenant_id,
  stream,
  epoch,
  bitmapCardinality(stored_seqs) AS stored,
  bitmapAndnotCardinality(quarantined_seqs, stored_seqs) AS quarantined,
  bitmapAndnotCardinality(filtered_seqs, bitmapOr(stored_seqs, quarantined_seqs)) AS filtered,
  bitmapAndnotCardinality(
    lost_seqs,
    bitmapOr(bitmapOr(stored_seqs, quarantined_seqs), filtered_seqs)
  ) AS lost,
  bitmapMax(all_seqs) AS seq_max,
  bitmapMax(all_seqs) + 1 - bitmapCardinality(all_seqs) AS missing,
  bitmapAndCardinality(stored_seqs, quarantined_seqs) AS requeued
FROM (
  SELECT
    tenant_id,
    stream,
    epoch,
    groupBitmapMergeStateIf(seqs, kind = 'stored') AS stored_seqs,
    groupBitmapMergeStateIf(seqs, kind = 'quarantined') AS quarantined_seqs,
    groupBitmapMergeStateIf(seqs, kind = 'filtered') AS filtered_seqs,
    groupBitmapMergeStateIf(seqs, kind = 'lost') AS lost_seqs,
    groupBitmapMergeState(seqs) AS all_seqs
  FROM {database}.ledger
  GROUP BY tenant_id, stream, epoch
);

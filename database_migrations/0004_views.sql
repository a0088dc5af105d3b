-- The ledger by stream. The kinds are disjoint: stored goes before quarantined, filtered and lost.
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
  bitmapMax(all_seqs) + 1 - bitmapCardinality(all_seqs) AS missing
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

-- Numbers below a stream's highest that are in no kind. A range ends at the end of its bucket.
CREATE OR REPLACE VIEW {database}.ledger_gaps AS
SELECT tenant_id, stream, epoch, gap[1] AS seq_first, gap[-1] AS seq_last
FROM (
  SELECT
    tenant_id,
    stream,
    epoch,
    arrayJoin(
      arraySplit(
        (seq, starts) -> starts,
        absent,
        arrayMap(
          (seq, previous) -> seq != previous + 1,
          absent,
          arrayPopBack(arrayPushFront(absent, toUInt64(0)))
        )
      )
    ) AS gap
  FROM (
    SELECT
      tenant_id,
      stream,
      epoch,
      bitmapToArray(
        bitmapAndnot(
          bitmapBuild(range(bucket * 65536, least((bucket + 1) * 65536, seq_max + 1))),
          present
        )
      ) AS absent
    FROM (
      SELECT
        tenant_id,
        stream,
        epoch,
        seq_max,
        toUInt64(arrayJoin(range(intDiv(seq_max, 65536) + 1))) AS bucket
      FROM (
        SELECT tenant_id, stream, epoch, bitmapMax(groupBitmapMergeState(seqs)) AS seq_max
        FROM {database}.ledger
        GROUP BY tenant_id, stream, epoch
      )
    ) AS expected
    LEFT JOIN (
      SELECT tenant_id, stream, epoch, bucket, groupBitmapMergeState(seqs) AS present
      FROM {database}.ledger
      GROUP BY tenant_id, stream, epoch, bucket
    ) AS found USING (tenant_id, stream, epoch, bucket)
    WHERE bitmapCardinality(present) < least((bucket + 1) * 65536, seq_max + 1) - bucket * 65536
  )
);

-- Per source: what arrived, and numbers of the source that are in neither table.
CREATE OR REPLACE VIEW {database}.sources AS
SELECT
  tenant_id,
  stream,
  epoch,
  source,
  uniqExact(source_seq) AS received,
  max(source_seq) AS source_seq_max,
  source_seq_max + 1 - received AS missing,
  max(ingest_time) AS last_seen
FROM (
  SELECT tenant_id, stream, epoch, source, source_seq, ingest_time FROM {events}
  UNION ALL
  SELECT tenant_id, stream, epoch, source, source_seq, ingest_time FROM {database}.quarantine
)
GROUP BY tenant_id, stream, epoch, source;

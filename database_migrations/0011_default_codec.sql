-- Columns without a codec of their own are compressed with ZSTD(1) instead of LZ4 (ADR 0036). Parts
-- that are there already stay as they are until they are merged; nothing is rewritten for it.
ALTER TABLE {events} MODIFY SETTING default_compression_codec = 'ZSTD(1)';

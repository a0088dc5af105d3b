-- OCSF attributes without a column of their own, under their paths, such as
-- attributes['process.cmd_line']. Numbers are decimal, times ISO 8601 in UTC. What the event calls
-- by names of its own stays in `unmapped`.
ALTER TABLE {events}
  ADD COLUMN IF NOT EXISTS attributes Map(LowCardinality(String), String) AFTER finding_info_title;

-- The name of the attribute in OCSF 1.8.
ALTER TABLE {events} RENAME COLUMN IF EXISTS http_request_url_text TO http_request_url_url_string;

#!/bin/sh
# Applies all migrations to the ClickHouse server at CLICKHOUSE_URL (default http://localhost:8123),
# for the table EVENTS_TABLE (default dev.events) in the profile STORE_PROFILE (full, slim; default
# full), on all servers of STORE_CLUSTER if that is set. Run it as often as you like: each is applied
# once. New tables keep rows for 90 days; what tables that are there have stays.
set -eu
cd "$(dirname "$0")/.."
runner=sinks/dist/clickhouse/migrate.js
if [ ! -f "$runner" ]; then
  echo "apply-migrations: $runner is missing; run npm run setup first" >&2
  exit 1
fi
exec node "$runner"

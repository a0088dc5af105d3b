#!/bin/sh
# Applies all migrations to the ClickHouse server at CLICKHOUSE_URL (default http://localhost:8123),
# for the table EVENTS_TABLE (default dev.events) in the profile STORE_PROFILE (full, slim; default
# full). Run it as often as you like: each is applied once.
set -eu
cd "$(dirname "$0")/.."
runner=sinks/dist/clickhouse/migrate.js
if [ ! -f "$runner" ]; then
  echo "apply-migrations: $runner is missing; run npm run setup first" >&2
  exit 1
fi
exec node "$runner"

#!/bin/sh
# Sends generated events (weir load) to a collector that puts them into the topic: start it before, with
# KAFKA_BROKERS set and `weir run`. Further arguments go to weir load (--count, --target, --rate).
set -eu
cd "$(dirname "$0")/.."
[ -f collector/dist/cli/main.js ] || {
  echo 'kafka_ingest_producer: not built yet: npm run setup' >&2
  exit 2
}
exec node collector/bin/weir.js load --protocol http "$@"

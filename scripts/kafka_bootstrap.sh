#!/bin/sh
# Starts a local Kafka with the topic of events, for trying things out: see harness/src/kafka/bootstrap.ts.
set -eu
cd "$(dirname "$0")/.."
script_name=kafka_bootstrap
. scripts/lib.sh

case " $* " in
  *' --help '* | *' -h '* | *' --stop '*) ;;
  *) install_kafka || exit 2 ;;
esac
[ -f harness/dist/kafka/bootstrap.js ] || fail 2 'not built yet: npm run setup'
exec node harness/dist/kafka/bootstrap.js "$@"

#!/bin/sh
# Set-up, then the collector in the place of this shell, so that signals reach it. Arguments go on to
# `weir run`: npm start -- --data DIR
set -eu
cd "$(dirname "$0")/.."
WEIR_SETUP_QUIET=1 sh scripts/setup.sh
# One thread collects garbage: on few cores the helpers of V8 cost more than they save (docs/performance.md).
exec node --single-threaded-gc --initial-old-space-size=256 --max-semi-space-size=4 collector/bin/weir.js run "$@"

#!/bin/sh
# Set-up, then the collector in the place of this shell, so that signals reach it. Arguments go on to
# `weir run`: npm start -- --data DIR
set -eu
cd "$(dirname "$0")/.."
WEIR_SETUP_QUIET=1 sh scripts/setup.sh
exec collector/bin/weir.js run "$@"

#!/bin/sh
# Set-up, then every check: biome, the compiler, tidy, and the tests. Usage: npm test -- [--long] [FILE...]
# With FILEs (x.test.ts or its dist/x.test.js) only those tests run. Exit codes: 0 all passed, 1 a check
# failed, 2 something is missing.
set -eu
cd "$(dirname "$0")/.."
script_name=test
. scripts/lib.sh

only_files=
for argument in "$@"; do
  case $argument in
    --long) WEIR_LONG=1 && export WEIR_LONG ;;
    -*) fail 2 "unknown option $argument; usage: npm test -- [--long] [FILE...]" ;;
    *) only_files=1 ;;
  esac
done

# The tests send with real clients, check with real tools, and make faults with the real kernel.
install_test_tools() {
  missing=
  have rsyslogd || [ -x /usr/sbin/rsyslogd ] || missing="$missing rsyslog"
  have logger || missing="$missing bsdutils"
  have curl || missing="$missing curl"
  have zstd || missing="$missing zstd"
  # The lanes on the real kernel (lanes/README.md): injected errors, wrong clocks, small file systems.
  have strace || missing="$missing strace"
  have faketime || missing="$missing faketime"
  have mkfs.ext4 || [ -x /usr/sbin/mkfs.ext4 ] || missing="$missing e2fsprogs"
  have mount || missing="$missing mount"
  have redis-server || missing="$missing redis-server"
  have openssl || missing="$missing openssl"
  [ -z "$missing" ] && return
  forbid_service_start
  # shellcheck disable=SC2086
  install_packages 'tests use these real clients and fault tools; nothing is started as a service' $missing ||
    say 'the tests that need them are skipped' >&2
  allow_service_start
}

# What was freshly installed must not start with the system: tests start their own, on own ports.
policy=/usr/sbin/policy-rc.d
made_policy=
forbid_service_start() {
  [ "$(id -u)" = 0 ] && [ ! -e "$policy" ] || return 0
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made_policy=1
  trap allow_service_start EXIT
  trap 'exit 1' INT TERM
}
allow_service_start() {
  [ -n "$made_policy" ] || return 0
  rm -f "$policy"
  made_policy=
  for service in rsyslog redis-server; do
    case $missing in
      *$service*) have systemctl && systemctl disable "$service.service" >/dev/null 2>&1 || true ;;
    esac
  done
}

WEIR_SETUP_QUIET=1 sh scripts/setup.sh || {
  code=$?
  echo '0 passed, 1 failed, 0 skipped'
  exit "$code"
}
install_test_tools
# Tests of Kafka: a broker of Apache, fetched once (ADR 0028), and the client.
install_kafka || say 'no Kafka broker can be started; the tests that need one are skipped' >&2
sh scripts/kafka-client.sh || say 'the tests that need the Kafka client fail' >&2
checks_failed=0

if [ -z "$only_files" ]; then
  say 'biome'
  node node_modules/@biomejs/biome/bin/biome check --error-on-warnings . || {
    say 'FAILED: biome found something; npm run format mends what can be mended'
    checks_failed=$((checks_failed + 1))
  }
  say 'tidy'
  node tools/tidy.mjs || {
    say 'FAILED: tidy found something'
    checks_failed=$((checks_failed + 1))
  }
fi
say 'tests'
# Checks that failed above count in the last line, as failed tests do.
export WEIR_CHECKS_FAILED="$checks_failed"
exec node tools/run-tests.mjs "$@"

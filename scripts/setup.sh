#!/bin/sh
# Makes a clone ready to run: checks Node, installs npm packages when the lock file asks for it, builds.
# Does nothing visible when nothing changed. Exit codes: 0 ready, 1 a step failed, 2 something is missing.
set -eu
cd "$(dirname "$0")/.."
script_name=setup
. scripts/lib.sh

node_needed='20.19'
stamp=node_modules/.weir-setup

check_node() {
  have node || fail 2 "Node.js is missing: Weir needs $node_needed or later. $(node_advice)"
  node -e 'const [a, b] = process.versions.node.split(".").map(Number);
    process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail 2 "Node.js $(node -v) is too old: Weir needs $node_needed or later. $(node_advice)"
  have npm || fail 2 'npm is missing: it comes with Node.js, or as the Debian package npm.'
}

node_advice() {
  printf '%s' 'Get the current LTS from https://nodejs.org/en/download, or with a version manager:' \
    ' nvm install --lts'
}

# What the installed packages depend on besides the lock file: the ABI of their native parts.
fingerprint() {
  node -p 'const { createHash } = require("node:crypto");
    const lock = createHash("sha256").update(require("node:fs").readFileSync("package-lock.json"));
    [lock.digest("hex"), process.versions.modules, process.platform, process.arch].join(" ")'
}

# zstd-napi compiles itself when its prebuilt binary cannot be downloaded.
check_compiler() {
  missing=
  have python3 || missing="$missing python3"
  have make || missing="$missing make"
  have g++ || missing="$missing g++"
  [ -z "$missing" ] && return
  # shellcheck disable=SC2086
  install_packages 'zstd-napi is compiled where no prebuilt binary can be had' $missing || {
    say 'going on without them: a prebuilt binary needs no compiler' >&2
  }
}

# True when npm has finished an installation from the present lock file without this script.
is_installed() {
  [ -f node_modules/.package-lock.json ] || return 1
  [ -z "$(find package-lock.json -newer node_modules/.package-lock.json)" ] || return 1
  [ -f node_modules/@confluentinc/kafka-javascript/package.json ] || return 1
  load_natives 2>/dev/null
}

load_natives() {
  node -e '
    for (const name of ["zstd-napi", "@node-rs/crc32", "chdb"]) {
      try {
        require(name);
      } catch (error) {
        console.error(`setup: ${name} does not load: ${String(error.message).split("\n")[0]}`);
        process.exitCode = 1;
      }
    }'
}

fail_install() {
  [ -z "$missing" ] || fail 2 "npm $install failed, perhaps for want of a compiler." \
    "Please run: sudo apt-get install --no-install-recommends$missing"
  fail 1 "npm $install failed; its message stands above. Without network it needs a filled npm cache."
}

install_modules() {
  check_compiler
  find_headers
  lock=$(node tools/lock-check.mjs) || fail 1 'package.json and package-lock.json do not fit.'
  # npm ci refuses a lock file that lacks optional packages of other platforms.
  if [ "$lock" = complete ]; then install='ci'; else install='install --no-save'; fi
  say "installing npm packages (npm $install); the embedded ClickHouse engine is most of them"
  # Install scripts run by name: the Kafka client's own would compile for minutes, in vain, and npm takes an
  # optional package away whose script fails, and with it the types that the build needs.
  # shellcheck disable=SC2086
  npm $install --ignore-scripts --include=dev --include=optional \
    --no-audit --no-fund --no-update-notifier </dev/null || fail_install
  npm rebuild --no-update-notifier chdb zstd-napi </dev/null >/dev/null || fail_install
  load_natives || fail 2 'native packages did not install completely.' \
    'zstd-napi needs python3, make and g++ (apt-get install python3 make g++) and must be allowed to run' \
    'its install script (allowScripts in package.json; no ignore-scripts in an npmrc); chdb exists for' \
    'Linux and macOS on x64 and arm64. Remove node_modules and run npm run setup again.'
}

check_node
want=$(fingerprint)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ]; then
  is_installed || install_modules
  sh scripts/kafka-client.sh || true
  printf '%s\n' "$want" >"$stamp"
elif [ -z "${WEIR_SETUP_QUIET:-}" ]; then
  # What could not be had at the last attempt is tried again only when a person asks for it.
  sh scripts/kafka-client.sh || true
fi

[ -f pipeline/dist/index.js ] || say 'building (tsc -b)'
node tools/prune-dist.mjs
node node_modules/typescript/bin/tsc -b || fail 1 'the build failed; the compiler says why above.'
[ -n "${WEIR_SETUP_QUIET:-}" ] || say 'ready'

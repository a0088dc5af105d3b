#!/bin/sh
# Makes the native Kafka client (@confluentinc/kafka-javascript, optional) loadable by this Node: with the
# binary that was compiled here before, else the prebuilt one of its release page, else by compiling it
# against the system's libraries. Weir works without it, except for Kafka. Exit codes: 0 it loads, 1 it
# does not, and why.
set -eu
cd "$(dirname "$0")/.."
script_name=setup
. scripts/lib.sh

package=node_modules/@confluentinc/kafka-javascript
binary=build/Release/confluent-kafka-javascript.node
cache=${XDG_CACHE_HOME:-$HOME/.cache}/weir
# What the client is used for. A build without a library's headers succeeds, and lacks its feature.
features='ssl sasl_plain sasl_scram sasl_oauthbearer zstd lz4'
libraries='libssl-dev zlib1g-dev libzstd-dev libsasl2-dev libcurl4-openssl-dev liblz4-dev'
download_timeout_seconds=60

# Silent; true when the client loads and can do all that is asked of it.
loads() {
  FEATURES=$features node -e '
    const { features } = require("@confluentinc/kafka-javascript");
    process.exit(process.env.FEATURES.split(" ").every((name) => features.includes(name)) ? 0 : 1)
  ' >/dev/null 2>&1
}

# A binary fits one version of the package and one ABI of Node.
cache_folder() {
  node -p '[process.argv[1], process.versions.modules, process.platform, process.arch].join("-")' \
    "$cache/kafka-client-$(node -p "require('./$package/package.json').version")"
}

take_from_cache() {
  [ -f "$cached/$binary" ] || return 1
  rm -rf "$package/build"
  cp -R "$cached/build" "$package/" && loads
}

# Two set-ups may write at the same time: the one that renames first wins.
keep_in_cache() {
  rm -rf "$cached.$$"
  mkdir -p "$cached.$$/build/Release" "$cached.$$/build/deps" || return 1
  cp "$package/$binary" "$cached.$$/build/Release/"
  for file in "$package"/build/deps/librdkafka*.so.1 "$package"/build/deps/librdkafka*.1.dylib; do
    [ ! -f "$file" ] || cp "$file" "$cached.$$/build/deps/"
  done
  rm -rf "$cached"
  mv "$cached.$$" "$cached" || rm -rf "$cached.$$"
}

# The release page may be out of reach, and a firewall may swallow the question.
download() {
  rm -f "$package/$binary"
  node -e '
    const { spawnSync } = require("node:child_process");
    const command = require.resolve("@mapbox/node-pre-gyp/bin/node-pre-gyp", { paths: [process.argv[1]] });
    const timeout = Number(process.argv[2]) * 1000;
    const options = { cwd: process.argv[1], stdio: "ignore", timeout };
    process.exit(spawnSync(process.execPath, [command, "install"], options).status === 0 ? 0 : 1)
  ' "$package" "$download_timeout_seconds" && loads
}

missing_packages() {
  have python3 || printf ' python3'
  have make || printf ' make'
  have g++ || printf ' g++'
  have dpkg-query || return 0
  for name in $libraries; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || printf ' %s' "$name"
  done
}

compile() {
  missing=$(missing_packages)
  # shellcheck disable=SC2086
  [ -z "$missing" ] || install_packages 'to compile the Kafka client' $missing || return 1
  find_headers
  log=$(mktemp)
  say 'compiling the Kafka client (some minutes, once for this version of Node)'
  # dynamic: with the libraries of the system; static would download their sources. Parallel
  # jobs of the outer make have a race: JOBS stays unset.
  if (
    unset JOBS MAKEFLAGS
    cd "$package"
    CKJS_LINKING=dynamic npm_config_build_from_source=true npm run install \
      --no-update-notifier </dev/null >"$log" 2>&1
  ) && loads; then
    rm -f "$log"
    # Object files are ten times as large as what is needed.
    keep_in_cache && take_from_cache
    return
  fi
  tail -n 20 "$log" >&2
  rm -f "$log"
  return 1
}

if loads; then exit 0; fi
cached=$(cache_folder)
take_from_cache && exit 0
say 'getting the Kafka client: its prebuilt binary, else it is compiled'
download && exit 0
compile && exit 0
say 'the Kafka client is missing: its prebuilt binary cannot be had and it was not compiled.' \
  'Everything but Kafka works. To get it:' \
  "sudo apt-get install --no-install-recommends python3 make g++ $libraries && npm run setup" >&2
exit 1

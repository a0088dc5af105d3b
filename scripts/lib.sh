# Shared by the scripts of this folder, which are POSIX sh. Sourced after `cd` to the repository's root.

say() { printf '%s: %s\n' "${script_name:-weir}" "$*"; }

# fail CODE SENTENCE...: 2 means that the machine or the usage is wrong, 1 that a step failed.
fail() {
  code=$1
  shift
  printf '%s: %s\n' "${script_name:-weir}" "$*" >&2
  exit "$code"
}

have() { command -v "$1" >/dev/null 2>&1; }

# install_packages WHY PACKAGE...: installs Debian packages as root; otherwise returns 1 after it has
# printed the command that would.
install_packages() {
  why=$1
  shift
  if ! have apt-get; then
    say "missing: $* ($why). This is no Debian or Ubuntu; please install them by hand." >&2
    return 1
  fi
  if [ "$(id -u)" != 0 ]; then
    say "missing: $* ($why). Please run: sudo apt-get install --no-install-recommends $*" >&2
    return 1
  fi
  say "installing with apt-get: $* ($why)"
  # A package list that is missing or stale is the usual reason for a failure: fetch it, try again.
  apt_install "$@" || { apt-get update && apt_install "$@"; }
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# Headers beside node spare node-gyp a download, when they are of the same version.
find_headers() {
  prefix=$(node -p 'require("node:path").resolve(process.execPath, "../..")')
  header=$prefix/include/node/node_version.h
  [ -f "$prefix/include/node/node.h" ] && [ -f "$header" ] || return 0
  major=$(sed -n 's/^#define NODE_MAJOR_VERSION \([0-9]*\)$/\1/p' "$header")
  if [ "$major" = "$(node -p 'process.versions.node.split(".")[0]')" ]; then
    npm_config_nodedir=$prefix
    export npm_config_nodedir
  fi
}

# What a Kafka broker runs on, and what fetches its jars; 1 when something is missing and cannot be installed.
install_kafka() {
  missing_kafka=
  [ "$(java_major)" -ge 17 ] || missing_kafka=' default-jre-headless'
  have mvn || ls "${XDG_CACHE_HOME:-$HOME/.cache}"/weir/kafka-*/kafka_*.jar >/dev/null 2>&1 ||
    missing_kafka="$missing_kafka maven"
  # shellcheck disable=SC2086
  [ -z "$missing_kafka" ] || install_packages 'for a local Kafka broker' $missing_kafka || return 1
  # The default is older on some systems that have a newer one as well.
  [ "$(java_major)" -ge 17 ] || install_packages 'a Kafka broker needs Java 17' openjdk-17-jre-headless
}

java_major() {
  major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
  printf '%s' "${major:-0}"
}

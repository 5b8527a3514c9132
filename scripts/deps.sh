#!/bin/sh
# Installs the Debian packages that a task needs, and only those that are
# missing: a machine that has them all is left alone, without a look at the
# network. What is there from elsewhere (a g++ or node on PATH) counts.
#
#   scripts/deps.sh [build | test | demo | bench | dev | coverage]...   default: build
set -eu

# A package, and the program that stands for it; without one dpkg is asked.
wanted() {
  case $1 in
    build) cat <<'ROWS' ;;
g++ g++
cmake cmake
ninja-build ninja
libuv1-dev
libspdlog-dev
libfmt-dev
libre2-dev
nlohmann-json3-dev
libcli11-dev
libxxhash-dev
libyaml-cpp-dev
libzstd-dev
ROWS
    test) cat <<'ROWS' ;;
doctest-dev
python3 python3
nodejs node
procps ps
binutils readelf
faketime faketime
zstd zstd
ripgrep rg
strace strace
libhyperscan5
systemd systemd-analyze
ROWS
    demo) cat <<'ROWS' ;;
python3 python3
procps ps
ROWS
    bench) cat <<'ROWS' ;;
python3 python3
nodejs node
npm npm
s6 s6-log
runit svlogd
daemontools multilog
apache2-utils rotatelogs
moreutils ts
supervisor supervisord
zstd zstd
ripgrep rg
jq jq
libhyperscan5
ROWS
    dev) cat <<'ROWS' ;;
clang-format-19 clang-format-19
clang-tidy-19 clang-tidy-19
ROWS
    coverage) cat <<'ROWS' ;;
gcovr gcovr
ROWS
    *)
      echo "deps: $1: not one of build, test, demo, bench, dev, coverage" >&2
      exit 2
      ;;
  esac
}

is_there() { # package [program]
  if [ $# -gt 1 ] && command -v "$2" >/dev/null 2>&1; then
    return 0
  fi
  dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q ' installed$'
}

[ $# -gt 0 ] || set -- build
for group in "$@"; do
  wanted "$group" >/dev/null
done

missing=$(
  for group in "$@"; do wanted "$group"; done | sort -u |
    while read -r package program; do
      # shellcheck disable=SC2086  # no program, no argument
      case $package:$(uname -m) in
        libhyperscan5:x86_64) ;;
        libhyperscan5:*) continue ;; # there is none
      esac
      is_there "$package" $program </dev/null || echo "$package"
    done
)
# shellcheck disable=SC2086
set -- $missing
[ $# -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "deps: this is not a Debian system; Lodge's builds need what Debian" \
    "calls: $*" >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null 2>&1; then
  as_root=sudo
else
  echo "deps: missing packages, and neither root nor sudo to install them;" \
    "as root: apt-get install --no-install-recommends $*" >&2
  exit 1
fi

apt() {
  # Waits for another apt to finish; asks nothing; reads no input of ours.
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

echo "deps: installing $*"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists first: a stale one names packages that are no longer served. When
# they can't be had, what apt has at hand may still do.
apt update >"$log" 2>&1 || { cat "$log" >&2; }
if ! apt install --no-install-recommends "$@" >"$log" 2>&1; then
  cat "$log" >&2
  echo "deps: apt-get could not install: $*" >&2
  exit 1
fi

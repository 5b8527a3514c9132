#!/bin/sh
# Configures and builds a preset: scripts/build.sh PRESET [target...]
set -eu
cd "$(dirname "$0")/.."

preset=$1
shift
# Quiet when all is well; configuring says a lot.
mkdir -p "build/$preset"
log=build/$preset/configure.log
# A build from nothing is faster with common headers parsed once.
if ! cmake --preset "$preset" -DLODGE_PRECOMPILE="${CI:-OFF}" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
set -- ${1:+--target "$@"}
[ -z "${JOBS:-}" ] || set -- "$@" --parallel "$JOBS"
cmake --build --preset "$preset" "$@"

#!/bin/sh
# Runs the fuzzers (ctest's label `fuzz`) under address and undefined-behaviour
# sanitizers, each for FUZZ_SECONDS, 60 unless told. In `make test` the same
# programs run for a moment, so that they stay alive.
set -eu
cd "$(dirname "$0")/.."
export LODGE_FUZZ_SECONDS="${FUZZ_SECONDS:-60}"
exec scripts/test.sh asan -L fuzz --timeout "$((LODGE_FUZZ_SECONDS * 2 + 60))"

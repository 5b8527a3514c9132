#!/bin/sh
# Runs every fuzzer under address and undefined-behaviour sanitizers, each for
# FUZZ_SECONDS, 60 unless told. In `make test` the same programs run for a
# moment, so that they stay alive.
set -eu
cd "$(dirname "$0")/.."

export LODGE_FUZZ_SECONDS="${FUZZ_SECONDS:-60}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
scripts/build.sh asan
failed=0
for fuzzer in build/asan/tests/*_fuzz; do
  echo "fuzz: $(basename "$fuzzer"), $LODGE_FUZZ_SECONDS s"
  "$fuzzer" || failed=1
done
exit "$failed"

#!/bin/sh
# Builds a preset and runs its tests: scripts/test.sh PRESET [ctest options]
# With UNIT_ONLY=1 only the unit tests, and what they need; with UNITS="base
# store" only those of these folders.
set -eu
cd "$(dirname "$0")/.."

preset=$1
shift
if [ -n "${UNITS:-}" ]; then
  targets=
  names=
  for unit in $UNITS; do
    targets="$targets ${unit}_test"
    names="$names${names:+|}$unit"
  done
  # shellcheck disable=SC2086  # words
  scripts/build.sh "$preset" $targets
  set -- -R "^($names)\$" "$@"
elif [ -n "${UNIT_ONLY:-}" ]; then
  scripts/build.sh "$preset" unit_tests
  set -- -L unit "$@"
else
  scripts/build.sh "$preset"
fi

run=
if [ "$preset" = tsan ]; then
  # GCC 12's thread sanitizer wants its shadow where kernels since 6.6 may put
  # other things; without randomized addresses they don't.
  if setarch "$(uname -m)" -R true 2>/dev/null; then
    run="setarch $(uname -m) -R"
  fi
fi
# A finding is a failure with a stack, never a message lost in some log.
export ASAN_OPTIONS="abort_on_error=0:detect_stack_use_after_return=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="second_deadlock_stack=1:${TSAN_OPTIONS:-}"
# More than there are cores: most stories wait for processes, not for a core.
# shellcheck disable=SC2086  # $run is words
exec $run ctest --preset "$preset" --no-tests=error \
  --parallel "${JOBS:-$(($(nproc) + 2))}" "$@"

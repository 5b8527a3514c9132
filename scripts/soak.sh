#!/bin/sh
# Tells the stories and injects the faults again and again, in an order of
# chance, for SOAK_MINUTES (30 unless told); the first failure ends it.
set -eu
cd "$(dirname "$0")/.."

scripts/build.sh release
end=$(($(date +%s) + ${SOAK_MINUTES:-30} * 60))
round=0
while [ "$(date +%s)" -lt "$end" ]; do
  round=$((round + 1))
  log=build/soak.log
  if ! ctest --preset release -L 'e2e|fault' --no-tests=error \
    --schedule-random --parallel "${JOBS:-$(nproc)}" >"$log" 2>&1; then
    cat "$log" >&2
    echo "soak: round $round failed" >&2
    exit 1
  fi
  echo "soak: round $round: $(grep -E 'tests passed' "$log")"
done

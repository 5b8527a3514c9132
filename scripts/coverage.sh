#!/bin/sh
# Which lines the tests reach: a table, and pages in build/coverage/html.
set -eu
cd "$(dirname "$0")/.."

find build/coverage -name '*.gcda' -delete 2>/dev/null || true
failed=0
scripts/test.sh coverage || failed=$?
mkdir -p build/coverage/html
gcovr --root . --filter 'src/' --object-directory build/coverage \
  --gcov-ignore-parse-errors --print-summary \
  --html-details build/coverage/html/index.html
exit "$failed"

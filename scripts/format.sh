#!/bin/sh
# Lays out every C++ file by .clang-format; --check only says which are not.
set -eu
cd "$(dirname "$0")/.."

clang_format=${CLANG_FORMAT:-clang-format-19}
if [ "${1:-}" = --check ]; then
  git ls-files -z -- '*.cc' '*.h' | xargs -0 -r "$clang_format" --dry-run -Werror
else
  git ls-files -z -- '*.cc' '*.h' | xargs -0 -r "$clang_format" -i
fi

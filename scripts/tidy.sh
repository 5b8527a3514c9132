#!/bin/bash
# clang-tidy, every finding an error: scripts/tidy.sh --all | --changed
#
# --changed looks at what differs from the merge base with main, or, on main
# itself, at the last commit: changed .cc files, and those that include a
# changed header by name. Where that can't be told, it looks at everything. After
# TIDY_SECONDS, when set, no further file is begun, and how many were left is said.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:---all}
clang_tidy=${CLANG_TIDY:-clang-tidy-19}
database=build/release/compile_commands.json
scripts/build.sh release help >/dev/null # writes the database, builds nothing

say() { echo "tidy: $*"; }

base_commit() {
  local head branch base
  head=$(git rev-parse HEAD)
  for branch in origin/main main; do
    base=$(git merge-base "$branch" HEAD 2>/dev/null) || continue
    if [ "$base" != "$head" ]; then
      echo "$base"
      return
    fi
  done
  git rev-parse --verify --quiet HEAD~ || true
}

# Prints the changed files; fails where all have to be looked at.
changed_files() {
  local base changed
  base=$(base_commit)
  [ -n "$base" ] || return 1
  changed=$(git diff --name-only --diff-filter=d "$base")
  if grep -qE '^\.clang-tidy$|^CMake|CMakeLists' <<<"$changed"; then
    return 1
  fi
  grep -E '\.cc$' <<<"$changed" || true
  local header
  for header in $(grep -E '\.h$' <<<"$changed" || true); do
    # Includes are written from src/ or tests/.
    git grep -lF "#include \"${header#*/}\"" -- '*.cc' || true
  done
}

all_files() { git ls-files -- '*.cc'; }

if [ "$mode" = --changed ] && files=$(changed_files); then
  :
else
  files=$(all_files)
fi
# Only what the release preset compiles has flags to be read with.
files=$(sort -u <<<"$files" | while read -r file; do
  if [ -n "$file" ] && grep -qF "\"$PWD/$file\"" "$database"; then
    echo "$file"
  fi
done)
if [ -z "$files" ]; then
  say "nothing to look at"
  exit 0
fi

total=$(wc -l <<<"$files")
say "looking at $total files"
found=build/tidy
rm -rf "$found"
mkdir -p "$found"
export clang_tidy found
# One file, its findings in a file of its own.
look() {
  local log=$found/${1//\//-}
  [ "$(($(date +%s) - begun))" -lt "${TIDY_SECONDS:-86400}" ] || return 0
  "$clang_tidy" -p build/release --quiet "$1" >"$log.out" 2>"$log.err" && return
  # Without a finding it failed in another way: that has to be seen as well.
  grep -qE ': (error|warning):' "$log.out" || cat "$log.err" >&2
  return 1
}
export -f look
begun=$(date +%s)
export begun
rc=0
xargs -P "${JOBS:-$(nproc)}" -I {} bash -c 'look {}' <<<"$files" || rc=1
looked=$(find "$found" -name '*.out' | wc -l)
# A finding in a header comes once for each file that includes it.
cat "$found"/*.out | grep -E ': (error|warning):' | sed "s|^$PWD/||" | sort -u >&2 || true
[ "$looked" = "$total" ] || say "$((total - looked)) files were left: out of time"
[ "$rc" != 0 ] || say "clean"
exit "$rc"

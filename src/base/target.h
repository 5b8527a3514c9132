#pragma once
// Targets: the words that name apps in every command. A word is an id, an app,
// `app/instance`, a namespace, `all`, a glob or `/regex/`; `id:3`, `app:x` and
// `ns:x` say which is meant. Pure: the same rules serve the daemon (over its
// table) and reading commands (over the catalog).

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace base {

// One instance that a target may name.
struct TargetCandidate {
  int id = 0;
  std::string app;
  std::string space;  // namespace
  int instance = 0;   // number within the app, from 0
};

// Indexes into `candidates`, ascending, each once. Every word must match
// something: Errc::NotFound names the word and the nearest known name,
// Errc::Invalid a word that could mean two things. `exclude` takes away, never
// all of it; what it names need not be selected. No words = `all`. With
// `unknown` one word that matches is enough: it gets the errors of those that
// match nothing.
Result<std::vector<size_t>> resolve_targets(
    std::span<const std::string> words, std::span<const std::string> exclude,
    std::span<const TargetCandidate> candidates,
    std::vector<Error>* unknown = nullptr);

// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, not all digits, not `all` or `lodge`.
Status check_app_name(std::string_view name);

// A valid name, if one can be made of it, by a rule that everyone knows:
// "@scope/worker" is scope-worker. A valid name stays as it is.
std::string app_name_from(std::string_view text);
// Of a snapshot of the app list: as of an app, but any word will do.
Status check_snapshot_name(std::string_view name);

// The known word with the fewest edits from `word`, if they are few enough to
// be a slip of the finger; else empty.
std::string_view nearest_word(std::string_view word,
                              std::span<const std::string> known);

}  // namespace base

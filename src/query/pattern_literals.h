#pragma once
// What of a pattern is literal: all of it, or what it can't match without.
// Pure; any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/requirement.h"

namespace query {

// The text that an expression without operators stands for: `a\.b`.
std::optional<std::string> plain_text(std::string_view pattern);
// An expression for that text.
std::string quoted(std::string_view text);
// Whether looking for its bytes, ASCII letters of either case if so, is what
// RE2 does. U+212A is a k and U+017F an s where case is ignored.
bool is_exact(std::string_view text, bool ignore_case);

// Sets of literals that an expression of RE2 requires.
std::vector<std::vector<Literal>> literals_of(std::string_view expression,
                                              bool ignore_case);

// The one that is best to look for; null: there is none.
const std::vector<Literal>* best_set(const Requirement& requirement);

}  // namespace query

#pragma once
// Text as a terminal shows it: how many cells it takes, where it can be cut,
// and how bytes that would move the cursor are made visible. Pure.

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

// Control characters as \x1b, bytes that are not UTF-8 as \xff; the rest as
// it is.
std::string printable(std::string_view text);

// Cells of printable text: combining marks take none, East Asian wide
// characters and emoji two.
size_t display_width(std::string_view text);

// At most `width` cells; what is cut ends in an ellipsis.
std::string cut_to_width(std::string_view text, size_t width);

}  // namespace cli

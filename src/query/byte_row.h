#pragma once
// Patterns that are but characters and classes in a row, each so many times:
// `[A-Z]{6}-\d+`. What they are made of tells where they can match without a
// look at the pattern itself. Pure; any thread.

#include <bitset>
#include <climits>
#include <optional>
#include <string_view>
#include <vector>

namespace query {

inline constexpr unsigned kUnlimited = UINT_MAX;

struct RowItem {
  std::bitset<256> bytes;  // ASCII, of the case that was written
  unsigned least = 1;      // how many times in a row
  unsigned most = 1;
};

// nullopt: `source`, of RE2, is more than that.
std::optional<std::vector<RowItem>> byte_row(std::string_view source);

}  // namespace query

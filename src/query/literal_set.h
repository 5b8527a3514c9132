#pragma once
// Finds whichever of a few literals stands next in a buffer, all of them in one
// pass: of each three bytes, the rarest it has in a row, are looked for by half
// bytes many places at a time, and only where they may stand it is compared
// ("Teddy", from Hyperscan; here as in Rust's aho-corasick crate, with a bucket
// for each literal). Needs AVX2 or NEON. Immutable; any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "query/literal_search.h"

namespace query {

class LiteralSet {
 public:
  static constexpr size_t kMost = 8;
  static constexpr size_t kShortest = 3;  // bytes

  // nullopt: more or shorter ones, or another processor: each is to be searched
  // for by itself.
  static std::optional<LiteralSet> make(
      const std::vector<LiteralSearch>& literals);

  // Where one of them begins at `from` or later. Of lines that is the first
  // which has one; literals have no '\n'. npos: nowhere.
  size_t find(std::string_view buffer, size_t from) const;
  static constexpr size_t npos = std::string_view::npos;
  // As LiteralSearch::find_unless().
  size_t find_unless(std::string_view buffer, size_t from, char mark,
                     bool& seen) const;

 private:
  struct One {
    LiteralSearch literal;
    size_t window;  // offset of the three bytes
  };
  using Table = std::array<uint8_t, 16>;  // buckets by half a byte

  LiteralSet() = default;
  void add(const LiteralSearch& literal);
  uint8_t buckets_at(const char* at) const;
  size_t begin_at(std::string_view buffer, size_t from, size_t at,
                  uint8_t buckets) const;
  template <bool kMarked>
  size_t find_wide(std::string_view buffer, size_t from, size_t& at,
                   char mark) const;
  size_t find_rest(std::string_view buffer, size_t from, size_t at) const;

  std::vector<One> literals_;
  std::array<Table, 3> low_{};
  std::array<Table, 3> high_{};
};

}  // namespace query

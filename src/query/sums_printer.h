#pragma once
// Tables of counts: what `--by`, `--distinct` and `--top` found. A row has its
// count first and its key last, which may have blanks; on a terminal a bar
// between them. Rows come sorted: this prints, it doesn't count.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/time_spec.h"
#include "query/output.h"

namespace query {

struct SumRow {
  std::string key;
  uint64_t count = 0;
  std::optional<base::Timestamp> first{};
  std::optional<base::Timestamp> last{};
};

struct SumStyle {
  base::Zone zone = base::Zone::Local;
  bool terminal = false;  // bars; sanitize
  bool colour = false;
  bool json = false;  // {"v":1,"key":...,"count":...,"first":...,"last":...}
  // Keys are stamps, of buckets of that length; rows show the zone's clock.
  std::optional<std::chrono::milliseconds> buckets{};
};

void print_rows(std::span<const SumRow> rows, const SumStyle& style,
                Output& output);

// `share` of `cells`, to an eighth of one, and blanks up to `cells`. Of what
// is not nothing, something is seen.
std::string make_bar(double share, size_t cells);

}  // namespace query

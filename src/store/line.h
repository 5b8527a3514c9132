#pragma once
// A line on disk: `2026-11-21T10:15:02.123456Z ` + the child's bytes + '\n'.
// The stamp is the time at which the bytes that begin the line were read from
// the child's pipe. It is never taken from the child's own bytes.

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace store {

inline constexpr size_t kPrefixSize = base::kStampSize + 1;

struct Line {
  // Absent when the bytes begin with no stamp: a foreign or damaged file.
  std::optional<base::Timestamp> time;
  std::string_view text;  // the child's bytes, without '\n'
};

// `line` without its '\n'.
Line parse_line(std::string_view line);

// Whether a file that ends in `bytes` ends within a stamp, which is being
// written or was torn: "2026-11-21T10:1".
bool is_torn_prefix(std::string_view bytes);

}  // namespace store

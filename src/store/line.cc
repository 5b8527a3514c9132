#include "store/line.h"

namespace store {

Line parse_line(std::string_view line) {
  if (line.size() < kPrefixSize || line[base::kStampSize] != ' ')
    return {std::nullopt, line};
  const auto time = base::parse_stamp(line.substr(0, base::kStampSize));
  if (!time) return {std::nullopt, line};
  return {time, line.substr(kPrefixSize)};
}

}  // namespace store

#include "store/line.h"

namespace store {

Line parse_line(std::string_view line) {
  if (line.size() < kPrefixSize || line[base::kStampSize] != ' ')
    return {std::nullopt, line};
  const auto time = base::parse_stamp(line.substr(0, base::kStampSize));
  if (!time) return {std::nullopt, line};
  return {time, line.substr(kPrefixSize)};
}

bool is_torn_prefix(std::string_view bytes) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.ddddddZ ";
  static_assert(kShape.size() == kPrefixSize);
  if (bytes.empty() || bytes.size() >= kShape.size()) return false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const bool digit = bytes[i] >= '0' && bytes[i] <= '9';
    if (kShape[i] == 'd' ? !digit : bytes[i] != kShape[i]) return false;
  }
  return true;
}

}  // namespace store

#include "store/line.h"

#include <algorithm>

namespace store {
namespace {

// '#' is any digit.
constexpr std::string_view kPrefixShape = "####-##-##T##:##:##.######Z ";
constexpr std::string_view kMemberShape =
    R"("@lodge":"####-##-##T##:##:##.######Z")";
static_assert(kPrefixShape.size() == kPrefixSize);
static_assert(kMemberShape.size() == kMemberSize);

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

// Where the `{` of a line stands, if few enough blanks are before it; the size
// of the line when it is blanks all over.
std::optional<size_t> find_brace(std::string_view line) {
  size_t at = 0;
  while (at < line.size() && is_blank(line[at])) ++at;
  if (at > kMostBlanks || (at < line.size() && line[at] != '{'))
    return std::nullopt;
  return at;
}

// Whether `bytes` are, as far as they go, of that shape.
bool fits(std::string_view bytes, std::string_view shape) {
  for (size_t i = 0; i < std::min(bytes.size(), shape.size()); ++i) {
    const bool digit = bytes[i] >= '0' && bytes[i] <= '9';
    if (shape[i] == '#' ? !digit : bytes[i] != shape[i]) return false;
  }
  return true;
}

}  // namespace

Line parse_line(std::string_view line) {
  const Line none{std::nullopt, {}, line};
  if (line.size() >= kPrefixSize && line[base::kStampSize] == ' ') {
    const auto time = base::parse_stamp(line.substr(0, base::kStampSize));
    if (time) return {time, {}, line.substr(kPrefixSize)};
  }
  const auto brace = find_brace(line);
  if (!brace || *brace == line.size()) return none;
  const auto lead = line.substr(0, *brace + 1);
  auto rest = line.substr(lead.size());
  if (rest.size() <= kMemberSize || !rest.starts_with(kMemberBegin) ||
      rest[kMemberSize - 1] != '"')
    return none;
  // The comma is ours: without one, the object is empty.
  const char after = rest[kMemberSize];
  if (after != ',' && after != '}' && !is_blank(after)) return none;
  const auto time =
      base::parse_stamp(rest.substr(kMemberBegin.size(), base::kStampSize));
  if (!time) return none;
  rest.remove_prefix(kMemberSize);
  if (after == ',') rest.remove_prefix(1);
  return {time, lead, rest};
}

bool is_torn_prefix(std::string_view bytes) {
  if (bytes.empty()) return false;
  if (bytes.size() < kPrefixSize && fits(bytes, kPrefixShape)) return true;
  const auto brace = find_brace(bytes);
  if (!brace) return false;
  if (*brace == bytes.size()) return true;
  const auto member = bytes.substr(*brace + 1);
  return member.size() <= kMemberSize && fits(member, kMemberShape);
}

std::optional<MemberPlace> find_member_place(std::string_view line) {
  const auto brace = find_brace(line);
  if (!brace || *brace == line.size()) return std::nullopt;
  size_t last = line.size() - 1;
  while (is_blank(line[last])) --last;
  if (last == *brace || line[last] != '}') return std::nullopt;
  size_t first = *brace + 1;
  while (is_blank(line[first])) ++first;
  return MemberPlace{*brace + 1, first != last};
}

std::vector<std::string> divided_forms(std::string_view text) {
  const auto brace = find_brace(text);
  if (!brace || *brace + 1 >= text.size()) return {};
  const std::string behind(text.substr(*brace + 1));
  std::vector<std::string> forms = {"Z\"," + behind};
  if (behind[0] == '}' || is_blank(behind[0])) forms.push_back("Z\"" + behind);
  return forms;
}

}  // namespace store

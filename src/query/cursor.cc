#include "query/cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <vector>

namespace query {
namespace {

template <class T>
bool read_number(std::string_view text, T& into) {
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, into);
  return error == std::errc{} && at == end;
}

// Years 0 to 9999, as stamps have them: no time that is reckoned from one
// leaves the numbers.
bool read_time(std::string_view text, base::Timestamp& into) {
  constexpr int64_t kFirst = -62'167'219'200'000'000;
  constexpr int64_t kBehind = 253'402'300'800'000'000;
  return read_number(text, into.us) && into.us >= kFirst && into.us < kBehind;
}

struct KindName {
  Kind kind;
  std::string_view name;
};
constexpr KindName kKinds[] = {
    {Kind::Out, "out"}, {Kind::Error, "error"}, {Kind::Events, "events"}};

bool read_kind(std::string_view text, Kind& into) {
  const auto at = std::ranges::find(kKinds, text, &KindName::name);
  if (at == std::end(kKinds)) return false;
  into = at->kind;
  return true;
}

}  // namespace

std::string format_cursor(const Cursor& cursor) {
  const auto kind = std::ranges::find(kKinds, cursor.kind, &KindName::kind);
  std::string text =
      fmt::format("1:{}:{}:{}:{}:{}:{}", cursor.time.us, cursor.app,
                  cursor.instance, kind->name, cursor.sequence, cursor.offset);
  if (cursor.events > cursor.time) text += fmt::format(":{}", cursor.events.us);
  return text;
}

base::Result<Cursor> parse_cursor(std::string_view text) {
  std::vector<std::string_view> parts;
  for (auto left = text;;) {
    const auto end = left.find(':');
    parts.push_back(left.substr(0, end));
    if (end == left.npos) break;
    left.remove_prefix(end + 1);
  }
  Cursor cursor;
  const bool good = (parts.size() == 7 || parts.size() == 8) &&
                    parts[0] == "1" && read_time(parts[1], cursor.time) &&
                    !parts[2].empty() &&
                    read_number(parts[3], cursor.instance) &&
                    read_kind(parts[4], cursor.kind) &&
                    read_number(parts[5], cursor.sequence) &&
                    read_number(parts[6], cursor.offset) &&
                    (parts.size() == 7 || read_time(parts[7], cursor.events));
  if (!good)
    return base::fail(base::Errc::Invalid,
                      fmt::format("'{}' is no cursor", text),
                      "as the member `cursor` of --json has it");
  cursor.app = parts[2];
  return cursor;
}

std::string format_cursors(const std::vector<Cursor>& cursors) {
  std::string text;
  for (const auto& cursor : cursors) text += format_cursor(cursor) + "\n";
  return text;
}

base::Result<std::vector<Cursor>> parse_cursors(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::vector<Cursor> cursors;
  for (;;) {
    const auto end = text.find('\n');
    auto cursor = parse_cursor(text.substr(0, end));
    if (!cursor) return base::fail(std::move(cursor.error()));
    cursors.push_back(std::move(*cursor));
    if (end == text.npos) return cursors;
    text.remove_prefix(end + 1);
  }
}

}  // namespace query

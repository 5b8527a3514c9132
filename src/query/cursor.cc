#include "query/cursor.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <vector>

namespace query {
namespace {

template <class T>
bool read_number(std::string_view text, T& into) {
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, into);
  return error == std::errc{} && at == end;
}

}  // namespace

std::string format_cursor(const Cursor& cursor) {
  return fmt::format("1:{}:{}:{}:{}:{}:{}", cursor.time.us, cursor.app,
                     cursor.instance,
                     cursor.kind == Kind::Error ? "error" : "out",
                     cursor.sequence, cursor.offset);
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
  const bool good = parts.size() == 7 && parts[0] == "1" &&
                    read_number(parts[1], cursor.time.us) &&
                    !parts[2].empty() &&
                    read_number(parts[3], cursor.instance) &&
                    (parts[4] == "out" || parts[4] == "error") &&
                    read_number(parts[5], cursor.sequence) &&
                    read_number(parts[6], cursor.offset);
  if (!good)
    return base::fail(base::Errc::Invalid,
                      fmt::format("'{}' is no cursor", text),
                      "as the member `cursor` of --json has it");
  cursor.app = parts[2];
  cursor.kind = parts[4] == "error" ? Kind::Error : Kind::Out;
  return cursor;
}

}  // namespace query

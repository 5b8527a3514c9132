#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "store/line.h"
#include "store/live_reader.h"

namespace store {
namespace {

// It may be the line before, or there is none in all of a large file.
constexpr size_t kFirstWindow = size_t{4} << 10;
constexpr size_t kMostWindow = size_t{256} << 10;

// A part of a log. The heads of lines that begin before it or at its beginning
// lie within the next one, which ends kHeadSize behind where it begins.
struct Window {
  uint64_t begin = 0;
  std::string_view bytes;
  bool is_last = true;  // lines end where it ends

  // Of the line that has the byte at `at` in its head; nullopt: it is not the
  // line's head, or is for another window to say.
  std::optional<StampedLine> line_at(size_t at) const {
    const size_t near = at - std::min(at, kHeadSize);
    const auto newline = bytes.substr(near, at - near).rfind('\n');
    if (newline == bytes.npos && (near > 0 || begin > 0)) return std::nullopt;
    const size_t from = newline == bytes.npos ? 0 : near + newline + 1;
    if (!is_last && bytes.size() - from < kHeadSize) return std::nullopt;
    auto line = bytes.substr(from);
    line = line.substr(0, std::min(line.find('\n'), line.size()));
    const auto time = parse_line(line).time;
    if (!time) return std::nullopt;
    return StampedLine{begin + from, *time};
  }
  std::optional<StampedLine> last() const {
    for (size_t end = bytes.size(); end > 0;) {
      // Every stamp ends in one, and few lines have others.
      const void* found = ::memrchr(bytes.data(), 'Z', end);
      if (found == nullptr) break;
      end = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
      if (auto line = line_at(end)) return line;
    }
    return std::nullopt;
  }
};

}  // namespace

base::Result<std::optional<StampedLine>> last_stamped(Log& log, uint64_t begin,
                                                      uint64_t end) {
  if (begin >= end) return std::nullopt;
  // With the '\n' before it.
  const uint64_t floor = begin - std::min<uint64_t>(begin, 1);
  std::string room;
  size_t most = kFirstWindow;
  for (uint64_t to = end;;) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(most, to - floor));
    const uint64_t from = to - size;
    room.resize(size);
    for (size_t have = 0; have < size;) {
      auto n = log.read_at(std::span(room).subspan(have), from + have);
      if (!n) return base::fail(std::move(n.error()));
      if (*n == 0)
        return base::fail(base::Errc::Invalid,
                          log.name() + ": cut while being read");
      have += *n;
    }
    const auto found = Window{from, room, to == end}.last();
    if (found || from == floor) return found;
    to = from + kHeadSize;
    most = std::min(most * 8, kMostWindow);
  }
}

}  // namespace store

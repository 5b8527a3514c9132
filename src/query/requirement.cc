#include "query/requirement.h"

#include <algorithm>

namespace query {
namespace {

constexpr size_t kLeastToFilter = 5;  // bytes: see ArchiveReader::filter()

// The longest part of a literal that has its bytes in any line.
std::string common_part(const Literal& literal) {
  std::string best;
  std::string part;
  for (const char c : literal.text) {
    if ((c | 0x20) == 'k' || (c | 0x20) == 's' || (c | 0x20) == 'i')
      part.clear();
    else
      part += c;
    if (part.size() > best.size()) best = part;
  }
  return best;
}

// Clears what can't hold the literal; false: nothing is known.
base::Result<bool> clear(store::ArchiveReader& archive, const Literal& literal,
                         bool through_colours, std::vector<bool>& may) {
  if (literal.text.size() < kLeastToFilter) return false;
  std::vector<bool> with = may;
  auto asked = archive.filter(literal.text, literal.ignore_case, with);
  if (!asked) return base::fail(std::move(asked.error()));
  std::vector<bool> in_part = may;
  if (literal.ascii_lines_only) {
    if (const auto part = common_part(literal); part.size() >= kLeastToFilter) {
      asked = archive.filter(part, literal.ignore_case, in_part);
      if (!asked) return base::fail(std::move(asked.error()));
    }
  }
  const auto& frames = archive.frames();
  for (size_t i = 0; i < may.size(); ++i) {
    if (literal.unless_escaped && !frames[i].unescaped) continue;
    if (through_colours && !frames[i].through_colours) continue;
    may[i] =
        literal.ascii_lines_only && !frames[i].ascii ? in_part[i] : with[i];
  }
  return true;
}

}  // namespace

void Requirement::add(const Requirement& other) {
  // Where one sees through colours, the literals of both have to be taken so.
  through_colours = is_empty() ? other.through_colours
                    : other.is_empty()
                        ? through_colours
                        : through_colours || other.through_colours;
  sets.insert(sets.end(), other.sets.begin(), other.sets.end());
}

base::Status Requirement::narrow(store::ArchiveReader& archive,
                                 std::vector<bool>& frames) const {
  for (const auto& set : sets) {
    std::vector<bool> any(frames.size(), false);
    bool known = true;
    for (const auto& literal : set) {
      std::vector<bool> may = frames;
      auto cleared = clear(archive, literal, through_colours, may);
      if (!cleared) return base::fail(std::move(cleared.error()));
      known = known && *cleared;
      if (!known) break;
      for (size_t i = 0; i < may.size(); ++i) any[i] = any[i] || may[i];
    }
    if (!known) continue;
    for (size_t i = 0; i < frames.size(); ++i) frames[i] = frames[i] && any[i];
  }
  return {};
}

}  // namespace query

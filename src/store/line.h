#pragma once
// A line on disk: `2026-11-21T10:15:02.123456Z ` + the child's bytes + '\n';
// or, where an app asks for it and the child's bytes are a JSON object, these
// bytes with `"@lodge":"2026-11-21T10:15:02.123456Z"` as first member. The
// stamp is the time at which the bytes that begin the line were read from the
// child's pipe. It is never taken from the child's own bytes: ours always comes
// first, in either form, so each line tells by itself which form it has.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace store {

inline constexpr size_t kPrefixSize = base::kStampSize + 1;

// Blanks that may stand before the `{` of an object that is stamped within.
inline constexpr size_t kMostBlanks = 32;
inline constexpr std::string_view kMemberBegin = R"("@lodge":")";
// The member, with the '"' that ends it, without a comma.
inline constexpr size_t kMemberSize =
    kMemberBegin.size() + base::kStampSize + 1;
// So many bytes of a line tell its stamp, whatever its form.
inline constexpr size_t kHeadSize = kMostBlanks + 1 + kMemberSize + 1;

struct Line {
  // Absent when the bytes begin with no stamp: a foreign or damaged file.
  std::optional<base::Timestamp> time;
  // The child's bytes, without '\n', are `lead` and then `text`: what stands
  // before a stamp within a JSON object, and what stands after a stamp.
  std::string_view lead;
  std::string_view text;
};

// `line` without its '\n', or at least its first kHeadSize bytes.
Line parse_line(std::string_view line);

// Whether a file that ends in `bytes` ends within a stamp, which is being
// written or was torn: "2026-11-21T10:1".
bool is_torn_prefix(std::string_view bytes);

// Where a stamp goes into a line that is a JSON object by its first and last
// byte that are not blank.
struct MemberPlace {
  size_t at = 0;      // right after the '{'
  bool comma = true;  // false: the object is empty
};
// nullopt for any other line, which is stamped before its first byte. `line`
// without its '\n'.
std::optional<MemberPlace> find_member_place(std::string_view line);

// A text of the child's, as `{"a"` or ` {}`, that a stamp within an object may
// have divided on disk: what then stands there from the end of the stamp on.
// One of these; none: no stamp can stand within that text.
std::vector<std::string> divided_forms(std::string_view text);

}  // namespace store

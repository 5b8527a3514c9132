#pragma once
// The last words of an instance, for those who tell why it died.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/query.h"

namespace query {

struct LastLine {
  base::Timestamp time;
  store::Stream stream = store::Stream::Out;
  std::string text;  // at most kLongestLastLine bytes of it
};
inline constexpr size_t kLongestLastLine = size_t{8} << 10;

// The last `n` lines of both streams since a moment, in stamp order. An app
// that is unknown or wrote nothing has none.
base::Result<std::vector<LastLine>> last_lines(const std::string& log_dir,
                                               const std::string& app,
                                               int instance,
                                               base::Timestamp since, size_t n);

// The last `n` lines of each stream, in stamp order, so that a talkative one
// hides nothing of the other; `until` is exclusive.
base::Result<std::vector<LastLine>> last_words(
    const std::string& log_dir, const std::string& app, int instance,
    base::Timestamp since, std::optional<base::Timestamp> until, size_t n);

}  // namespace query

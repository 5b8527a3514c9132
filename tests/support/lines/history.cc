#include "support/lines/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/fs.h"

namespace support {
namespace {

// "out.0000000042.20261121T101502Z.log" -> 42, when it begins with "out."; an
// archive too.
std::optional<uint64_t> sequence_of(std::string_view name,
                                    std::string_view head) {
  if (!name.starts_with(head)) return std::nullopt;
  if (name.ends_with(".zst")) name.remove_suffix(4);
  if (!name.ends_with(".log")) return std::nullopt;
  name.remove_prefix(head.size());
  uint64_t sequence = 0;
  const auto [end, error] =
      std::from_chars(name.data(), name.data() + name.size(), sequence);
  if (error != std::errc{} || *end != '.') return std::nullopt;
  return sequence;
}

}  // namespace

std::vector<std::string> history_of(const std::string& logs,
                                    std::string_view app, SourceStream stream,
                                    int instance) {
  const std::string suffix = instance == 0 ? "" : fmt::format("-{}", instance);
  const auto word = source_stream_name(stream);
  const std::string archive = fmt::format("{}/archive/{}", logs, app);
  const std::string head = fmt::format("{}{}.", word, suffix);
  std::vector<std::pair<uint64_t, std::string>> segments;
  if (auto names = base::fs::list_dir(archive))
    for (const auto& name : *names)
      if (const auto sequence = sequence_of(name, head))
        segments.emplace_back(*sequence, base::fs::join(archive, name));
  // An archive of what is still there as it was comes behind it by name: one
  // of the two is to be read.
  std::ranges::sort(segments);
  const auto doubles =
      std::ranges::unique(segments, {}, [](const auto& s) { return s.first; });
  segments.erase(doubles.begin(), doubles.end());
  std::vector<std::string> paths;
  for (auto& [sequence, path] : segments) paths.push_back(std::move(path));
  paths.push_back(fmt::format("{}/{}-{}{}.log", logs, app, word, suffix));
  return paths;
}

}  // namespace support

#include "daemon/oom_watch.h"

#include <charconv>

#include "base/fs.h"

namespace daemon_ {
namespace {

constexpr std::string_view kCgroups = "/sys/fs/cgroup";
constexpr size_t kMostRead = size_t{64} << 10;

// Takes the first line off.
std::string_view next_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string read_text(const std::string& path) {
  auto text = base::fs::read_file(path, kMostRead);
  return text ? std::move(*text) : std::string();
}

std::string cgroup_text(const std::string& who) {
  return read_text("/proc/" + who + "/cgroup");
}

bool is_unified() {
  static const bool unified =
      base::fs::stat(std::string(kCgroups) + "/cgroup.controllers").has_value();
  return unified;
}

}  // namespace

std::optional<uint64_t> parse_oom_kills(std::string_view text) {
  constexpr std::string_view kWord = "oom_kill ";
  while (!text.empty()) {
    const auto line = next_line(text);
    if (!line.starts_with(kWord)) continue;
    uint64_t kills = 0;
    const auto number = line.substr(kWord.size());
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), kills);
    if (error == std::errc{}) return kills;
  }
  return std::nullopt;
}

// proc(5): "hierarchy:controllers:path"; version 2 is "0::path".
std::string oom_file(std::string_view text, bool unified) {
  while (!text.empty()) {
    const auto line = next_line(text);
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    std::string path(line.substr(second + 1));
    if (path == "/") path.clear();
    if (unified && controllers.empty() && line.starts_with("0:"))
      return std::string(kCgroups) + path + "/memory.events";
    const std::string padded = "," + std::string(controllers) + ",";
    if (padded.find(",memory,") != padded.npos)
      return std::string(kCgroups) + "/memory" + path + "/memory.oom_control";
  }
  return {};
}

std::optional<uint64_t> read_system_oom_kills() {
  return parse_oom_kills(read_text("/proc/vmstat"));
}

OomMark read_oom_mark(int pid) {
  OomMark mark;
  mark.pid = pid;
  const auto text = cgroup_text(std::to_string(pid));
  const auto file = oom_file(text, is_unified());
  if (file.empty()) return mark;
  const auto kills = parse_oom_kills(read_text(file));
  if (!kills) return mark;
  mark.file = file;
  mark.kills = *kills;
  mark.own = file != oom_file(cgroup_text("self"), is_unified());
  return mark;
}

void OomWatch::saw_system(std::optional<uint64_t> kills, base::MonoTime now) {
  if (!kills) return;
  looks_.push_back({now, *kills});
  // One that is older than all that matters stays, to count from.
  while (looks_.size() > 1 && now - looks_[1].at > kAround) looks_.pop_front();
}

OomMark OomWatch::take_mark(int id, int pid) {
  const auto known = marks_.find(id);
  if (known == marks_.end() || known->second.pid != pid) return {};
  auto mark = std::move(known->second);
  marks_.erase(known);
  return mark;
}

OomCounts OomWatch::counts(std::optional<uint64_t> kills,
                           std::optional<uint64_t> in_cgroup,
                           const OomMark& mark, base::MonoTime now) const {
  OomCounts counts;
  const Look* from = nullptr;
  for (const auto& look : looks_)
    if (from == nullptr || now - look.at >= kAround) from = &look;
  if (kills && from != nullptr)
    counts.system = *kills >= from->kills ? *kills - from->kills : 0;
  if (in_cgroup && !mark.file.empty()) {
    counts.cgroup = *in_cgroup >= mark.kills ? *in_cgroup - mark.kills : 0;
    counts.own = mark.own;
  }
  return counts;
}

}  // namespace daemon_

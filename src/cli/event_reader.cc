#include "cli/event_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/fs.h"
#include "base/target.h"

namespace cli {
namespace {

namespace fs = base::fs;
using base::Errc;
using base::Result;

// Of one file at a time; older events of a longer one are left out.
constexpr uint64_t kMostBytes = uint64_t{64} << 20;

}  // namespace

EventFilter filter_for(std::vector<std::string> targets,
                       std::set<store::EventKind> kinds) {
  // Without a pattern there is nothing that could be wrong with it.
  return {.targets = std::move(targets),
          .exclude = {},
          .since = {},
          .until = {},
          .kinds = std::move(kinds),
          .generation = {},
          .text = std::move(*query::Pattern::compile({}))};
}

EventWords event_words(const store::Event& event) {
  EventWords words{store::describe_event(event), {}};
  if (!event.actor.empty()) words.what += " by " + event.actor;
  if (!event.command.empty())
    words.command = fmt::format(" ({})", event.command);
  return words;
}

// Apps may come; one that is gone keeps its place in the catalog.
base::Status EventReader::choose() {
  auto catalog = store::load_catalog(log_dir_);
  if (!catalog) return base::fail(std::move(catalog.error()));
  std::vector<std::string> targets;
  for (const auto& word : filter_.targets)
    if (word != "lodge") targets.push_back(word);
  if (filter_.targets.empty() || targets.size() < filter_.targets.size())
    files_.try_emplace(std::string(store::kDaemonEvents));
  if (targets.empty() && !filter_.targets.empty()) return {};

  std::vector<base::TargetCandidate> candidates;
  for (const auto& app : catalog->apps)
    for (const auto& instance : app.instances)
      candidates.push_back({.id = instance.id,
                            .app = app.name,
                            .space = app.space,
                            .instance = instance.number});
  // Without its apps, all is Lodge's own.
  if (filter_.targets.empty() && !filter_.exclude.empty()) {
    const auto excluded =
        base::resolve_targets(filter_.exclude, {}, candidates);
    if (excluded && excluded->size() == candidates.size()) return {};
  }
  auto chosen = base::resolve_targets(targets, filter_.exclude, candidates);
  if (!chosen) return base::fail(std::move(chosen.error()));
  for (const size_t i : *chosen) {
    const auto& candidate = candidates[i];
    instances_.emplace(candidate.app, candidate.instance);
    files_.try_emplace(catalog->find(candidate.app)->events_file);
  }
  return {};
}

// With what is in the earlier file, at first; and when that is what we were
// reading, the rest of it.
Result<std::string> EventReader::read_file(const std::string& path,
                                           File& file) {
  const auto now = fs::stat(path);
  std::string before;
  if (!now || now->st_ino != file.inode) {
    const std::string earlier = store::earlier_events(path);
    const auto info = fs::stat(earlier);
    if (info && (file.inode == 0 || info->st_ino == file.inode)) {
      auto text = read_whole_lines(earlier, file);
      if (!text) return text;
      before = std::move(*text);
    }
  }
  auto text = read_whole_lines(path, file);
  if (text && !before.empty()) text->insert(0, before);
  return text;
}

// The last one may be half written. A missing file is empty; one that was cut
// or replaced is read anew.
Result<std::string> EventReader::read_whole_lines(const std::string& path,
                                                  File& file) {
  auto fd = fs::open(path, O_RDONLY);
  if (!fd && fd.error().code == Errc::NotFound) return std::string();
  if (!fd) return base::fail(std::move(fd.error()));
  auto info = fs::fstat(fd->get(), path);
  if (!info) return base::fail(std::move(info.error()));
  const auto size = static_cast<uint64_t>(info->st_size);
  if (info->st_ino != file.inode || size < file.offset) file.offset = 0;
  file.inode = info->st_ino;
  const bool cut = size - file.offset > kMostBytes;
  if (cut) file.offset = size - kMostBytes;
  std::string text(size - file.offset, '\0');
  size_t have = 0;
  while (have < text.size()) {
    auto got = fs::pread(fd->get(), std::span(text).subspan(have),
                         file.offset + have, path);
    if (!got) return base::fail(std::move(got.error()));
    if (*got == 0) break;
    have += *got;
  }
  text.resize(text.rfind('\n', have) + 1);
  file.offset += text.size();
  if (cut) text.erase(0, text.find('\n') + 1);
  return text;
}

bool EventReader::is_wanted(const store::Event& event) const {
  if (filter_.since && event.time < *filter_.since) return false;
  if (filter_.until && event.time >= *filter_.until) return false;
  if (!filter_.kinds.empty() && !filter_.kinds.contains(event.kind))
    return false;
  if (filter_.generation && *filter_.generation > 0 &&
      event.generation != static_cast<uint64_t>(*filter_.generation))
    return false;
  // Those about a whole app are of each instance.
  if (!event.app.empty() && event.instance >= 0 &&
      !instances_.contains({event.app, event.instance}))
    return false;
  const auto words = event_words(event);
  const std::string text = words.what + words.command;
  return filter_.text.matches(text) && !filter_.text.excludes(text);
}

// The earliest events of an instance may be gone, its start among them.
void EventReader::learn_life(const store::Event& event) {
  if (event.generation == 0 || event.instance < 0) return;
  auto& lives = lives_[{event.app, event.instance}];
  if (event.kind != store::EventKind::Start && !lives.empty() &&
      lives.back().generation == event.generation)
    return;
  lives.push_back({event.generation, event.time});
}

// The number alone won't do: an app that was deleted begins anew with 1.
bool EventReader::is_of_life(const store::Event& event) const {
  const auto found = lives_.find({event.app, event.instance});
  if (found == lives_.end()) return false;
  const auto& lives = found->second;
  const auto from_end = static_cast<uint64_t>(-*filter_.generation);
  if (from_end > lives.size()) return false;
  const Life& life = lives[lives.size() - from_end];
  return event.generation == life.generation && event.time >= life.begun;
}

Result<std::vector<store::Event>> EventReader::read_new() {
  if (auto chosen = choose(); !chosen)
    return base::fail(std::move(chosen.error()));
  const bool by_life = filter_.generation && *filter_.generation < 0;
  std::vector<store::Event> events;
  for (auto& [name, file] : files_) {
    auto text = read_file(fs::join(log_dir_, name), file);
    if (!text) return base::fail(std::move(text.error()));
    std::string_view left(*text);
    while (!left.empty()) {
      const auto end = left.find('\n');
      auto event = store::parse_event(left.substr(0, end));
      if (event && by_life) learn_life(*event);
      if (event && is_wanted(*event)) events.push_back(std::move(*event));
      left.remove_prefix(end + 1);
    }
  }
  if (by_life)
    std::erase_if(events,
                  [this](const auto& event) { return !is_of_life(event); });
  std::ranges::stable_sort(events, {}, &store::Event::time);
  return events;
}

}  // namespace cli

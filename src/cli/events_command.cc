#include "cli/events_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/fs.h"
#include "base/target.h"
#include "base/time_spec.h"
#include "cli/commands.h"
#include "cli/log_place.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/text_cells.h"
#include "cli/views.h"
#include "store/catalog.h"

namespace cli {
namespace {

namespace fs = base::fs;
using base::Errc;
using base::Result;

constexpr size_t kDefaultLines = 15;
// Of one file; older events of a longer one are left out.
constexpr uint64_t kMostBytes = uint64_t{64} << 20;

// The end of a file, from the beginning of a line. A missing file is empty.
Result<std::string> read_tail(const std::string& path) {
  auto fd = fs::open(path, O_RDONLY);
  if (!fd && fd.error().code == Errc::NotFound) return std::string();
  if (!fd) return base::fail(std::move(fd.error()));
  auto info = fs::fstat(fd->get(), path);
  if (!info) return base::fail(std::move(info.error()));
  const auto size = static_cast<uint64_t>(info->st_size);
  const uint64_t begin = size > kMostBytes ? size - kMostBytes : 0;
  std::string text(size - begin, '\0');
  size_t have = 0;
  while (have < text.size()) {
    auto got =
        fs::pread(fd->get(), std::span(text).subspan(have), begin + have, path);
    if (!got) return base::fail(std::move(got.error()));
    if (*got == 0) break;
    have += *got;
  }
  text.resize(have);
  if (begin > 0) text.erase(0, text.find('\n') + 1);
  return text;
}

struct Wanted {
  std::set<std::pair<std::string, int>> instances;
  std::set<std::string> files;
};

Result<Wanted> choose(const store::Catalog& catalog,
                      const EventFilter& filter) {
  Wanted wanted;
  std::vector<std::string> targets;
  for (const auto& word : filter.targets)
    if (word == "lodge")
      wanted.files.emplace(store::kDaemonEvents);
    else
      targets.push_back(word);
  if (filter.targets.empty()) wanted.files.emplace(store::kDaemonEvents);
  if (targets.empty() && !filter.targets.empty()) return wanted;

  std::vector<base::TargetCandidate> candidates;
  for (const auto& app : catalog.apps)
    for (const auto& instance : app.instances)
      candidates.push_back({.id = instance.id,
                            .app = app.name,
                            .space = app.space,
                            .instance = instance.number});
  auto chosen = base::resolve_targets(targets, filter.exclude, candidates);
  if (!chosen) return base::fail(std::move(chosen.error()));
  for (const size_t i : *chosen) {
    const auto& candidate = candidates[i];
    wanted.instances.emplace(candidate.app, candidate.instance);
    wanted.files.insert(catalog.find(candidate.app)->events_file);
  }
  return wanted;
}

bool is_wanted(const store::Event& event, const Wanted& wanted,
               const EventFilter& filter) {
  if (filter.since && event.time < *filter.since) return false;
  if (event.app.empty() || event.instance < 0) return true;  // whole file's
  return wanted.instances.contains({event.app, event.instance});
}

std::string time_text(base::Timestamp time, bool utc) {
  const auto at =
      base::wall_time(time, utc ? base::Zone::Utc : base::Zone::Local);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", at.year,
                     at.month, at.day, at.hour, at.minute, at.second,
                     at.us / 1000);
}

std::string event_row(const store::Event& event, bool several, bool utc,
                      bool color) {
  const std::string app = event.app.empty() ? "lodge" : event.app;
  const std::string name = several && event.instance >= 0
                               ? fmt::format("{}/{}", app, event.instance)
                               : app;
  std::string row = fmt::format("{} {} · {}", time_text(event.time, utc),
                                styled(printable(name), Style::Bold, color),
                                printable(store::describe_event(event)));
  if (!event.actor.empty())
    row += fmt::format(" by {}", printable(event.actor));
  if (!event.command.empty())
    row += styled(fmt::format(" ({})", printable(event.command)), Style::Dim,
                  color);
  return row + "\n";
}

Result<std::optional<size_t>> line_limit(const Args& args) {
  const auto text = args.value("lines");
  if (!text) return std::optional(kDefaultLines);
  if (*text == "all") return std::nullopt;
  size_t value = 0;
  const auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc{} && end == text->data() + text->size()) return value;
  return base::fail(Errc::Invalid,
                    fmt::format("--lines: '{}' is not a number", *text),
                    "for example: -n 100, or -n all");
}

}  // namespace

Result<std::vector<store::Event>> read_events(const std::string& log_dir,
                                              const EventFilter& filter) {
  auto catalog = store::load_catalog(log_dir);
  if (!catalog) return base::fail(std::move(catalog.error()));
  auto wanted = choose(*catalog, filter);
  if (!wanted) return base::fail(std::move(wanted.error()));
  std::vector<store::Event> events;
  for (const auto& file : wanted->files) {
    auto text = read_tail(fs::join(log_dir, file));
    if (!text) return base::fail(std::move(text.error()));
    std::string_view left(*text);
    while (!left.empty()) {
      const auto end = std::min(left.find('\n'), left.size());
      auto event = store::parse_event(left.substr(0, end));
      if (event && is_wanted(*event, *wanted, filter))
        events.push_back(std::move(*event));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }
  std::ranges::stable_sort(events, {}, &store::Event::time);
  if (filter.last && events.size() > *filter.last)
    events.erase(events.begin(),
                 events.end() - static_cast<ptrdiff_t>(*filter.last));
  return events;
}

int run_events(const Invocation& invocation) {
  auto limit = line_limit(invocation.args);
  if (!limit) return report(invocation, limit.error(), kUsage);
  const bool utc = invocation.args.has("utc");
  EventFilter filter{.targets = invocation.args.words,
                     .exclude = invocation.args.values("exclude"),
                     .last = *limit,
                     .since = {}};
  if (const auto text = invocation.args.value("since")) {
    auto since = base::parse_time(*text, base::SystemClock().now(),
                                  utc ? base::Zone::Utc : base::Zone::Local);
    if (!since)
      return report(invocation,
                    std::move(since.error()).with_context("--since"), kUsage);
    filter.since = *since;
    if (!invocation.args.has("lines")) filter.last.reset();
  }
  const auto place = LogPlace::open(invocation.home,
                                    invocation.args.value("from").value_or(""));
  if (!place) return report(invocation, place.error(), kUsage);
  auto events = read_events(place->dir(), filter);
  if (!events) return report(invocation, events.error(), kUsage);

  std::map<std::string, int> most;  // the highest instance seen of each app
  for (const auto& event : *events)
    most[event.app] = std::max(most[event.app], event.instance);
  for (const auto& event : *events)
    say(invocation, invocation.json ? store::format_event(event) + "\n"
                                    : event_row(event, most[event.app] > 0, utc,
                                                invocation.color));
  // As for lines: nothing there is no failure, nothing found is.
  return filter.since && events->empty() ? kFailed : kDone;
}

}  // namespace cli

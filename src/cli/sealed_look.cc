#include "cli/sealed_look.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <set>
#include <thread>

#include "base/fs.h"
#include "cli/event_filter.h"
#include "query/history.h"
#include "rotate/flush.h"
#include "store/live_reader.h"

namespace cli {
namespace {

constexpr int kLooks = 4;
constexpr std::chrono::milliseconds kLookAgain{100};

using Time = std::optional<base::Timestamp>;

// What tells of sealed files.
constexpr std::array kTellsOfFiles = {
    store::EventKind::Seal, store::EventKind::Remove, store::EventKind::Flush,
    store::EventKind::Delete, store::EventKind::Lost};

base::Result<std::vector<store::Event>> events_of(
    const std::string& log_dir,
    std::span<const base::TargetCandidate> instances) {
  std::set<std::string> targets;
  for (const auto& instance : instances) targets.insert("app:" + instance.app);
  if (targets.empty()) return std::vector<store::Event>();
  return read_events(log_dir,
                     filter_for({targets.begin(), targets.end()},
                                {kTellsOfFiles.begin(), kTellsOfFiles.end()}));
}

// `events` are of before the look: what is sealed later is in no list of files
// yet.
base::Result<SealedLook> look_once(
    const std::string& log_dir, const store::Catalog& catalog,
    std::span<const base::TargetCandidate> instances,
    const std::vector<store::Event>& events) {
  auto files = rotate::plan_sealed_flush(log_dir, catalog, instances);
  if (!files) return base::fail(std::move(files.error()));
  SealedLedger ledger(log_dir, catalog);
  for (const auto& event : events) ledger.add(event);
  auto missing = ledger.missing(*files, {catalog, instances});
  return SealedLook{std::move(*files), std::move(missing)};
}

Time first_of(const std::string& path) {
  const auto log = store::open_log(path);
  if (!log) return std::nullopt;
  const auto head = store::read_head(**log, 0);
  return head ? head->stamp : std::nullopt;
}

Time last_of(const rotate::Stored& file) {
  auto segment = store::parse_segment_name(base::fs::base_name(file.path));
  if (!segment) return std::nullopt;
  segment->path = file.path;
  const auto opened = query::open_segment(*segment, {}, {});
  if (!opened || !opened->log) return std::nullopt;
  const auto last = query::last_stamp(*opened);
  return last ? *last : std::nullopt;
}

query::Gap gap_of(const MissingFiles& missing, const query::Origin& origin,
                  const std::vector<rotate::Stored>& files) {
  query::Gap gap{.app = missing.app,
                 .cause = query::Gap::Cause::Missing,
                 .kept = {},
                 .begin = {},
                 .when = {},
                 .words = missing.words()};
  const rotate::Stored* before = nullptr;
  const rotate::Stored* after = nullptr;
  for (const auto& file : files) {
    if (file.app != missing.app || file.kind != missing.kind ||
        file.instance != missing.instance)
      continue;
    if (file.sequence < missing.first) before = &file;
    if (file.sequence > missing.last && after == nullptr) after = &file;
  }
  if (before != nullptr) gap.kept = last_of(*before);
  gap.begin = first_of(after != nullptr ? after->path : origin.path);
  if (!gap.begin && after != nullptr) gap.begin = after->first;
  return gap;
}

// Whether lines of an instance are in one of these histories.
bool has_lines_of(const query::Plan& plan,
                  const base::TargetCandidate& instance) {
  return std::ranges::any_of(plan.origins, [&](const query::Origin& origin) {
    return origin.owner && origin.owner->app == instance.app &&
           (origin.instance < 0 || origin.instance == instance.instance);
  });
}

std::vector<query::Gap> missing_gaps(const std::string& log_dir,
                                     const query::Plan& plan,
                                     const std::vector<store::Event>& events) {
  const auto catalog = store::load_catalog(log_dir);
  if (!catalog) return {};  // who reads the lines says so
  auto instances = rotate::flush_candidates(*catalog);
  std::erase_if(instances, [&](const base::TargetCandidate& instance) {
    return !has_lines_of(plan, instance);
  });
  auto look = look_once(log_dir, *catalog, instances, events);
  if (look && !look->missing.empty())
    look = look_at_sealed(log_dir, *catalog, instances);
  if (!look) return {};
  std::vector<query::Gap> gaps;
  for (const auto& missing : look->missing) {
    const store::SegmentOwner owner{missing.app, missing.kind,
                                    missing.instance};
    const auto origin =
        std::ranges::find(plan.origins, owner, &query::Origin::owner);
    if (origin != plan.origins.end())
      gaps.push_back(gap_of(missing, *origin, look->files));
  }
  return gaps;
}

}  // namespace

base::Result<SealedLook> look_at_sealed(
    const std::string& log_dir, const store::Catalog& catalog,
    std::span<const base::TargetCandidate> instances) {
  for (int looks = 1;; ++looks) {
    const auto events = events_of(log_dir, instances);
    if (!events) return base::fail(events.error());
    auto look = look_once(log_dir, catalog, instances, *events);
    if (!look || look->missing.empty() || looks == kLooks) return look;
    std::this_thread::sleep_for(kLookAgain);
  }
}

std::vector<query::Gap> all_gaps(const std::string& log_dir,
                                 const query::Plan& plan, query::GapRange range,
                                 query::Problems& problems) {
  std::vector<store::Event> events;
  auto gaps = query::find_gaps(
      plan.origins, range, problems, [&](const store::Event& event) {
        if (std::ranges::find(kTellsOfFiles, event.kind) != kTellsOfFiles.end())
          events.push_back(event);
      });
  std::ranges::stable_sort(events, {}, &store::Event::time);
  std::ranges::move(query::gaps_within(missing_gaps(log_dir, plan, events),
                                       plan.origins, range.since, range.until),
                    std::back_inserter(gaps));
  return gaps;
}

}  // namespace cli

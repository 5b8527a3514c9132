// Retention explained: the plan, and for each app whose turn has not come, what
// it will lose first.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "base/units.h"
#include "rotate/dating.h"
#include "rotate/retention.h"
#include "rotate/shares.h"

namespace rotate {
namespace {

using Why = Removal::Why;
using Next = Outlook::Next;

base::Timestamp later(base::Timestamp time, std::chrono::milliseconds by) {
  const auto most = std::chrono::days(36500);
  return {time.us +
          std::min<std::chrono::milliseconds>(by, most).count() * 1000};
}

std::string when(base::Timestamp time, base::Timestamp now) {
  return "in " + base::format_duration(
                     std::chrono::milliseconds((time.us - now.us) / 1000));
}

// What a stream, oldest first, loses when time goes by or one more is sealed.
std::optional<Next> next_of_stream(std::span<const Dated> stream,
                                   const Retain& retain, const Facts& facts) {
  const auto shipped = std::ranges::find_if(stream, [&](const Dated& dated) {
    return !facts.unshipped || !facts.unshipped(dated.file);
  });
  if (shipped == stream.end()) return std::nullopt;
  const std::string_view name = store::segment_kind_name(shipped->file.kind);
  if (retain.count && stream.size() >= *retain.count)
    return Next{shipped->file, Why::Count,
                fmt::format("when one more of {} is sealed: {} are kept", name,
                            *retain.count)};
  if (const auto since = gone_since(*shipped, facts.now))
    return Next{shipped->file, Why::Age,
                fmt::format("{}: {} was deleted",
                            when(later(*since, facts.gone_age), facts.now),
                            shipped->file.app)};
  if (retain.age && shipped->has_age)
    return Next{shipped->file, Why::Age,
                fmt::format("{}: then it is {} old",
                            when(later(shipped->ended, *retain.age), facts.now),
                            base::exact_duration(*retain.age))};
  if (retain.size)
    return Next{shipped->file, Why::Size,
                fmt::format("when {} grows beyond {}", name,
                            base::exact_size(*retain.size))};
  return std::nullopt;
}

// Of what is left of one app after the plan.
std::optional<Next> next_of_app(std::span<const Dated> files,
                                const Budget& budget, const Facts& facts) {
  const Retain retain =
      facts.retain ? facts.retain(files.front().file.app) : Retain{};
  std::optional<Next> first;
  for (size_t begin = 0; begin < files.size();) {
    size_t end = begin + 1;
    const auto& head = files[begin].file;
    while (end < files.size() && files[end].file.kind == head.kind &&
           files[end].file.instance == head.instance)
      ++end;
    auto next =
        next_of_stream(files.subspan(begin, end - begin), retain, facts);
    if (next && (!first || next->why < first->why)) first = std::move(next);
    begin = end;
  }
  if (first) return first;
  const auto oldest = std::ranges::min_element(files, {}, &Dated::ended);
  return Next{oldest->file, Why::Cap,
              fmt::format("when logs reach {} and {} takes most of it",
                          base::format_size(budget.cap), oldest->file.app)};
}

void add_file(const Dated& dated, const Facts& facts, Outlook::App& app) {
  ++app.files;
  app.stored += dated.file.bytes;
  if (facts.unshipped && facts.unshipped(dated.file))
    app.unshipped += dated.file.bytes;
  if (dated.has_age && (!app.oldest || dated.file.first < *app.oldest))
    app.oldest = dated.file.first;
}

// What each could take while the others stay as they are.
void set_shares(Outlook& outlook, const Facts& facts) {
  std::vector<uint64_t> used;
  uint64_t live = 0;
  for (const auto& app : outlook.apps) {
    used.push_back(app.stored + app.live);
    live += app.live;
  }
  const uint64_t room = room_for(outlook.budget.cap, facts.live, live);
  for (size_t i = 0; i < outlook.apps.size(); ++i) {
    auto greedy = used;
    greedy[i] = UINT64_MAX;
    outlook.apps[i].share = fill_level(room, greedy);
  }
}

}  // namespace

Outlook explain_retention(std::vector<Stored> stock, const Budget& budget,
                          const Facts& facts) {
  Outlook outlook;
  outlook.budget = budget;
  outlook.free = facts.free;
  outlook.used = facts.live;
  std::map<std::string, Next> due;
  std::map<std::string, bool> goes;  // by path
  for (const auto& removal : plan_retention(stock, budget, facts)) {
    goes[removal.file.path] = true;
    due.try_emplace(removal.file.app, Next{removal.file, removal.why,
                                           removal.reason, /*now=*/true});
  }
  const auto dated = date_stock(std::move(stock), facts.now);
  for (size_t begin = 0; begin < dated.size();) {
    Outlook::App app;
    app.app = dated[begin].file.app;
    app.gone = dated[begin].file.gone;
    if (facts.live_of) app.live = facts.live_of(app.app);
    std::vector<Dated> left;
    size_t end = begin;
    for (; end < dated.size() && dated[end].file.app == app.app; ++end) {
      add_file(dated[end], facts, app);
      if (!goes.contains(dated[end].file.path)) left.push_back(dated[end]);
    }
    if (const auto now = due.find(app.app); now != due.end())
      app.next = now->second;
    else
      app.next = next_of_app(left, budget, facts);
    outlook.used += app.stored;
    outlook.apps.push_back(std::move(app));
    begin = end;
  }
  set_shares(outlook, facts);
  std::ranges::stable_sort(
      outlook.apps, std::ranges::greater{},
      [](const Outlook::App& app) { return app.stored + app.live; });
  return outlook;
}

}  // namespace rotate

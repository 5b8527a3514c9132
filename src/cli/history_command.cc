#include "cli/history_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/time_spec.h"
#include "cli/commands.h"
#include "cli/event_filter.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/text_cells.h"

namespace cli {
namespace {

using nlohmann::ordered_json;
using store::EventKind;

// An app's first start, the first after it was deleted, and every change.
class Revisions {
 public:
  bool is_one(const store::Event& event) {
    if (event.kind == EventKind::Config) return true;
    // One by one: what is left of an app that was scaled down is that app.
    if (event.kind == EventKind::Delete) there_.erase(event.instance);
    if (event.kind != EventKind::Start) return false;
    const bool first = there_.empty();
    there_.insert(event.instance);
    // What nobody asked for creates nothing: the beginning was lost.
    return first && !event.actor.empty();
  }

 private:
  std::set<int> there_;  // instances, by number
};

std::string row(const store::Event& event, int number, base::Zone zone,
                bool color) {
  std::string what = event.kind == EventKind::Config
                         ? fmt::format("{}", fmt::join(event.keys, ", "))
                         : std::string("created");
  if (!event.actor.empty()) what += " by " + event.actor;
  return fmt::format(
      "{:>3}  {}  {}{}\n", number, base::format_wall_time(event.time, zone),
      printable(what),
      event.command.empty()
          ? std::string()
          : styled(printable(" (" + event.command + ")"), Style::Dim, color));
}

std::string json_row(const store::Event& event, int number,
                     const std::string& app) {
  ordered_json json{{"v", 1},
                    {"app", app},
                    {"revision", number},
                    {"time", base::format_stamp(event.time)},
                    {"created", event.kind == EventKind::Start},
                    {"keys", event.keys},
                    {"actor", event.actor},
                    {"command", event.command}};
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace

int run_history(const Invocation& invocation) {
  auto events = read_events(
      invocation.home.logs(),
      filter_for(invocation.args.words,
                 {EventKind::Start, EventKind::Config, EventKind::Delete}));
  if (!events) return report(invocation, events.error(), kUsage);
  const auto zone =
      invocation.args.has("utc") ? base::Zone::Utc : base::Zone::Local;
  std::string text;
  int number = 0;
  Revisions revisions;
  for (const auto& event : *events) {
    if (!revisions.is_one(event)) continue;
    ++number;
    text += invocation.json
                ? json_row(event, number, invocation.args.words.front())
                : row(event, number, zone, invocation.color);
  }
  if (text.empty())
    return report(invocation,
                  {base::Errc::NotFound, 0,
                   invocation.args.words.front() + ": no revision is on record",
                   "lodge events " + invocation.args.words.front()},
                  kFailed);
  say(invocation, text);
  return kDone;
}

}  // namespace cli

#include "cli/report_facts.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/event_filter.h"
#include "cli/gap_form.h"
#include "cli/json_views.h"
#include "cli/secrets.h"
#include "cli/why.h"

namespace cli {
namespace {

using nlohmann::ordered_json;
using store::EventKind;

bool in_range(base::Timestamp time, const query::Query& range) {
  return (!range.since || time >= *range.since) &&
         (!range.until || time < *range.until);
}

void mask(store::Event& event) {
  event.command = mask_secrets(event.command);
  event.reason = mask_secrets(event.reason);
}

std::string line_of(store::Event event) {
  mask(event);
  return store::format_event(event) + "\n";
}

std::string print(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) +
         "\n";
}

ordered_json stamp_or_null(std::optional<base::Timestamp> time) {
  if (!time) return nullptr;
  return base::format_stamp(*time);
}

std::string libc_version() {
  char version[64] = "";
  const size_t size = ::confstr(_CS_GNU_LIBC_VERSION, version, sizeof version);
  return size == 0 || size > sizeof version ? "unknown" : version;
}

}  // namespace

std::string report_events(const query::Origin& origin,
                          const query::Query& range,
                          query::Problems& problems) {
  std::map<int, std::string> lives;  // by instance: that the range begins in
  std::string text;
  query::read_events({origin}, problems, [&](const store::Event& event) {
    const bool is_of =
        origin.only.empty() || event.instance < 0 ||
        std::ranges::find(origin.only, event.instance) != origin.only.end();
    if (!is_of) return;
    if (in_range(event.time, range)) {
      text += line_of(event);
      return;
    }
    const bool before = range.since && event.time < *range.since;
    if (before &&
        (event.kind == EventKind::Start || event.kind == EventKind::Adopt))
      lives[event.instance] = line_of(event);
    // These may be noted after the range that they are about.
    if (!before && (event.kind == EventKind::Flush ||
                    (event.line && in_range(*event.line, range))))
      text += line_of(event);
  });
  std::string begins;
  for (const auto& [instance, line] : lives) begins += line;
  return begins + text;
}

std::string report_describe(const control::ListReply& list,
                            const store::Catalog& catalog) {
  auto rows = list.instances;
  std::erase_if(rows, [&](const control::InstanceInfo& row) {
    return catalog.find(row.app) == nullptr;
  });
  auto json = ordered_json::parse(describe_json(rows));
  mask_secrets(json);
  return print(json);
}

std::string report_whys(const std::string& log_dir, const query::Query& range,
                        base::Timestamp now, const control::ListReply* list,
                        query::Problems& problems) {
  auto filter = filter_for(range.targets);
  filter.exclude = range.exclude;
  auto events = read_events(log_dir, filter);
  if (!events) return {};  // told where the events are put
  for (auto& event : *events) mask(event);
  std::string text;
  for (const auto& why :
       find_whys(log_dir, std::move(*events),
                 {.now = now, .until = range.until, .list = list}, problems)) {
    if (!text.empty()) text += "\n";
    text += why_text(why, now, base::Zone::Utc, false);
  }
  return text;
}

std::string report_versions(const std::string& daemon) {
  utsname name{};
  (void)::uname(&name);
  return fmt::format("lodge: {}\ndaemon: {}\nkernel: {} {} {}\nlibc: {}\n",
                     LODGE_VERSION, daemon.empty() ? "unknown" : daemon,
                     name.sysname, name.release, name.machine, libc_version());
}

std::string report_request(const query::Query& range, base::Timestamp now,
                           const std::string& line,
                           const query::Problems& problems,
                           const std::vector<query::Gap>& gaps) {
  utsname name{};
  (void)::uname(&name);
  ordered_json json;
  json["v"] = 1;
  json["command"] = mask_secrets(line);
  json["host"] = name.nodename;
  json["made"] = base::format_stamp(now);
  json["since"] = stamp_or_null(range.since);
  json["until"] = stamp_or_null(range.until);
  json["problems"] = ordered_json::array();
  for (const auto& problem : problems)
    json["problems"].push_back(problem.message);
  json["gaps"] = ordered_json::array();
  for (const auto& gap : gaps)
    if (auto object = ordered_json::parse(gap_json(gap), nullptr, false);
        !object.is_discarded())
      json["gaps"].push_back(std::move(object));
  return print(json);
}

}  // namespace cli

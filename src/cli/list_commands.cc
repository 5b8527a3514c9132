#include "cli/list_commands.h"

#include <fmt/format.h>

#include "base/units.h"
#include "cli/app_commands.h"
#include "cli/commands.h"
#include "cli/json_views.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/views.h"

namespace cli {
namespace {

std::expected<control::ListReply, int> ask_list(const Invocation& invocation) {
  auto list = ask_for<control::ListReply>(
      invocation, control::ListRequest{.selection = selection_of(invocation)});
  if (list) warn_of_skew(list->version);
  if (list) warn_of_list(invocation, *list);
  return list;
}

// Who looks at the apps hears that one's logs are about to be too short
// for him.
void warn_of_short_histories(const control::ListReply& list) {
  for (const auto& [app, age_ms] : list.short_histories)
    fmt::print(stderr,
               "lodge: list: logs of {} reach back only {}: older ones made "
               "room for newer \u00b7 lodge archive retention {}\n",
               app, base::format_duration(std::chrono::milliseconds(age_ms)),
               app);
}

}  // namespace

int run_list(const Invocation& invocation) {
  auto list = ask_list(invocation);
  if (!list) return list.error();
  say(invocation, invocation.json
                      ? list_json(list->instances)
                      : list_view(*list, terminal_width(), invocation.color));
  if (!invocation.silent) warn_of_short_histories(*list);
  return kDone;
}

int run_jlist(const Invocation& invocation) {
  auto list = ask_list(invocation);
  if (!list) return list.error();
  say(invocation, pm2_json(list->instances));
  return kDone;
}

int run_describe(const Invocation& invocation) {
  auto list = ask_list(invocation);
  if (!list) return list.error();
  if (invocation.json) {
    say(invocation, describe_json(list->instances));
    return kDone;
  }
  std::string text;
  for (const auto& row : list->instances) {
    if (!text.empty()) text += "\n";
    text += describe_view(row, invocation.color);
  }
  say(invocation, text);
  return kDone;
}

int run_pid(const Invocation& invocation) {
  auto list = ask_list(invocation);
  if (!list) return list.error();
  std::string text;
  for (const auto& row : list->instances) {
    if (row.pid <= 0) continue;
    text += invocation.json
                ? fmt::format(R"({{"v":1,"app":"{}","instance":{},"pid":{}}})",
                              row.app, row.instance, row.pid)
                : fmt::format("{}", row.pid);
    text += "\n";
  }
  if (text.empty())
    return report(invocation,
                  {base::Errc::NotFound, 0, "nothing of it runs", "lodge list"},
                  kFailed);
  say(invocation, text);
  return kDone;
}

}  // namespace cli

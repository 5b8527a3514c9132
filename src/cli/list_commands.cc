#include "cli/list_commands.h"

#include <fmt/format.h>
#include <poll.h>

#include <cstdio>

#include "base/eprint.h"
#include "base/units.h"
#include "cli/app_commands.h"
#include "cli/commands.h"
#include "cli/json_views.h"
#include "cli/leaving.h"
#include "cli/list_order.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/views.h"

namespace cli {
namespace {

std::expected<control::ListReply, int> ask_list(const Invocation& invocation,
                                                bool brief,
                                                bool table = false) {
  auto list = ask_for<control::ListReply>(
      invocation, control::ListRequest{.selection = selection_of(invocation),
                                       .brief = brief,
                                       .table = table});
  if (list) warn_of_skew(list->version);
  if (list) warn_of_list(invocation, *list);
  return list;
}

// Who looks at the apps hears that one's logs are about to be too short
// for him.
void warn_of_short_histories(const control::ListReply& list) {
  for (const auto& [app, age_ms] : list.short_histories)
    base::eprint(
        "lodge: list: logs of {} reach back only {}: older ones made "
        "room for newer \u00b7 lodge archive retention {}\n",
        app, base::format_duration(std::chrono::milliseconds(age_ms)), app);
}

// An exit code when there is no such order.
int sort(const Invocation& invocation, control::ListReply& list) {
  const auto order = invocation.args.value("sort");
  if (!order) return kDone;
  auto sorted = sort_rows(list.instances, *order);
  return sorted ? kDone : report(invocation, sorted.error(), kUsage);
}

std::string list_text(const Invocation& invocation, control::ListReply& list) {
  if (!invocation.json)
    return list_view(list, terminal_width(), invocation.color);
  for (auto& row : list.instances) mask_row(row);
  return list_json(list.instances);
}

// Once a second, on a screen of its own when there is a terminal.
int watch(const Invocation& invocation) {
  leave_quietly_on_signals();
  const bool screen = terminal_width() > 0;
  for (;;) {
    auto list = ask_list(invocation, true, !invocation.json);
    if (!list) return list.error();
    if (const int exit = sort(invocation, *list)) return exit;
    const auto text = list_text(invocation, *list);
    if (screen) std::fputs("\x1b[H\x1b[2J", stdout);
    std::fwrite(text.data(), 1, text.size(), stdout);
    // Whoever read us is gone.
    if (std::fflush(stdout) != 0) return kDone;
    ::poll(nullptr, 0, 1000);
  }
}

}  // namespace

int run_list(const Invocation& invocation) {
  if (invocation.args.has("watch")) return watch(invocation);
  auto list = ask_list(invocation, true, !invocation.json);
  if (!list) return list.error();
  if (const int exit = sort(invocation, *list)) return exit;
  say(invocation, list_text(invocation, *list));
  if (!invocation.silent) warn_of_short_histories(*list);
  return kDone;
}

int run_jlist(const Invocation& invocation) {
  auto list = ask_list(invocation, false);
  if (!list) return list.error();
  for (auto& row : list->instances) mask_row(row);
  const bool pretty = invocation.command.name == "prettylist";
  say(invocation, pm2_json(list->instances, pretty));
  return kDone;
}

int run_pid(const Invocation& invocation) {
  auto list = ask_list(invocation, true);
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

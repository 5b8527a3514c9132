#include "cli/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/secrets.h"
#include "cli/table.h"
#include "cli/text_cells.h"
#include "control/client.h"

namespace cli {
namespace {

using State = Finding::State;

void add(Findings& all, Findings more) {
  std::ranges::move(more, std::back_inserter(all));
}

// What the daemon knows; without one, what is on disk says the rest.
int ask_daemon(const base::Home& home, const std::string& line, Findings& all) {
  auto reply = control::ask(home, control::PingRequest{}, {.command = line});
  if (!reply) {
    all.push_back(reply.error().code == base::Errc::Unavailable
                      ? look_for_keeper(home)
                      : Finding{State::Bad, "daemon", reply.error().message,
                                "its diary: " + home.diary()});
    return 0;
  }
  const auto* pong = std::get_if<control::PingReply>(&*reply);
  if (pong == nullptr) return 0;
  add(all, look_at_daemon(*pong));
  auto list =
      control::ask(home, control::ListRequest{.selection = {}, .brief = true},
                   {.command = line});
  if (list)
    if (const auto* told = std::get_if<control::ListReply>(&*list);
        told != nullptr && told->disk_full)
      all.push_back({State::Bad, "disk", "DISK FULL: a log has no room",
                     "lodge list shows whose; lodge archive prune"});
  return pong->daemon_pid;
}

Style style_of(State state) {
  if (state == State::Ok) return Style::Green;
  return state == State::Bad ? Style::Red : Style::Yellow;
}

}  // namespace

Findings look_at_all(const base::Home& home, const std::string& line) {
  Findings all = look_at_home(home);
  add(all, look_at_disk(home));
  const int daemon = ask_daemon(home, line, all);
  const auto apps = listed_apps(home, all);
  size_t instances = 0;
  if (apps)
    for (const auto& app : *apps)
      instances += static_cast<size_t>(std::max(app.instances, 0));
  add(all, look_at_limits(instances, daemon));
  add(all, look_at_system(home));
  if (apps) add(all, look_at_apps(*apps));
  add(all, look_at_settings(home));
  return all;
}

std::string findings_text(const Findings& findings, bool color) {
  std::string text;
  size_t bad = 0;
  for (const auto& finding : findings) {
    if (finding.state == State::Bad) ++bad;
    text += fmt::format(
        "{}{}  {:<12} {}\n",
        styled(state_name(finding.state), style_of(finding.state), color),
        std::string(4 - state_name(finding.state).size(), ' '), finding.check,
        printable(mask_secrets(finding.says)));
    if (!finding.mend.empty())
      text += fmt::format("{:19}mend: {}\n", "", printable(finding.mend));
  }
  return text + (bad == 0 ? "nothing is wrong\n"
                          : fmt::format("{} thing{} to mend\n", bad,
                                        bad == 1 ? "" : "s"));
}

std::string findings_json(const Findings& findings) {
  std::string text;
  for (const auto& finding : findings) {
    const nlohmann::ordered_json json{{"v", 1},
                                      {"check", finding.check},
                                      {"state", state_name(finding.state)},
                                      {"says", mask_secrets(finding.says)},
                                      {"mend", finding.mend}};
    text += json.dump(-1, ' ', false,
                      nlohmann::ordered_json::error_handler_t::replace) +
            "\n";
  }
  return text;
}

}  // namespace cli

#include "cli/daemon_commands.h"

#include <fmt/format.h>

#include "base/eprint.h"
#include "base/units.h"
#include "cli/boot_service.h"
#include "cli/commands.h"
#include "cli/daemon_end.h"
#include "cli/json_views.h"
#include "cli/report.h"
#include "cli/text_cells.h"

namespace cli {
int run_ping(const Invocation& invocation) {
  auto pong = ask_for<control::PingReply>(invocation, control::PingRequest{});
  if (!pong) return pong.error();
  if (invocation.json) {
    say(invocation, ping_json(*pong));
    return kDone;
  }
  say(invocation,
      fmt::format(
          "[lodge] daemon {} (pid {}) is up for {}{}{}\n", pong->version,
          pong->daemon_pid,
          base::format_duration(std::chrono::milliseconds(pong->uptime_ms)),
          pong->keeper_pid == 0
              ? ", degraded: its keeper is gone"
              : fmt::format(", keeper pid {}{}", pong->keeper_pid,
                            pong->degraded
                                ? ", degraded: the one before was killed"
                                : ""),
          pong->safe ? ", safe mode: it only captures" : ""));
  warn_of_skew(pong->version);
  if (!pong->update_error.empty())
    base::eprint("lodge: the last update went back: {}\n",
                 printable(pong->update_error));
  return kDone;
}

int run_kill(const Invocation& invocation) {
  ask_for_time_to_stop(invocation.home);
  const DaemonEnd end(invocation.home);
  auto reply =
      control::ask(invocation.home, control::KillRequest{},
                   {.command = invocation.line}, {.while_alive = true});
  const bool agreed =
      reply && std::holds_alternative<control::DoneReply>(*reply);
  const bool broke = !reply && (reply.error().code == base::Errc::Io ||
                                reply.error().code == base::Errc::Unavailable);
  const bool ended = end.expected() && (agreed || broke) && end.wait();
  // When another kill was quicker, what was asked for is done all the same.
  if (!agreed && !(broke && ended)) {
    auto done = expect_reply<control::DoneReply>(invocation, std::move(reply));
    return done ? kFailed : done.error();
  }
  if (end.expected() && !ended)
    return report(invocation,
                  {base::Errc::Timeout, 0,
                   "every app stopped, but lodge itself has not ended",
                   "its diary: " + invocation.home.diary()},
                  kFailed);
  say(invocation, invocation.json
                      ? R"({"v":1,"action":"killed"})"
                        "\n"
                      : "[lodge] every app stopped, the daemon ended\n");
  return kDone;
}

int run_version(const Invocation& invocation) {
  say(invocation, invocation.json ? fmt::format(R"({{"v":1,"version":"{}"}})"
                                                "\n",
                                                LODGE_VERSION)
                                  : fmt::format("{}\n", LODGE_VERSION));
  return kDone;
}

}  // namespace cli

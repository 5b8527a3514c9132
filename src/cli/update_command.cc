#include "cli/update_command.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <set>
#include <thread>

#include "base/fs.h"
#include "cli/report.h"

namespace cli {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

// Three daemons that hang, and three of the program before.
constexpr milliseconds kPatience{75'000};
constexpr milliseconds kPoll{20};

bool has_ended(const base::Error& error) {
  return error.code == base::Errc::Io || error.code == base::Errc::Unavailable;
}

// The daemon that answers in the place of `before`.
std::optional<control::PingReply> wait_for_next(
    const Invocation& invocation, const control::PingReply& before) {
  const auto deadline = Steady::now() + kPatience;
  while (Steady::now() < deadline) {
    auto reply = control::ask(invocation.home, control::PingRequest{}, {});
    if (reply)
      if (const auto* pong = std::get_if<control::PingReply>(&*reply))
        if (pong->daemon_pid != before.daemon_pid) return *pong;
    std::this_thread::sleep_for(kPoll);
  }
  return std::nullopt;
}

int failed(const Invocation& invocation, std::string why, std::string hint) {
  return report(invocation,
                {base::Errc::Io, 0, std::move(why), std::move(hint)}, kFailed);
}

int refused(const Invocation& invocation, const control::ErrorReply& error,
            const std::string& goes_on) {
  return failed(invocation, error.message,
                error.hint.empty() ? goes_on : goes_on + "; " + error.hint);
}

size_t apps_running(const Invocation& invocation) {
  std::set<std::string> apps;
  auto reply = control::ask(invocation.home, control::ListRequest{}, {});
  if (reply)
    if (const auto* list = std::get_if<control::ListReply>(&*reply))
      for (const auto& row : list->instances)
        if (row.pid > 0) apps.insert(row.app);
  return apps.size();
}

}  // namespace

int run_update(const Invocation& invocation) {
  auto before = ask_for<control::PingReply>(invocation, control::PingRequest{});
  if (!before) return before.error();
  auto path = base::fs::read_link("/proc/self/exe");
  if (!path) return report(invocation, path.error(), kFailed);
  const auto goes_on =
      fmt::format("daemon {} (pid {}) goes on{}", before->version,
                  before->daemon_pid, before->safe ? " in safe mode" : "");
  auto reply = control::ask(
      invocation.home, control::UpdateRequest{.path = std::move(*path)},
      {.command = invocation.line}, {.while_alive = true});
  if (reply)
    if (const auto* error = std::get_if<control::ErrorReply>(&*reply))
      return refused(invocation, *error, goes_on);
  if (!reply && !has_ended(reply.error()))
    return report(invocation, reply.error(), kFailed);
  const auto after = wait_for_next(invocation, *before);
  if (!after)
    return failed(invocation, "no daemon answers since",
                  "its diary: " + invocation.home.diary());
  if (after->updates <= before->updates)
    return failed(invocation, "the daemon ended before it could be replaced",
                  "another one runs; again: lodge update");
  if (after->safe)
    return failed(invocation, after->update_error,
                  "the old one does not come up either: safe mode, it only "
                  "captures; its diary: " +
                      invocation.home.diary());
  if (!after->update_error.empty())
    return failed(invocation, after->update_error,
                  fmt::format("daemon {} (pid {}) goes on in its place",
                              after->version, after->daemon_pid));
  const size_t apps = apps_running(invocation);
  say(invocation,
      invocation.json
          ? fmt::format(
                R"({{"v":1,"action":"updated","from":"{}","to":"{}","apps":{}}})"
                "\n",
                before->version, after->version, apps)
          : fmt::format("[lodge] updated {} -> {}, {} app{} running on\n",
                        before->version, after->version, apps,
                        apps == 1 ? "" : "s"));
  return kDone;
}

}  // namespace cli

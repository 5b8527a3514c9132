#include "cli/boot_service.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/fs.h"
#include "base/service_manager.h"
#include "base/units.h"
#include "control/client.h"

namespace cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kManagerPatience{5'000};
constexpr milliseconds kToEnd{30'000};  // for ourselves, after the apps

// "/system.slice/lodge-deploy.service"; empty where it can't be told.
std::string cgroup_of(const std::string& process) {
  const auto text = base::fs::read_file("/proc/" + process + "/cgroup");
  if (!text) return {};
  constexpr std::string_view kUnified = "0::";
  const auto at = text->starts_with(kUnified) ? 0 : text->find("\n0::");
  if (at == text->npos) return {};
  const auto begin = text->find("::", at) + 2;
  return text->substr(begin, text->find('\n', begin) - begin);
}

bool is_outside(int keeper) {
  const auto ours = cgroup_of("self");
  const auto theirs = cgroup_of(std::to_string(keeper));
  if (ours.empty() || theirs.empty()) return false;
  // It may have a group of its own within the unit's.
  return theirs != ours && !theirs.starts_with(ours == "/" ? ours : ours + "/");
}

base::Result<control::PingReply> ping(const base::Home& home) {
  auto reply = control::ask(home, control::PingRequest{}, {});
  if (!reply) return base::fail(std::move(reply.error()));
  if (auto* pong = std::get_if<control::PingReply>(&*reply))
    return std::move(*pong);
  return base::fail(base::Errc::Invalid, "the daemon does not say who it is");
}

}  // namespace

BootService::BootService(bool by_unit) {
  ::unsetenv(base::kManagerSocketVariable);
  const char* socket = std::getenv("NOTIFY_SOCKET");
  if (socket == nullptr || *socket == '\0') return;
  if (by_unit) {
    socket_ = socket;
    ::setenv(base::kManagerSocketVariable, socket, 1);
  }
  ::unsetenv("NOTIFY_SOCKET");
}

base::Status BootService::ready(
    const base::Home& home,
    const std::vector<control::Outcome>& outcomes) const {
  if (socket_.empty()) return {};
  auto pong = ping(home);
  if (!pong) return base::fail(std::move(pong.error()));
  if (::geteuid() != 0 && is_outside(pong->keeper_pid))
    return base::fail(base::Errc::Denied,
                      fmt::format("a daemon (pid {}) runs outside of this unit",
                                  pong->daemon_pid),
                      "end it, then start the unit: lodge kill");
  const auto failed =
      std::ranges::count(outcomes, true, &control::Outcome::failed);
  auto told = base::tell_manager(
      socket_,
      fmt::format("READY=1\nMAINPID={}\nSTATUS={} instances came "
                  "back, {} failed",
                  pong->keeper_pid, std::ssize(outcomes) - failed, failed));
  if (!told) return told;
  // Words of a process that is gone count for nothing.
  return base::wait_for_manager(socket_, kManagerPatience);
}

void ask_for_time_to_stop(const base::Home& home) {
  const char* socket = std::getenv("NOTIFY_SOCKET");
  if (socket == nullptr) return;
  const auto reply = control::ask(home, control::ListRequest{}, {});
  if (!reply) return;
  const auto* list = std::get_if<control::ListReply>(&*reply);
  if (list == nullptr) return;
  milliseconds longest{0};
  for (const auto& row : list->instances)
    for (const auto& setting : row.settings)
      if (setting.key == "kill_timeout")
        if (const auto time = base::parse_duration(setting.value))
          longest = std::max(longest, *time);
  const auto time =
      std::chrono::duration_cast<std::chrono::microseconds>(longest + kToEnd);
  (void)base::tell_manager(socket,
                           fmt::format("EXTEND_TIMEOUT_USEC={}", time.count()));
}

}  // namespace cli

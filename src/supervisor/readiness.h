#pragma once
// What an app has to show before it counts as ready, and what it says of
// itself by sd_notify. Pure.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "config/app_spec.h"

namespace supervisor {

// The strictest that is configured.
enum class ReadyBy {
  Uptime,  // it has lived min_uptime
  Word,    // READY=1, or node's process.send("ready")
  Health,  // its check has passed
};
ReadyBy ready_by(const config::AppSpec& spec);

// How long it may take; for Word and Health.
std::chrono::milliseconds ready_limit(const config::AppSpec& spec);

// Why it failed when that is over. `last_check`: of the last check, if any.
std::string not_ready_words(const config::AppSpec& spec,
                            std::string_view last_check);

// One datagram of sd_notify(3). What we have no use for is passed over.
struct Notice {
  bool ready = false;
  bool stopping = false;
  std::optional<std::string> status;  // UTF-8, at most kMostOfStatus bytes
  int main_pid = 0;                   // 0 = not told
  bool operator==(const Notice&) const = default;
};
inline constexpr size_t kMostOfStatus = 200;
Notice parse_notice(std::string_view datagram);

}  // namespace supervisor

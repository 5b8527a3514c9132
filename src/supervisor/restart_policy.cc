#include "supervisor/restart_policy.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/units.h"

namespace supervisor {
namespace {

using std::chrono::milliseconds;

// `first` as the app's settings have it: then the first restart waits too.
milliseconds backoff(std::optional<milliseconds> first, int attempts,
                     double chance) {
  const bool ours = !first;
  if (ours ? attempts == 0 : first->count() == 0) return milliseconds{0};
  const milliseconds from = first.value_or(kBackoffFirst);
  const double growth =
      std::pow(1.5, std::min(ours ? attempts - 1 : attempts, 60));
  const double jitter = 0.9 + 0.2 * chance;
  const double delay = static_cast<double>(from.count()) * growth * jitter;
  const auto cap = static_cast<double>(std::max(kBackoffCap, from).count());
  return milliseconds(static_cast<int64_t>(std::min(delay, cap)));
}

}  // namespace

Decision decide(const config::AppSpec& spec, const RestartHistory& history,
                const Ending& ending, double chance) {
  Decision decision;
  decision.history = history;
  const bool exited = ending.started && ending.known && ending.signal == 0 &&
                      ending.unfit.empty();
  const bool wanted_end =
      exited && std::ranges::count(spec.stop_exit_codes, ending.code) > 0;
  if (wanted_end || (!spec.autorestart && exited && ending.code == 0)) {
    decision.verdict = Verdict::StayDown;
    decision.history = {};
    return decision;
  }
  if (!spec.autorestart) {
    decision.verdict = Verdict::Failed;
    decision.reason = describe_ending(ending) + "; autorestart is off";
    return decision;
  }
  auto& next = decision.history;
  const bool unstable =
      !ending.started || !ending.came_up || ending.uptime < spec.min_uptime;
  if (ending.came_up && ending.uptime >= kForgetAfter) next.attempts = 0;
  if (!unstable) next.unstable = 0;
  if (unstable && next.unstable >= spec.max_restarts) {
    decision.verdict = Verdict::GiveUp;
    decision.delay = spec.keep.errored_retry.value_or(milliseconds{0});
    decision.reason = fmt::format("{}; {} unstable restarts in a row",
                                  describe_ending(ending), next.unstable);
    return decision;
  }
  if (unstable) ++next.unstable;
  decision.delay = spec.restart_delay +
                   backoff(spec.keep.exp_backoff, next.attempts, chance);
  ++next.attempts;
  decision.verdict =
      decision.delay.count() == 0 ? Verdict::Retry : Verdict::RetryLater;
  return decision;
}

std::string describe_ending(const Ending& ending) {
  if (!ending.started) return "could not be started";
  if (!ending.unfit.empty()) return ending.unfit;
  std::string words;
  if (!ending.known) {
    words = "ended, nobody knows how,";
  } else if (ending.signal != 0) {
    const char* name = ::sigabbrev_np(ending.signal);
    words = name != nullptr ? fmt::format("killed by SIG{}", name)
                            : fmt::format("killed by signal {}", ending.signal);
  } else {
    words = fmt::format("exited with code {}", ending.code);
  }
  return words + " after " + base::format_duration(ending.uptime);
}

}  // namespace supervisor

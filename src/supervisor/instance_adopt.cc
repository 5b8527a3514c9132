#include <algorithm>
#include <chrono>

#include "supervisor/instance.h"

// An instance whose process another daemon has started.
namespace supervisor {
namespace {

using std::chrono::milliseconds;

// For what an app said while there was no daemon to hear it.
constexpr milliseconds kGraceAfterAdoption{2000};

}  // namespace

void Instance::adopt(Life life, int pid, base::UniqueFd pidfd) {
  life_ = std::move(life);
  pid_ = pid;
  pidfd_ = std::move(pidfd);
  process_over_ = false;
  const auto by = ready_by(spec_);
  state_ =
      life_.ready && by != ReadyBy::Uptime ? State::Online : State::Starting;
  why_launch_ = "crash";
  tell({.kind = Happening::Kind::Adopted});
  if (!wanted_) return apply(Event::Stop);
  if (!life_.unfit.empty()) return fail(life_.unfit);
  // What it said while there was no daemon is still to be read.
  if (state_ == State::Starting)
    return begin_readying(
        std::max(ready_limit(spec_) - uptime(), kGraceAfterAdoption),
        time_to_stable());
  stable_timer_.start(time_to_stable());
  if (by == ReadyBy::Health) watch_health(true);
}

void Instance::adopt_ended(Life life, const ExitNews& news) {
  life_ = std::move(life);
  process_over_ = true;
  why_launch_ = "crash";
  last_ending_ = ending_of(news, life_.launched);
  has_ended_ = true;
  if (!wanted_ && life_.accounted) return;
  // Not wanted, and its end untold: the last daemon died in mid-stop, and what
  // the process left behind is still to be swept.
  state_ = wanted_ ? State::Online : State::Stopping;
  judge(last_ending_);
}

void Instance::adopt_unspawned(Life life) {
  life_ = std::move(life);
  process_over_ = false;
  state_ = State::Launching;
  why_launch_ = "start";
  if (!wanted_) apply(Event::Stop);
}

}  // namespace supervisor

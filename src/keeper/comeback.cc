#include "keeper/comeback.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

namespace keeper {
namespace {

using std::chrono::milliseconds;

// A daemon that dies within kShortLife is started again with growing delays.
constexpr milliseconds kShortLife{1000};
constexpr milliseconds kFirstDelay{50};
constexpr milliseconds kLongestDelay{2000};
constexpr milliseconds kKilledDelay{10};

constexpr int kTries = 3;
// Before the last try there is time for what may pass by itself, but not more
// than the apps' pipes hold.
constexpr milliseconds kLastTryDelay{500};
constexpr milliseconds kComeUp{10'000};

}  // namespace

void Comeback::started(Steady::time_point now) {
  started_ = now;
  serving_ = false;
}

void Comeback::served() {
  serving_ = true;
  soon_ = false;
  failures_ = 0;
}

Comeback::End Comeback::end_of(int wait_status, bool by_us) {
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
    return End::InOrder;
  const bool killed =
      WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
  return killed && !by_us ? End::Killed : End::Failed;
}

Comeback::Next Comeback::ended(Steady::time_point now, bool has_program_before,
                               End how) {
  if (safe_ && how == End::InOrder) {
    safe_ = false;
    failures_ = kTries - 1;
    soon_ = true;  // pipes fill while it hangs
    delay_ = milliseconds{0};
    return Next::Again;
  }
  if (how == End::Killed) {
    // Soon again, whoever goes on killing: lines wait in pipes meanwhile.
    delay_ = now - started_ >= kShortLife ? milliseconds{0} : kKilledDelay;
    return Next::Again;
  }
  const bool lived = now - started_ >= kShortLife;
  delay_ = lived                       ? milliseconds{0}
           : delay_ == milliseconds{0} ? kFirstDelay
                                       : std::min(delay_ * 2, kLongestDelay);
  if (serving_) failures_ = 0;
  if (serving_ || safe_) return Next::Again;
  if (++failures_ == kTries - 1) delay_ = std::max(delay_, kLastTryDelay);
  if (failures_ < kTries) return Next::Again;
  failures_ = 0;
  delay_ = milliseconds{0};
  if (has_program_before) return Next::ProgramBefore;
  safe_ = true;
  return Next::SafeMode;
}

Steady::time_point Comeback::deadline() const {
  const bool open_end = serving_ || !soon_;
  return open_end ? Steady::time_point::max() : started_ + kComeUp;
}

}  // namespace keeper

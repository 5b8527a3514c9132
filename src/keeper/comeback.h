#pragma once
// When a daemon that ended is started again, and as what. One that ends before
// it serves has not come up; after three of those in a row another way is
// taken: the program before this one, then safe mode. From there a whole daemon
// is tried now and then: what was wrong may have passed. Pure: time is handed
// in.

#include <chrono>

namespace keeper {

using Steady = std::chrono::steady_clock;

class Comeback {
 public:
  // How long one in safe mode serves until it gives way.
  static constexpr std::chrono::seconds kSafeStay{60};

  // After an upgrade: one that does not come to serve in time is to be ended.
  void expect_soon() { soon_ = true; }

  void started(Steady::time_point now);
  void served();  // it takes requests
  enum class Next { Again, ProgramBefore, SafeMode };
  enum class End {
    Failed,
    Killed,  // by SIGKILL, which is nobody's failure but the killer's
    // And unasked. One in safe mode gives way so to a whole daemon, which has
    // one try; of any other it is a failure.
    InOrder,
  };
  // What a wait status says. `by_us`: we sent SIGKILL, for what it did not do.
  static End end_of(int wait_status, bool by_us);
  Next ended(Steady::time_point now, bool has_program_before,
             End how = End::Failed);

  bool serving() const { return serving_; }
  bool safe() const { return safe_; }
  Steady::time_point due(Steady::time_point ended) const {
    return ended + delay_;
  }
  // When one that is still to serve is out of time; max() = never.
  Steady::time_point deadline() const;

 private:
  Steady::time_point started_;
  std::chrono::milliseconds delay_{0};
  int failures_ = 0;  // in a row
  bool serving_ = false;
  bool soon_ = false;
  bool safe_ = false;
};

}  // namespace keeper

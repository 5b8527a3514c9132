#pragma once
// What trials share: line sources as apps of a home, somebody who kills what
// reads them at times that nobody chose, and the check of all they wrote. The
// times come from a seed, which is said when a test fails and can be given
// again as E2E_SEED; what the machine does between them can't.

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/lines/checker.h"
#include "support/test_home.h"

namespace support {

// How often a trial is made: E2E_ROUNDS, else `small`.
int rounds(int small);
// E2E_SEED, else any.
uint32_t wanted_seed();

class Chaos {
 public:
  explicit Chaos(const TestHome& home);

  // The first command in the home: keeper and daemon have `env`, and whatever
  // daemon follows. Tried again while the daemon dies of it.
  void begin(const RunOptions& options) const;

  // A line source named `name`, as TestHome::start_source.
  void start(const std::string& name, std::vector<std::string> source_flags,
             std::vector<std::string> app_flags = {});
  // One whose app is somebody else's business: only its truth is taken.
  void watch(const std::string& name) { names_.push_back(name); }

  uint64_t handed(const std::string& name) const;  // lines; both streams
  bool finished(const std::string& name) const;    // every run so far
  bool all_finished() const;
  // Waits until `name` was read again: it hands over more than a pipe holds,
  // or is finished.
  bool goes_on(const std::string& name, uint64_t lines = 1000) const;

  // Lets a random time go by, uniform between the two.
  void pause(Millis least, Millis most);
  int random_below(int most);

  // SIGKILL for a daemon that is there, or will be within 20 s.
  void kill_daemon() const;
  // Times a daemon ended unasked, as the keeper's diary counts them.
  size_t crashes() const;
  // Runs until a daemon answers and the command succeeds; false after a minute.
  // Three daemons in a row that were killed before they served leave one that
  // only captures: it is taken away, with its keeper.
  bool insist(std::vector<std::string> args) const;

  // Stops every app and holds all files to the truths. `heads_may_be_gone`:
  // lines were flushed; those that are left follow each other.
  struct Wanted {
    bool heads_may_be_gone = false;
    bool merged = false;  // all in the file of the first instance
    int instances = 1;    // of each
    uint64_t runs = 1;    // of each; 0 = any
  };
  Report stop_and_check(const Wanted& wanted) const;
  Report stop_and_check() const { return stop_and_check(Wanted{}); }

  std::string words() const;  // the seed, for INFO

 private:
  void leave_safe_mode() const;

  const TestHome& home_;
  uint32_t seed_;
  std::mt19937 random_;
  std::vector<std::string> names_;
};

}  // namespace support

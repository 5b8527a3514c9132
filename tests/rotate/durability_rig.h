#pragma once
// Proof of steps on disk. A story prepares a log directory and does something
// to it. It is killed at its k-th call that may change the disk, or that call
// fails; then recovery runs, is killed at its j-th call, and runs again. Then
// the directory must be as it was before or as it should be after. For all k
// and j, until there is no such call; and for each kill, for all that a power
// cut at that moment may leave.
//
// The process that plays must not have asked for failpoints yet, as its
// children are forked, not executed: so each test runs in a process of its own.

#include <functional>
#include <string>

#include "store/catalog.h"

namespace rotate_test {

struct DurabilityStory {
  std::function<void(const std::string& dir)> prepare;
  // False: it failed.
  std::function<bool(const std::string& dir)> act;
  // What is wrong once recovery is through; empty: nothing.
  std::function<std::string(const std::string& dir)> judge;
  // ... and once it was done again, to its end.
  std::function<std::string(const std::string& dir)> judge_end;
  // A story of recovery: there `act` is what a kill interrupts, and it is not
  // asked for before `judge`.
  bool is_recovery = false;
};

// Apps `api` and `web`; unstamped is the output of `web`.
store::Catalog rig_catalog();
// "api out.0000000001 <text>\n" and so on: of all that is sealed, in order.
// Archives are unpacked. Unstamped: with its times.
std::string sealed_text(const std::string& dir);
// Temporaries, and segments beside their archives.
std::string untidy(const std::string& dir);

// Plays the story for all k and j; fails the test that calls it.
void prove_durable(const DurabilityStory& story);

}  // namespace rotate_test

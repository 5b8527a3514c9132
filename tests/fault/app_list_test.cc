// The daemon killed, or refused by the disk, at every call by which it keeps
// the list of apps and the catalog: the next daemon has the list from before or
// from after, whole.

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>

#include "support/test_home.h"

namespace support {
namespace {

// SIGKILL for all there is, the keeper first, which would start a new daemon.
void kill_everything(const TestHome& home) {
  // Stopped first: either would start the other anew when it sees it die.
  for (const auto& daemon : home.daemons()) ::kill(daemon.pid, SIGSTOP);
  for (const auto& keeper : home.keepers()) ::kill(keeper.pid, SIGSTOP);
  REQUIRE(wait_until([&] {
    const auto left = home.processes();
    for (const auto& process : left) ::kill(process.pid, SIGKILL);
    return left.empty();
  }));
}

size_t count_lines_with(const std::string& text, const std::string& word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != text.npos;
       at = text.find(word, at + 1)) {
    ++count;
    at = std::min(text.find('\n', at), text.size() - 1);
  }
  return count;
}

struct Outcome {
  bool reached = false;   // the k-th call was made
  bool answered = false;  // the command claimed success
};

// Runs `args` with the k-th call on files whose path has `file` in it hit by
// `action`, in whatever process makes it.
Outcome run_with_fault(const TestHome& home, std::vector<std::string> args,
                       const std::string& file, const std::string& action,
                       size_t k) {
  const std::string trace = home.work().file("trace" + std::to_string(k));
  RunOptions options;
  options.env.emplace_back(
      "LODGE_FAILPOINTS",
      "*~" + file + "=" + action + "@" + std::to_string(k) + ";trace=" + trace);
  Child command = home.background(std::move(args), options);
  Outcome outcome;
  wait_until(
      [&] {
        outcome.reached = count_lines_with(slurp(trace), file) >= k;
        return (outcome.reached && action == "kill") ||
               !is_running(command.pid());
      },
      20s);
  if (is_running(command.pid()) && action == "kill") kill_everything(home);
  outcome.answered = command.wait(20s).exit == 0;
  // The daemon may be at its calls still when the command has given up.
  wait_until(
      [&] {
        outcome.reached = count_lines_with(slurp(trace), file) >= k;
        return outcome.reached;
      },
      1s);
  return outcome;
}

// A home with `old` online and `rest` stopped, and nothing running.
void make_home(const TestHome& home) {
  home.start("old", "echo old; exec sleep 1000");
  home.start("rest", "exec sleep 1000");
  home.must({"stop", "rest"});
  kill_everything(home);
}

void check_list(const TestHome& home, const Outcome& outcome) {
  home.start("after", "exec sleep 1000");
  CHECK(home.reaches("old", "online"));
  CHECK(home.app("rest").status == "stopped");
  const bool has_new = home.app("new").id >= 0;
  if (outcome.answered) CHECK(has_new);
  CHECK(home.list().size() == (has_new ? 4u : 3u));
  CHECK(home.must({"logs", "old", "--raw", "-n", "all"})
            .out.starts_with("old\n"));
}

}  // namespace

TEST_CASE("killed at every call that keeps the list, the list is whole") {
  for (const std::string file : {"apps.json", "catalog.json"}) {
    size_t reached = 0;
    for (size_t k = 1; k < 60; ++k) {
      CAPTURE(file);
      CAPTURE(k);
      const TestHome home;
      make_home(home);
      const Outcome outcome = run_with_fault(
          home,
          {"start", "exec sleep 1000", "--name", "new", "--min-uptime", "50ms"},
          file, "kill", k);
      kill_everything(home);
      check_list(home, outcome);
      if (!outcome.reached) break;
      ++reached;
    }
    MESSAGE(file, ": killed at each of ", reached, " calls");
    CHECK(reached >= 6);
    CHECK(reached < 59);
  }
}

TEST_CASE("a disk that refuses a call: told, and the daemon lives on") {
  for (const std::string file : {"apps.json", "catalog.json"}) {
    size_t reached = 0;
    // The calls before are those by which a daemon reads its list.
    for (size_t k = 1; k < 60; ++k) {
      CAPTURE(file);
      CAPTURE(k);
      const TestHome home;
      make_home(home);
      const Outcome outcome = run_with_fault(
          home,
          {"start", "exec sleep 1000", "--name", "new", "--min-uptime", "50ms"},
          file, "ENOSPC", k);
      // Whatever it answered, it does not hang and the list is whole.
      kill_everything(home);
      check_list(home, outcome);
      if (!outcome.reached) break;
      ++reached;
    }
    CHECK(reached >= 6);
    CHECK(reached < 59);
  }
}

}  // namespace support

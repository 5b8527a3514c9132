#pragma once
// Programs under test. None may hang a test: each has a deadline, after which
// its whole process group is killed and the test fails.

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/wait.h"

namespace support {

struct RunOptions {
  // Added to this process's environment (less its LODGE_ variables).
  std::vector<std::pair<std::string, std::string>> env{};
  std::string cwd{};    // empty = ours
  std::string input{};  // what stdin holds before its end
  std::optional<mode_t> umask{};
  Millis deadline = 30s;
};

struct Ran {
  int exit = -1;   // exit code; -1 when a signal ended it
  int signal = 0;  // that ended it
  bool in_time = true;
  // It ended, but left behind a process that holds its stdout or stderr: a
  // shell's $(...) around it would hang.
  bool output_held = false;
  std::string out;
  std::string err;
  Millis wall{};
};

// A program in the background; killed with its group when it goes.
class Child {
 public:
  explicit Child(std::vector<std::string> argv, const RunOptions& options = {});
  ~Child();
  Child(Child&&) noexcept;
  Child& operator=(Child&&) noexcept;

  pid_t pid() const;
  void signal(int number) const;
  std::string out() const;  // so far
  std::string err() const;
  // Waits for the end and all of the output; after `deadline` kills its group,
  // and says so in Ran::in_time.
  Ran wait(Millis deadline = 30s);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Runs to the end. Fails the test when it is not in time or leaves its output
// held.
Ran run(std::vector<std::string> argv, const RunOptions& options = {});

// The words as a person would type them, for messages.
std::string command_line(const std::vector<std::string>& argv);

}  // namespace support

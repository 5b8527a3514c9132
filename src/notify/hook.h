#pragma once
// One hook under way: a program of its own, given its message on stdin and a
// time limit, its output capped. A webhook is a program too: ours, that posts
// (post.h); so nothing that a hook does, or takes its time for, is done here.
// Lives on the loop's thread.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "notify/message.h"

namespace notify {

struct HookResult {
  bool ok = false;
  int code = -1;      // exit code; -1: it has none
  std::string words;  // "exit code 3: cannot open socket", "204 in 31 ms"
  std::string output;
  std::chrono::milliseconds took{0};
};

// What is run, and as whom.
struct HookProgram {
  std::vector<std::string> argv;
  std::vector<std::string> env;  // "KEY=value"
  std::string cwd;
  bool switch_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// `own_env`: the environment of who runs the hook; of it, hooks that are not an
// app's own get what a program needs to run and no more.
base::Result<HookProgram> plan_hook(const Rule& rule, const Message& message,
                                    const std::vector<std::string>& own_env);

class Hook {
 public:
  static constexpr std::chrono::milliseconds kLimit{10'000};
  static constexpr size_t kMostOutput = size_t{4} << 10;

  // Begins it; `done` comes once, later, and may destroy the hook.
  Hook(base::EventLoop& loop, const HookProgram& program,
       const std::string& message, std::chrono::milliseconds limit,
       std::function<void(HookResult)> done);
  ~Hook();  // kills it
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;

 private:
  base::Status begin(const HookProgram& program, const std::string& message);
  void on_output();
  void on_exit();
  void on_limit();
  void finish(HookResult result);
  void end();

  base::EventLoop& loop_;
  base::SystemClock clock_;
  const base::MonoTime began_ = clock_.mono();
  const std::chrono::milliseconds limit_;
  std::function<void(HookResult)> done_;
  pid_t pid_ = 0;
  std::string output_;
  bool over_limit_ = false;
  base::UniqueFd pidfd_;
  base::UniqueFd pipe_;
  std::unique_ptr<base::FdWatch> exit_watch_;
  std::unique_ptr<base::FdWatch> output_watch_;
  base::Timer timer_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace notify

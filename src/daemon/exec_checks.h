#pragma once
// Health checks that are commands: forked on a worker, so that the loop does
// not wait for it, in a session of their own, with a limit of time and of what
// is kept of their output. Children of the daemon; should it be killed, they
// end by themselves or with their app, whose tag they bear. Lives on the
// control loop.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "base/worker_pool.h"
#include "keeper/program.h"

namespace daemon_ {

class ExecChecks {
 public:
  using Done = std::function<void(base::Status)>;

  explicit ExecChecks(base::EventLoop& loop) : loop_(loop) {}
  ~ExecChecks();

  // `done` comes once, later; ok = it exited with 0.
  uint64_t begin(keeper::Program program, std::chrono::milliseconds timeout,
                 Done done);
  // Its processes are killed; `done` is not called any more.
  void cancel(uint64_t number);

 private:
  struct Job {
    Done done;
    std::chrono::milliseconds timeout{0};
    int pid = 0;  // 0 = not forked yet
    bool late = false;
    bool cancelled = false;
    std::string output;  // the beginning of it
    base::UniqueFd pidfd, read_end, outcome;
    std::unique_ptr<base::FdWatch> exit_watch, output_watch;
    std::unique_ptr<base::Timer> limit;
  };
  // What comes back from the worker.
  struct Forked {
    int pid = 0;
    base::UniqueFd pidfd, outcome;
    base::Error error;
  };

  void on_forked(uint64_t number, Forked forked);
  void on_output(uint64_t number);
  void on_late(uint64_t number);
  void on_exit(uint64_t number);
  void finish(uint64_t number, base::Status status);
  static std::string last_line(std::string_view output);

  base::EventLoop& loop_;
  uint64_t next_ = 1;
  std::map<uint64_t, Job> jobs_;
  base::WorkerPool workers_{2};  // last: it ends before what it works for
};

}  // namespace daemon_

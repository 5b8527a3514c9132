#pragma once
// Keeps the helper of `notify` (notify/notifier.h) running for as long as there
// is a rule, and starts another when it dies. It ends when we do: it reads a
// pipe that we hold. Lives on the control loop.

#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/home.h"
#include "base/unique_fd.h"

namespace daemon_ {

class NotifierProcess {
 public:
  // `wanted`: whether there is a rule; asked once a second.
  NotifierProcess(base::EventLoop& loop, const base::Home& home,
                  std::function<bool()> wanted);
  ~NotifierProcess();

  void begin();
  int pid() const { return pid_; }  // 0: there is none

 private:
  void look();
  void start();
  void on_exit();

  base::EventLoop& loop_;
  const base::Home& home_;
  std::function<bool()> wanted_;
  int pid_ = 0;
  base::UniqueFd pidfd_;
  base::UniqueFd alive_;  // the end of the pipe that it waits for
  std::unique_ptr<base::FdWatch> watch_;
  base::Timer timer_;
};

}  // namespace daemon_

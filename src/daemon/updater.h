#pragma once
// `lodge update`: has the program looked at, and what is to outlive this
// process written; then the keeper becomes that program, and this daemon is
// killed. Lives on the control loop.

#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/home.h"
#include "base/worker_pool.h"
#include "control/message.h"
#include "keeper/link.h"

namespace daemon_ {

class Updater {
 public:
  using OnReply = std::function<void(control::Reply)>;
  using OnStatus = std::function<void(base::Status)>;

  // `when_written` calls back when all that was to be written is on disk.
  Updater(base::EventLoop& loop, keeper::Link& link, const base::Home& home,
          std::function<void(OnStatus)> when_written);

  // `reply` is called when it is refused; else this process ends.
  void begin(const std::string& path, OnReply reply);
  // The keeper could not.
  void failed(const std::string& why);

 private:
  void probed(const std::string& path,
              const base::Result<std::string>& version);
  void refuse(const base::Error& error);

  base::EventLoop& loop_;
  keeper::Link& link_;
  const base::Home& home_;
  const std::function<void(OnStatus)> when_written_;
  OnReply reply_;                             // of the one that is under way
  std::unique_ptr<base::WorkerPool> worker_;  // while one is
};

}  // namespace daemon_

#pragma once
// The hooks that are under way or wait for it. However slow they are, no more
// than some wait; what is too much is dropped, and counted. Lives on the loop's
// thread.

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "notify/hook.h"

namespace notify {

class HookQueue {
 public:
  static constexpr size_t kMostRunning = 4;
  static constexpr size_t kMostWaiting = 64;

  using OnDone =
      std::function<void(const Rule&, const Message&, const HookResult&)>;
  HookQueue(base::EventLoop& loop, std::vector<std::string> own_env,
            std::chrono::milliseconds limit, OnDone done)
      : loop_(loop),
        own_env_(std::move(own_env)),
        limit_(limit),
        done_(std::move(done)) {}

  // False: too many wait; it is dropped.
  bool add(Rule rule, Message message);
  bool idle() const { return running_.empty() && waiting_.empty(); }

 private:
  struct Job {
    Rule rule;
    Message message;
    std::unique_ptr<Hook> hook;
  };
  void begin_more();
  bool runs(const std::string& rule) const;

  base::EventLoop& loop_;
  const std::vector<std::string> own_env_;
  const std::chrono::milliseconds limit_;
  OnDone done_;
  std::list<Job> running_;
  std::deque<Job> waiting_;
};

}  // namespace notify

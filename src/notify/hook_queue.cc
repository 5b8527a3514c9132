#include "notify/hook_queue.h"

#include <algorithm>

namespace notify {

bool HookQueue::add(Rule rule, Message message) {
  if (waiting_.size() >= kMostWaiting) return false;
  waiting_.push_back({std::move(rule), std::move(message), nullptr});
  begin_more();
  return true;
}

bool HookQueue::runs(const std::string& rule) const {
  return std::ranges::any_of(
      running_, [&](const Job& job) { return job.rule.name == rule; });
}

// Of each rule one at a time: a hook that hangs takes nobody else's place.
void HookQueue::begin_more() {
  for (auto job = waiting_.begin();
       job != waiting_.end() && running_.size() < kMostRunning;) {
    if (runs(job->rule.name)) {
      ++job;
      continue;
    }
    running_.push_back(std::move(*job));
    job = waiting_.erase(job);
    const auto at = std::prev(running_.end());
    const auto ended = [this, at](HookResult result) {
      const Job done = std::move(*at);
      running_.erase(at);
      done_(done.rule, done.message, result);
      begin_more();
    };
    auto program = plan_hook(at->rule, at->message, own_env_);
    if (!program) {
      loop_.post([ended, why = program.error().message] {
        HookResult result;
        result.words = why;
        ended(std::move(result));
      });
      continue;
    }
    at->hook = std::make_unique<Hook>(
        loop_, *program, print_message(at->rule, at->message), limit_, ended);
  }
}

}  // namespace notify

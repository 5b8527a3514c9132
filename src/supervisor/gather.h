#pragma once
// Part of supervisor.cc and its like: how one command is answered.

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "supervisor/supervisor.h"

namespace supervisor {

// Collects the outcomes of several instances and hands them over when the last
// has come. Kept alive by the callbacks it gives out.
class Supervisor::Gather : public std::enable_shared_from_this<Gather> {
 public:
  Gather(base::EventLoop& loop, OnOutcomes done)
      : loop_(loop), done_(std::move(done)) {}

  // One more to wait for.
  std::function<void(Settled)> expect(const Instance& instance, const App& app,
                                      std::string action) {
    const size_t index = outcomes_.size();
    add(instance, app, std::move(action));
    ++open_;
    return [self = shared_from_this(), index, &instance](Settled settled) {
      auto& outcome = self->outcomes_[index];
      // A failed start may already be in its next life: keep the old number.
      if (!settled.failed) outcome.life = instance.life();
      outcome.settled = std::move(settled);
      self->close();
    };
  }

  // One that needs no waiting.
  void add(const Instance& instance, const App& app, std::string action) {
    outcomes_.push_back({instance.life(),
                         static_cast<int>(app.instances.size()),
                         std::move(action),
                         {}});
  }

  void absorb(Outcomes more) {
    std::ranges::move(more, std::back_inserter(outcomes_));
  }

  void begin() { ++open_; }
  void close() {
    if (--open_ > 0) return;
    loop_.post([self = shared_from_this()] {
      if (self->done_) self->done_(std::move(self->outcomes_));
    });
  }

 private:
  base::EventLoop& loop_;
  OnOutcomes done_;
  Outcomes outcomes_;
  int open_ = 0;
};

}  // namespace supervisor

#pragma once
// A piece of work that several threads may begin and one does, whichever comes
// first; another may wait until it is done. What is done for it is seen by who
// waited. Any thread. For threads without an event loop to post to: a command
// that searches waits for one thing after the other, in the order it prints.

#include <atomic>
#include <cstdint>

namespace base {

class Claim {
 public:
  // True for one caller only, who then does the work and says so.
  bool take() {
    auto expected = State::Free;
    return state_.compare_exchange_strong(expected, State::Taken);
  }
  void finish() {
    state_ = State::Done;
    state_.notify_all();
  }
  bool is_free() const { return state_ == State::Free; }
  bool is_done() const { return state_ == State::Done; }
  // Until finish(), by whoever took it: not while it is free.
  void wait() const { state_.wait(State::Taken); }

 private:
  enum class State : uint8_t { Free, Taken, Done };
  std::atomic<State> state_ = State::Free;
};

}  // namespace base

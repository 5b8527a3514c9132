#pragma once
// Waiting for a condition instead of for a time: a test is as fast as what it
// tests, and slow machines don't break it.

#include <chrono>
#include <thread>

namespace support {

using namespace std::chrono_literals;
using Millis = std::chrono::milliseconds;

// True as soon as `condition` is, false after `deadline`, which only keeps a
// hang from lasting.
template <class Condition>
bool wait_until(Condition condition, Millis deadline = 30s) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  auto pause = 1ms;
  for (;;) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() >= end) return condition();
    std::this_thread::sleep_for(pause);
    if (pause < 20ms) pause *= 2;
  }
}

}  // namespace support

#include "supervisor/restart_policy.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using config::AppSpec;
using supervisor::decide;
using supervisor::Ending;
using supervisor::RestartHistory;
using supervisor::Verdict;

namespace {

Ending exited(int code, std::chrono::milliseconds uptime) {
  return {.started = true, .code = code, .signal = 0, .uptime = uptime};
}

constexpr double kNoJitter = 0.5;

}  // namespace

TEST_CASE("the first restart comes at once, whatever ended the process") {
  for (const auto& ending :
       {exited(1, 5s), exited(0, 5s), exited(1, 0ms),
        Ending{.started = true, .code = 0, .signal = 9, .uptime = 5s}}) {
    const auto decision = decide({}, {}, ending, kNoJitter);
    CHECK(decision.verdict == Verdict::Retry);
    CHECK(decision.delay == 0ms);
    CHECK(decision.history.attempts == 1);
  }
}

TEST_CASE("delays grow by half from 100 ms to a cap of 30 s") {
  AppSpec spec;
  spec.max_restarts = 1000;
  RestartHistory history;
  std::chrono::milliseconds last{0};
  for (int i = 0; i < 40; ++i) {
    const auto decision = decide(spec, history, exited(1, 10ms), kNoJitter);
    if (i == 1) CHECK(decision.delay == 100ms);
    if (i == 2) CHECK(decision.delay == 150ms);
    if (i > 0 && last < 30s) CHECK(decision.delay > last);
    CHECK(decision.delay <= 30s);
    last = decision.delay;
    history = decision.history;
  }
  CHECK(last == 30s);
}

TEST_CASE(
    "even the worst jitter leaves each delay longer than the one before") {
  AppSpec spec;
  spec.max_restarts = 1000;
  RestartHistory history{.attempts = 1, .unstable = 1};
  for (int i = 0; i < 12; ++i) {
    const auto longest = decide(spec, history, exited(1, 0ms), 0.999999);
    const auto next = decide(spec, longest.history, exited(1, 0ms), 0.0);
    CHECK(next.delay > longest.delay);
    history = longest.history;
  }
}

TEST_CASE("restart_delay comes on top of the backoff") {
  AppSpec spec;
  spec.restart_delay = 2s;
  CHECK(decide(spec, {}, exited(1, 5s), kNoJitter).delay == 2s);
  CHECK(decide(spec, {.attempts = 1, .unstable = 0}, exited(1, 5s), kNoJitter)
            .delay == 2100ms);
}

TEST_CASE("a life of 30 s forgets earlier failures, one of 29 s does not") {
  const RestartHistory history{.attempts = 9, .unstable = 0};
  CHECK(decide({}, history, exited(1, 30s), kNoJitter).delay == 0ms);
  CHECK(decide({}, history, exited(1, 29s), kNoJitter).delay > 1s);
}

TEST_CASE("max_restarts counts restarts: three allow three, then it gives up") {
  AppSpec spec;
  spec.max_restarts = 3;
  RestartHistory history;
  for (int i = 0; i < 3; ++i) {
    const auto decision = decide(spec, history, exited(1, 10ms), kNoJitter);
    REQUIRE(decision.verdict != Verdict::GiveUp);
    history = decision.history;
  }
  const auto last = decide(spec, history, exited(7, 10ms), kNoJitter);
  CHECK(last.verdict == Verdict::GiveUp);
  CHECK(last.delay == 5min);
  CHECK(last.reason ==
        "exited with code 7 after 0.0s; 3 unstable restarts in a row");
}

TEST_CASE("a life of min_uptime starts the count of unstable ones anew") {
  AppSpec spec;
  spec.max_restarts = 3;
  const RestartHistory history{.attempts = 3, .unstable = 3};
  CHECK(decide(spec, history, exited(1, 1000ms), kNoJitter).verdict ==
        Verdict::RetryLater);
  CHECK(decide(spec, history, exited(1, 999ms), kNoJitter).verdict ==
        Verdict::GiveUp);
}

TEST_CASE("what can't be started counts as unstable") {
  AppSpec spec;
  spec.max_restarts = 0;
  const auto decision =
      decide(spec, {}, {.started = false, .uptime = 0ms}, kNoJitter);
  CHECK(decision.verdict == Verdict::GiveUp);
}

TEST_CASE("without autorestart an end with 0 is stopped, another is errored") {
  AppSpec spec;
  spec.autorestart = false;
  CHECK(decide(spec, {}, exited(0, 5s), 0).verdict == Verdict::StayDown);
  CHECK(decide(spec, {}, exited(2, 5s), 0).verdict == Verdict::Failed);
  CHECK(decide(spec, {}, {.signal = 15, .uptime = 5s}, 0).verdict ==
        Verdict::Failed);
}

TEST_CASE("stop_exit_codes end the app, but only as exit codes") {
  AppSpec spec;
  spec.stop_exit_codes = {0, 9};
  CHECK(decide(spec, {}, exited(9, 5s), 0).verdict == Verdict::StayDown);
  CHECK(decide(spec, {}, exited(1, 5s), 0).verdict == Verdict::Retry);
  // A signal has no exit code, though its number is 9 and its code field 0.
  CHECK(decide(spec, {}, {.code = 0, .signal = 9, .uptime = 5s}, 0).verdict ==
        Verdict::Retry);
}

TEST_CASE("one that never was ready is unstable however long it took") {
  AppSpec spec;
  spec.max_restarts = 2;
  RestartHistory history;
  Ending ending = exited(0, 60s);
  ending.came_up = false;
  ending.unfit = "was not ready within 60s";
  for (int i = 0; i < 2; ++i) {
    const auto decision = decide(spec, history, ending, kNoJitter);
    CHECK(decision.history.unstable == i + 1);
    // Nor does its length forgive the tries before.
    CHECK(decision.history.attempts == i + 1);
    history = decision.history;
  }
  const auto last = decide(spec, history, ending, kNoJitter);
  CHECK(last.verdict == Verdict::GiveUp);
  CHECK(last.reason.starts_with("was not ready within 60s"));
}

TEST_CASE("how it ended when it was ended as unfit is no wish of its own") {
  AppSpec spec;
  spec.stop_exit_codes = {0};
  Ending ending = exited(0, 5s);
  ending.unfit = "was not healthy any more: answered 500";
  CHECK(decide(spec, {}, ending, kNoJitter).verdict == Verdict::Retry);
  spec.autorestart = false;
  const auto failed = decide(spec, {}, ending, kNoJitter);
  CHECK(failed.verdict == Verdict::Failed);
  CHECK(failed.reason.find("answered 500") != std::string::npos);
}

TEST_CASE("an errored app is tried again when its settings say, or never") {
  AppSpec spec;
  spec.max_restarts = 0;
  spec.keep.errored_retry = 30s;
  CHECK(decide(spec, {}, exited(1, 0ms), kNoJitter).delay == 30s);
  spec.keep.errored_retry.reset();
  const auto decision = decide(spec, {}, exited(1, 0ms), kNoJitter);
  CHECK(decision.verdict == Verdict::GiveUp);
  CHECK(decision.delay == 0ms);
}

TEST_CASE("exp_backoff_restart_delay 0: no restart backs off") {
  AppSpec spec;
  spec.max_restarts = 3;
  spec.keep.exp_backoff = 0ms;
  RestartHistory history;
  for (int i = 0; i < 1000; ++i) {
    const auto decision = decide(spec, history, exited(1, 5s), kNoJitter);
    CHECK(decision.verdict == Verdict::Retry);
    history = decision.history;
  }
  // What never comes up is given up all the same.
  for (int i = 0; i < 3; ++i)
    history = decide(spec, history, exited(1, 1ms), kNoJitter).history;
  CHECK(decide(spec, history, exited(1, 1ms), kNoJitter).verdict ==
        Verdict::GiveUp);
}

TEST_CASE("exp_backoff_restart_delay is the first delay, and grows by half") {
  AppSpec spec;
  spec.max_restarts = 1000;
  spec.keep.exp_backoff = 200ms;
  RestartHistory history;
  for (const auto expected : {200ms, 300ms, 450ms}) {
    const auto decision = decide(spec, history, exited(1, 5s), kNoJitter);
    CHECK(decision.verdict == Verdict::RetryLater);
    CHECK(decision.delay == expected);
    history = decision.history;
  }
  history.attempts = 100;
  CHECK(decide(spec, history, exited(1, 5s), kNoJitter).delay == 30s);
  spec.keep.exp_backoff = 60s;
  CHECK(decide(spec, history, exited(1, 5s), kNoJitter).delay == 60s);
}

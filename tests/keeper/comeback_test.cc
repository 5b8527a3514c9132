#include "keeper/comeback.h"

#include <doctest/doctest.h>
#include <signal.h>

using keeper::Comeback;
using End = keeper::Comeback::End;
using Next = keeper::Comeback::Next;
using namespace std::chrono_literals;

namespace {

// One that ends `after` its start, without having served.
Next fail(Comeback& comeback, keeper::Steady::time_point& now, bool before,
          std::chrono::milliseconds after = 10ms) {
  comeback.started(now);
  now += after;
  const Next next = comeback.ended(now, before);
  now = comeback.due(now);
  return next;
}

}  // namespace

TEST_CASE("after three that did not come up, the program before; then safe") {
  Comeback comeback;
  keeper::Steady::time_point now;
  CHECK(fail(comeback, now, true) == Next::Again);
  CHECK(fail(comeback, now, true) == Next::Again);
  CHECK(fail(comeback, now, true) == Next::ProgramBefore);
  CHECK_FALSE(comeback.safe());
  // That one is none, or not to be had.
  CHECK(fail(comeback, now, false) == Next::Again);
  CHECK(fail(comeback, now, false) == Next::Again);
  CHECK(fail(comeback, now, false) == Next::SafeMode);
  CHECK(comeback.safe());
}

TEST_CASE("whom somebody kills is started again at once, however often") {
  Comeback comeback;
  keeper::Steady::time_point now;
  for (int i = 0; i < 20; ++i) {
    comeback.started(now);
    now += 5ms;
    CHECK(comeback.ended(now, false, End::Killed) == Next::Again);
    CHECK(comeback.due(now) <= now + 10ms);
    now = comeback.due(now);
  }
  CHECK_FALSE(comeback.safe());
}

TEST_CASE("however slowly they fail, it is three") {
  Comeback comeback;
  keeper::Steady::time_point now;
  CHECK(fail(comeback, now, false, 1h) == Next::Again);
  CHECK(fail(comeback, now, false, 1h) == Next::Again);
  CHECK(fail(comeback, now, false, 1h) == Next::SafeMode);
}

TEST_CASE("one that served clears the count, however short its life") {
  Comeback comeback;
  keeper::Steady::time_point now;
  for (int i = 0; i < 20; ++i) {
    CHECK(fail(comeback, now, false) == Next::Again);
    CHECK(fail(comeback, now, false) == Next::Again);
    comeback.started(now);
    comeback.served();
    CHECK(comeback.ended(now + 1ms, false) == Next::Again);
  }
}

TEST_CASE("in safe mode it stays, tried again ever more slowly") {
  Comeback comeback;
  keeper::Steady::time_point now;
  for (int i = 0; i < 3; ++i) fail(comeback, now, false);
  REQUIRE(comeback.safe());
  for (int i = 0; i < 20; ++i) CHECK(fail(comeback, now, false) == Next::Again);
  CHECK(comeback.due(now) - now >= 1s);
  comeback.started(now);
  comeback.served();
  CHECK(comeback.safe());
}

TEST_CASE("one in safe mode that gives way is followed by one try, no more") {
  Comeback comeback;
  keeper::Steady::time_point now;
  for (int i = 0; i < 3; ++i) fail(comeback, now, false);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(comeback.safe());
    comeback.started(now);
    comeback.served();
    now += Comeback::kSafeStay;
    CHECK(comeback.ended(now, false, End::InOrder) == Next::Again);
    CHECK(comeback.due(now) == now);
    CHECK_FALSE(comeback.safe());
    comeback.started(now);
    CHECK(comeback.deadline() < now + 1min);  // pipes fill meanwhile
    CHECK(fail(comeback, now, false) == Next::SafeMode);
  }
}

TEST_CASE("a try from safe mode that comes to serve is a daemon like any") {
  Comeback comeback;
  keeper::Steady::time_point now;
  for (int i = 0; i < 3; ++i) fail(comeback, now, false);
  comeback.started(now);
  comeback.served();
  CHECK(comeback.ended(now, false, End::InOrder) == Next::Again);
  comeback.started(now);
  comeback.served();
  CHECK(comeback.deadline() == keeper::Steady::time_point::max());
  CHECK(comeback.ended(now, false) == Next::Again);
  // It has three tries again.
  CHECK(fail(comeback, now, false) == Next::Again);
  CHECK(fail(comeback, now, false) == Next::Again);
  CHECK_FALSE(comeback.safe());
  CHECK(fail(comeback, now, false) == Next::SafeMode);
}

TEST_CASE("a wait status says how it ended, we know who killed it") {
  const int in_order = 0;
  const int code_1 = 1 << 8;
  CHECK(Comeback::end_of(in_order, false) == End::InOrder);
  CHECK(Comeback::end_of(code_1, false) == End::Failed);
  CHECK(Comeback::end_of(SIGSEGV, false) == End::Failed);
  CHECK(Comeback::end_of(SIGKILL, false) == End::Killed);
  CHECK(Comeback::end_of(SIGKILL, true) == End::Failed);
}

TEST_CASE("a whole daemon that ends in order and unasked has failed") {
  Comeback comeback;
  const keeper::Steady::time_point now;
  for (int i = 0; i < 2; ++i) {
    comeback.started(now);
    CHECK(comeback.ended(now, false, End::InOrder) == Next::Again);
  }
  comeback.started(now);
  CHECK(comeback.ended(now, false, End::InOrder) == Next::SafeMode);
}

TEST_CASE("whoever kills the one in safe mode gets it again") {
  Comeback comeback;
  keeper::Steady::time_point now;
  for (int i = 0; i < 3; ++i) fail(comeback, now, false);
  comeback.started(now);
  comeback.served();
  CHECK(comeback.ended(now + 1h, false, End::Killed) == Next::Again);
  CHECK(comeback.safe());
}

TEST_CASE("only after an upgrade is one that hangs out of time") {
  Comeback comeback;
  const keeper::Steady::time_point now;
  comeback.started(now);
  CHECK(comeback.deadline() == keeper::Steady::time_point::max());
  comeback.expect_soon();
  CHECK(comeback.deadline() < now + 1min);
  comeback.served();
  CHECK(comeback.deadline() == keeper::Steady::time_point::max());
}

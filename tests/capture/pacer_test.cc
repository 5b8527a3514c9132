#include "capture/pacer.h"

#include <doctest/doctest.h>

using capture::Pacer;
using std::chrono::microseconds;

namespace {
constexpr size_t kPipe = 65536;
const base::MonoTime kStart{std::chrono::hours(1)};
}  // namespace

TEST_CASE("a turn that read nothing does not rest") {
  Pacer pacer;
  CHECK(pacer.rest(kStart) == microseconds(0));
}

TEST_CASE("a line now and then: a millisecond, ten when many pipes are busy") {
  Pacer pacer;
  (void)pacer.rest(kStart);
  pacer.on_read(100, kPipe, false);
  CHECK(pacer.rest(kStart + microseconds(1000)) == microseconds(1000));
  for (int i = 0; i < 33; ++i) pacer.on_read(100, kPipe, false);
  CHECK(pacer.rest(kStart + microseconds(2000)) == microseconds(10'000));
}

TEST_CASE("a pipe that fills fast shortens the rest, a full one ends it") {
  Pacer pacer;
  (void)pacer.rest(kStart);
  pacer.on_read(kPipe / 2, kPipe, false);
  CHECK(pacer.rest(kStart + microseconds(1000)) == microseconds(500));
  pacer.on_read(kPipe, kPipe, false);
  CHECK(pacer.rest(kStart + microseconds(1050)) == microseconds(0));
}

TEST_CASE("what the buffer could not take is read without a rest") {
  Pacer pacer;
  (void)pacer.rest(kStart);
  pacer.on_read(1000, kPipe, true);
  CHECK(pacer.rest(kStart + microseconds(100'000)) == microseconds(0));
}

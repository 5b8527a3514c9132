#include "daemon/capture_tally.h"

#include <doctest/doctest.h>

namespace daemon_ {

TEST_CASE("what was dropped adds up by instance, until that is no more") {
  CaptureTally tally;
  tally.dropped("api", 0, {2, 20});
  tally.dropped("api", 0, {1, 5});
  tally.dropped("api", 1, {7, 70});
  CHECK(tally.dropped("api", 0).lines == 3);
  CHECK(tally.dropped("api", 0).bytes == 25);
  CHECK(tally.dropped("web", 0).lines == 0);
  tally.forget("api", 0);
  CHECK(tally.dropped("api", 0).lines == 0);
  CHECK(tally.dropped("api", 1).lines == 7);
}

TEST_CASE("a disk is full until it has room, or its writer is gone") {
  CaptureTally tally;
  CHECK_FALSE(tally.disk_full());
  tally.disk_full("api", 0, 8, true);
  tally.disk_full("api", 0, 9, true);
  tally.disk_full("web", 0, 10, true);
  CHECK(tally.disk_full("api", 0));
  CHECK_FALSE(tally.disk_full("api", 1));
  tally.disk_full("api", 0, 8, false);
  CHECK(tally.disk_full("api", 0));
  tally.source_ended(9);
  CHECK_FALSE(tally.disk_full("api", 0));
  CHECK(tally.disk_full());
  tally.disk_full("web", 0, 11, false);  // another source of the same file
  CHECK_FALSE(tally.disk_full());
}

}  // namespace daemon_

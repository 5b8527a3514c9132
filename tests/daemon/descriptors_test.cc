#include "daemon/descriptors.h"

#include <doctest/doctest.h>

using daemon_::fits;

TEST_CASE("a start that would not leave the spare ones is refused") {
  CHECK(fits(20, 64, 0));
  CHECK(fits(64, 64, 0));
  CHECK(fits(38, 64, 1));
  CHECK_FALSE(fits(39, 64, 1));
  CHECK(fits(20, 1024, 98));
  CHECK_FALSE(fits(20, 1024, 99));
  const auto refused = fits(60, 64, 2);
  CHECK(refused.error().message ==
        "no descriptors left: 60 of 64 are open, 2 instances would need 36");
  CHECK(refused.error().hint.find("ulimit -n") != std::string::npos);
}

#include "daemon/probe.h"

#include <doctest/doctest.h>

#include "support/temp_dir.h"
#include "support/test_home.h"

using daemon_::probe_program;

TEST_CASE("what is no lodge is not updated to, and it is said why") {
  const support::TempDir dir;
  const base::Home home(dir.path());
  CHECK(probe_program("lodge", home).error().message.find("absolute") !=
        std::string::npos);
  CHECK_FALSE(probe_program("/nonexistent/lodge", home));
  CHECK_FALSE(probe_program(dir.path(), home));
  CHECK_FALSE(probe_program("/bin/true", home));
  CHECK_FALSE(probe_program("/bin/false", home));
  CHECK_FALSE(probe_program("/etc/passwd", home));
}

TEST_CASE("a lodge of before there were updates is refused with a way out") {
  const support::TempDir dir;
  const base::Home home(dir.path());
  dir.write("old",
            "#!/bin/sh\n[ \"$1\" = --version ] && echo 0.0.9 && exit\n"
            "exit 2\n");
  ::chmod(dir.file("old").c_str(), 0755);
  auto version = probe_program(dir.file("old"), home);
  REQUIRE_FALSE(version);
  CHECK(version.error().message.find("0.0.9") != std::string::npos);
  CHECK_FALSE(version.error().hint.empty());
}

TEST_CASE("a lodge is known by its version and what its keeper can read") {
  const support::TempDir dir;
  auto version = probe_program(support::lodge_binary(), base::Home(dir.path()));
  REQUIRE(version);
  CHECK(*version == LODGE_VERSION);
}

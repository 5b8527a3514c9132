#include "base/pty.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>

#include "base/fs.h"

TEST_CASE("what is written to the slave is read as it was, up to the end") {
  auto pty = base::make_pty();
  REQUIRE(pty);
  CHECK(::isatty(pty->slave.get()) == 1);
  REQUIRE(base::fs::write_all(pty->slave.get(), "a\nb\r\n\tc", "slave"));
  char text[64];
  auto n = base::fs::read(pty->master.get(), text, "master");
  REQUIRE(n);
  CHECK(std::string_view(text, *n) == "a\nb\r\n\tc");
  // What was written before the last slave closed is not lost with it.
  REQUIRE(base::fs::write_all(pty->slave.get(), "last", "slave"));
  pty->slave.reset();
  n = base::fs::read(pty->master.get(), text, "master");
  REQUIRE(n);
  CHECK(std::string_view(text, *n) == "last");
  n = base::fs::read(pty->master.get(), text, "master");
  REQUIRE_FALSE(n);
  CHECK(n.error().sys_errno == EIO);
}

TEST_CASE("what goes into the master is input, and does not come back") {
  auto pty = base::make_pty();
  REQUIRE(pty);
  REQUIRE(base::fs::set_nonblocking(pty->master.get(), true));
  REQUIRE(base::fs::write_all(pty->master.get(), "hello\n", "master"));
  char text[64];
  auto n = base::fs::read(pty->slave.get(), text, "slave");
  REQUIRE(n);
  CHECK(std::string_view(text, *n) == "hello\n");
  n = base::fs::read(pty->master.get(), text, "master");
  REQUIRE_FALSE(n);
  CHECK(n.error().code == base::Errc::WouldBlock);
}

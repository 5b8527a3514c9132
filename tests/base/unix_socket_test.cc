#include "base/unix_socket.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "support/temp_dir.h"

using base::connect_unix;
using base::Errc;

namespace {

base::MonoTime soon() {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
}

}  // namespace

TEST_CASE("a path longer than a socket address is served and found") {
  const support::TempDir dir;
  std::string path = dir.path();
  for (int i = 0; i < 4; ++i) {
    path += "/" + std::string(60, 'd');
    REQUIRE(base::fs::make_dir(path));
  }
  path += "/sock";
  auto listener = base::listen_unix(path);
  REQUIRE(listener);
  CHECK(connect_unix(path, soon()));
}

TEST_CASE("no directory, no socket and nobody behind it are all nobody") {
  const support::TempDir dir;
  CHECK(connect_unix(dir.file("none/sock"), soon()).error().code ==
        Errc::Unavailable);
  CHECK(connect_unix(dir.file("sock"), soon()).error().code ==
        Errc::Unavailable);
  (void)base::listen_unix(dir.file("sock"));  // closed at once, file stays
  REQUIRE(base::fs::exists(dir.file("sock")));
  CHECK(connect_unix(dir.file("sock"), soon()).error().code ==
        Errc::Unavailable);
}

TEST_CASE("a stale socket gives way to a new one") {
  const support::TempDir dir;
  (void)base::listen_unix(dir.file("sock"));
  auto listener = base::listen_unix(dir.file("sock"));
  REQUIRE(listener);
  CHECK(connect_unix(dir.file("sock"), soon()));
}

TEST_CASE("a queue that nobody empties ends at the deadline") {
  const support::TempDir dir;
  auto listener = base::listen_unix(dir.file("sock"));
  REQUIRE(listener);
  std::vector<base::UniqueFd> waiting;
  for (int i = 0; i < 10'000; ++i) {
    auto one = connect_unix(dir.file("sock"), soon());
    if (!one) {
      CHECK(one.error().code == Errc::Timeout);
      return;
    }
    waiting.push_back(std::move(*one));
  }
  FAIL("ten thousand connections were queued");
}

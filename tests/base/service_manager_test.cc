#include "base/service_manager.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "base/unique_fd.h"
#include "support/temp_dir.h"

namespace {

base::UniqueFd listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  socklen_t size = sizeof address;
  if (path.front() == '@') {
    address.sun_path[0] = '\0';
    size =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  }
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) ==
          0);
  return socket;
}

std::string receive(const base::UniqueFd& socket) {
  char bytes[4096];
  const auto n = ::recv(socket.get(), bytes, sizeof bytes, 0);
  return n < 0 ? std::string() : std::string(bytes, static_cast<size_t>(n));
}

}  // namespace

TEST_CASE("words come to a manager's socket, by path and by abstract name") {
  const support::TempDir dir;
  for (const std::string& path :
       {dir.file("notify"), "@lodge-test-" + std::to_string(::getpid())}) {
    CAPTURE(path);
    const auto socket = listen_at(path);
    REQUIRE(base::tell_manager(path, "READY=1\nMAINPID=7"));
    CHECK(receive(socket) == "READY=1\nMAINPID=7");
  }
}

TEST_CASE("a barrier ends when the manager has come to it, not before") {
  const support::TempDir dir;
  const auto socket = listen_at(dir.file("notify"));
  using std::chrono::milliseconds;
  const auto unread =
      base::wait_for_manager(dir.file("notify"), milliseconds(20));
  REQUIRE_FALSE(unread);
  CHECK(unread.error().code == base::Errc::Timeout);
  CHECK(receive(socket) == "BARRIER=1");  // its descriptor is closed unread
  std::thread manager([&] { CHECK(receive(socket) == "BARRIER=1"); });
  CHECK(base::wait_for_manager(dir.file("notify"), milliseconds(20'000)));
  manager.join();
}

TEST_CASE("nobody at the socket, or no socket's name, is an error") {
  const support::TempDir dir;
  CHECK_FALSE(base::tell_manager(dir.file("nobody"), "READY=1"));
  CHECK_FALSE(base::tell_manager("", "READY=1"));
  CHECK_FALSE(base::tell_manager("/" + std::string(200, 'x'), "READY=1"));
}

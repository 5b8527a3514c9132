#pragma once
// A machine that goes down and comes up again, as far as a home notices; and
// the service manager that brings it up.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "support/test_home.h"

namespace support {

// SIGKILL for all there is.
inline void lose_power(const TestHome& home) {
  // Stopped first: either would start the other anew when it sees it die.
  for (const auto& daemon : home.daemons()) ::kill(daemon.pid, SIGSTOP);
  for (const auto& keeper : home.keepers()) ::kill(keeper.pid, SIGSTOP);
  REQUIRE(wait_until([&] {
    const auto left = home.processes();
    for (const auto& process : left) ::kill(process.pid, SIGKILL);
    return left.empty();
  }));
}

// Listens as systemd does at NOTIFY_SOCKET.
class ServiceManager {
 public:
  explicit ServiceManager(const std::string& path) : path_(path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    ::memcpy(address.sun_path, path.data(), path.size());
    socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address),
                   sizeof address) == 0);
    stop_.reset(::eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] { listen(); });
  }
  ~ServiceManager() {
    (void)::eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  const std::string& path() const { return path_; }
  std::vector<std::string> told() const {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  // Whether some message had that line.
  bool was_told(const std::string& line) const {
    for (const auto& words : told())
      if (("\n" + words + "\n").find("\n" + line + "\n") != std::string::npos)
        return true;
    return false;
  }

 private:
  void listen() {
    for (;;) {
      pollfd fds[] = {{socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      ::poll(fds, 2, -1);
      if (fds[1].revents != 0) return;
      char bytes[4096];
      // Without room for descriptors they are closed: a barrier is passed.
      const auto n = ::recv(socket_.get(), bytes, sizeof bytes, 0);
      if (n <= 0) continue;
      const std::lock_guard lock(mutex_);
      told_.emplace_back(bytes, static_cast<size_t>(n));
    }
  }

  std::string path_;
  base::UniqueFd socket_;
  base::UniqueFd stop_;
  mutable std::mutex mutex_;
  std::vector<std::string> told_;
  std::thread thread_;
};

}  // namespace support

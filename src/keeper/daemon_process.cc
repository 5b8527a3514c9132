#include "keeper/daemon_process.h"

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.h"

namespace keeper {

base::Result<DaemonProcess> start_daemon(const base::Home& home, bool safe) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return base::fail(base::fs::errno_error(errno, "socketpair", ""));
  DaemonProcess daemon{0, base::UniqueFd(ends[0])};
  const base::UniqueFd theirs(ends[1]);
  // Not fork: the pages that the two would share until exec cost milliseconds,
  // in which nobody reads the apps' pipes.
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_init(&actions);
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  // Onto itself it takes CLOEXEC away.
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), 3);
  std::string words[] = {"lodge", "daemon", home.root(), "--safe"};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(),
                  safe ? words[3].data() : nullptr, nullptr};
  std::vector<char*> env;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with("LODGE_INSTANCE="))
      env.push_back(*entry);
  env.push_back(nullptr);
  const int error = ::posix_spawn(&daemon.pid, "/proc/self/exe", &actions,
                                  &attributes, argv, env.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return base::fail(base::fs::errno_error(error, "spawn", "the daemon"));
  return daemon;
}

}  // namespace keeper

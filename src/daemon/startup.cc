#include "daemon/startup.h"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "base/fs.h"
#include "base/log.h"
#include "keeper/protocol.h"

namespace daemon_ {
namespace {

using std::chrono::milliseconds;

// A daemon that was killed may still be on its way out: the lock goes with it.
base::Result<base::UniqueFd> lock_home(const base::Home& home) {
  for (int tries = 0;; ++tries) {
    auto lock = base::fs::try_lock(home.run("daemon.lock"));
    if (lock || lock.error().code != base::Errc::WouldBlock || tries == 500)
      return lock;
    std::this_thread::sleep_for(milliseconds{10});
  }
}

void raise_limits() {
  rlimit nofile;
  ::getrlimit(RLIMIT_NOFILE, &nofile);
  nofile.rlim_cur = nofile.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &nofile);
  // One arena for all threads: three small heaps hold more than one.
  ::mallopt(M_ARENA_MAX, 1);
}

base::Status run_locked(const base::Home& home, base::UniqueFd& channel,
                        const Body& body) {
  if (auto made = home.make(); !made) return made;
  if (auto opened = base::log::open(home.diary()); !opened) return opened;
  auto id = base::fs::read_file(home.path("id"), 4096);
  if (!id) return base::fail(std::move(id.error()));
  while (!id->empty() && id->back() == '\n') id->pop_back();
  return body(channel, *id);
}

}  // namespace

int run_as_daemon(const base::Home& home, base::UniqueFd channel,
                  const Body& body) {
  ::umask(077);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // too large a file is an error like others
  ::signal(SIGHUP, SIG_IGN);
  raise_limits();
  auto lock = lock_home(home);
  base::Status status;
  if (lock)
    status = run_locked(home, channel, body);
  else
    status = base::pass(std::move(lock), "daemon: another one runs here");
  if (status) return 0;
  base::log::error("{}", status.error().message);
  std::string why = status.error().message;
  if (!status.error().hint.empty()) why += " · " + status.error().hint;
  keeper::FrameHeader failed;
  failed.type = keeper::FrameType::Failed;
  if (channel)
    (void)keeper::send_frame(channel.get(), failed,
                             std::string_view(why).substr(0, keeper::kMaxBody),
                             {});
  return 1;
}

}  // namespace daemon_

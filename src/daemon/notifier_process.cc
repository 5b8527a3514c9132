#include "daemon/notifier_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string_view>
#include <vector>

#include "base/fs.h"
#include "base/log.h"

namespace daemon_ {
namespace {

constexpr std::chrono::milliseconds kEvery{1000};

// None of ours is an app, wherever it was started from.
std::vector<char*> environment() {
  std::vector<char*> all;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with("LODGE_INSTANCE="))
      all.push_back(*entry);
  all.push_back(nullptr);
  return all;
}

base::Result<pid_t> spawn(const std::string& home, int in) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t all;
  ::sigfillset(&all);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  char name[] = "lodge";
  char role[] = "notifier";
  std::string root = home;
  char* const argv[] = {name, role, root.data(), nullptr};
  const auto env = environment();
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, "/proc/self/exe", &actions, &attributes,
                                  argv, env.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return base::fail(base::fs::errno_error(error, "start", "lodge notifier"));
  return pid;
}

}  // namespace

NotifierProcess::NotifierProcess(base::EventLoop& loop, const base::Home& home,
                                 std::function<bool()> wanted)
    : loop_(loop),
      home_(home),
      wanted_(std::move(wanted)),
      timer_(loop, [this] { look(); }) {}

// The end of the pipe goes, and it with it.
NotifierProcess::~NotifierProcess() = default;

void NotifierProcess::begin() {
  look();
  timer_.start(kEvery, kEvery);
}

void NotifierProcess::look() {
  const bool wanted = wanted_();
  if (wanted && pid_ == 0) return start();
  if (!wanted) alive_.reset();  // it ends; on_exit() hears of it
}

void NotifierProcess::start() {
  auto pipe = base::fs::make_pipe();
  if (!pipe) return base::log::warn("notifier: {}", pipe.error().message);
  auto pid = spawn(home_.root(), pipe->read.get());
  if (!pid) return base::log::warn("{}", pid.error().message);
  pid_ = *pid;
  alive_ = std::move(pipe->write);
  pidfd_ = base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_) return;
  watch_ = std::make_unique<base::FdWatch>(loop_, pidfd_.get(),
                                           [this](int) { on_exit(); });
  watch_->want(base::FdWatch::Readable);
}

void NotifierProcess::on_exit() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
  if (alive_)
    base::log::warn("the notifier {} ended (status {}); another is started",
                    pid_, status);
  watch_.reset();
  pidfd_.reset();
  alive_.reset();
  pid_ = 0;
}

}  // namespace daemon_

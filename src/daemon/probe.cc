#include "daemon/probe.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <vector>

#include "base/fs.h"
#include "keeper/handover.h"

namespace daemon_ {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kPatience{5000};
constexpr size_t kMostOutput = 4096;

base::Result<pid_t> spawn(const std::vector<std::string>& argv, int out,
                          int third) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out, 1);
  ::posix_spawn_file_actions_adddup2(&actions, 0, 2);
  if (third >= 0) ::posix_spawn_file_actions_adddup2(&actions, third, 3);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  // What it starts goes with it.
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.data()));
  words.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, argv[0].c_str(), &actions, &attributes,
                                  words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return base::fail(base::fs::errno_error(error, "run", argv[0]));
  return pid;
}

std::string read_all(int pipe, Steady::time_point deadline) {
  std::string text;
  char chunk[512];
  while (text.size() < kMostOutput) {
    const auto left =
        std::chrono::ceil<milliseconds>(deadline - Steady::now()).count();
    pollfd readable{pipe, POLLIN, 0};
    if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) == 0) break;
    auto n = base::fs::read(pipe, chunk, "probe");
    if (!n || *n == 0) break;
    text.append(chunk, *n);
  }
  return text;
}

// What it says on stdout when it ends well and in time. `third` becomes its
// descriptor 3.
base::Result<std::string> output_of(const std::vector<std::string>& argv,
                                    int third = -1) {
  auto pipe = base::fs::make_pipe();
  if (!pipe) return base::fail(std::move(pipe.error()));
  auto pid = spawn(argv, pipe->write.get(), third);
  pipe->write.reset();
  if (!pid) return base::fail(std::move(pid.error()));
  const auto deadline = Steady::now() + kPatience;
  std::string text = read_all(pipe->read.get(), deadline);
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::waitpid(*pid, &status, WNOHANG)) == 0 &&
         Steady::now() < deadline)
    ::poll(nullptr, 0, 5);
  ::kill(-*pid, SIGKILL);
  if (ended == 0) ::waitpid(*pid, &status, 0);
  if (ended != *pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return base::fail(base::Errc::Invalid, "it does not run");
  return text;
}

// "0.2.0\n"
bool is_version(std::string_view text) {
  return text.ends_with('\n') && std::ranges::count(text, '.') >= 2 &&
         text.find_first_not_of("0123456789.") + 1 == text.size();
}

}  // namespace

base::Result<std::string> probe_program(const std::string& path,
                                        const base::Home& home) {
  const auto refuse = [&](std::string_view why, std::string hint = {}) {
    return base::fail(base::Errc::Invalid, path + ": " + std::string(why),
                      std::move(hint));
  };
  if (!path.starts_with('/')) return refuse("not an absolute path");
  const auto info = base::fs::stat(path);
  if (!info) return base::fail(info.error());
  if (!S_ISREG(info->st_mode) || ::access(path.c_str(), X_OK) != 0)
    return refuse("not a program");
  auto version = output_of({path, "--version"});
  if (!version) return base::pass(std::move(version), path + " --version");
  if (!is_version(*version)) return refuse("no lodge: it tells no version");
  version->pop_back();
  auto table = keeper::encode_handover({});
  if (!table) return base::fail(std::move(table.error()));
  const std::string word = keeper::print_resume({keeper::Resume::Check, 3, -1});
  auto answer = output_of({path, "keeper", home.root(), word}, table->get());
  if (!answer || *answer != keeper::kCanResume)
    return refuse(
        "version " + *version + " can't go on with what this one holds",
        "lodge kill, then lodge start");
  return version;
}

}  // namespace daemon_

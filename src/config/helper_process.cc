#include "config/helper_process.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/fs.h"
#include "base/unique_fd.h"

namespace config {
namespace {

namespace fs = base::fs;
using base::Errc;
using base::Result;
using base::UniqueFd;
using Clock = std::chrono::steady_clock;

constexpr size_t kMostTalk = size_t{64} << 10;
constexpr int kAnswerFd = 3;
constexpr int kAboveAll =
    10;  // descriptors that the child's can't collide with

// A file in memory: the child may read it as slowly as it likes.
Result<UniqueFd> text_file(std::string_view text) {
  UniqueFd file(::memfd_create("lodge-config", MFD_CLOEXEC));
  if (!file) return base::fail(fs::errno_error(errno, "memfd_create", ""));
  if (auto written = fs::write_all(file.get(), text, "memfd"); !written)
    return base::fail(std::move(written.error()));
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

Result<UniqueFd> lifted(UniqueFd fd) {
  UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kAboveAll));
  if (!high) return base::fail(fs::errno_error(errno, "dup", ""));
  return high;
}

struct Child {
  pid_t pid = -1;
  UniqueFd ended;  // readable when it has
  ~Child() {
    if (pid <= 0) return;
    ::kill(-pid, SIGKILL);  // its session's own group
    ::kill(pid, SIGKILL);
    wait();
  }
  int wait() {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    pid = -1;
    return status;
  }
};

Result<pid_t> spawn(const std::vector<std::string>& argv, int input, int talk,
                    int answer) {
  std::vector<char*> words;
  for (const auto& word : argv)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, talk, 1);
  posix_spawn_file_actions_adddup2(&actions, talk, 2);
  posix_spawn_file_actions_adddup2(&actions, answer, kAnswerFd);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, words[0], &actions, &attributes,
                                  words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return base::fail(fs::errno_error(error, "start", argv[0]));
  return pid;
}

// What is there of a pipe, up to `most`; false at its end.
Result<bool> take(int fd, std::string& into, size_t most, bool must_fit) {
  std::array<char, 65536> buffer;
  auto got = fs::read(fd, buffer, "pipe");
  if (!got && got.error().code == Errc::WouldBlock) return true;
  if (!got) return base::fail(std::move(got.error()));
  if (*got == 0) return false;
  if (must_fit && into.size() + *got > most)
    return base::fail(Errc::Invalid,
                      fmt::format("an answer of more than {} MiB", most >> 20));
  into.append(buffer.data(),
              std::min(*got, most - std::min(most, into.size())));
  return true;
}

}  // namespace

Result<HelperAnswer> ask_helper(const std::vector<std::string>& argv,
                                std::string_view input,
                                const HelperLimits& limits) {
  auto text = text_file(input);
  if (!text) return base::fail(std::move(text.error()));
  auto talk = fs::make_pipe();
  if (!talk) return base::fail(std::move(talk.error()));
  auto answer = fs::make_pipe();
  if (!answer) return base::fail(std::move(answer.error()));
  auto in = lifted(std::move(*text));
  auto talk_in = lifted(std::move(talk->write));
  auto answer_in = lifted(std::move(answer->write));
  for (auto* fd : {&in, &talk_in, &answer_in})
    if (!*fd) return base::fail(std::move(fd->error()));
  auto pid = spawn(argv, in->get(), talk_in->get(), answer_in->get());
  if (!pid) return base::fail(std::move(pid.error()));
  Child child{*pid,
              UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)))};
  if (!child.ended) return base::fail(fs::errno_error(errno, "pidfd_open", ""));
  in->reset();
  talk_in->reset();
  answer_in->reset();
  for (int fd : {talk->read.get(), answer->read.get()})
    if (auto set = fs::set_nonblocking(fd, true); !set)
      return base::fail(std::move(set.error()));
  HelperAnswer result;
  const auto deadline = Clock::now() + limits.time;
  for (bool ended = false; !ended;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - Clock::now());
    if (left.count() <= 0)
      return base::fail(
          Errc::Timeout,
          fmt::format("not done after {:g} s",
                      static_cast<double>(limits.time.count()) / 1000));
    std::array<pollfd, 3> fds = {pollfd{talk->read.get(), POLLIN, 0},
                                 pollfd{answer->read.get(), POLLIN, 0},
                                 pollfd{child.ended.get(), POLLIN, 0}};
    // A closed pipe is always ready: it is looked at no more.
    if (!talk->read) fds[0].fd = -1;
    if (!answer->read) fds[1].fd = -1;
    if (::poll(fds.data(), fds.size(), static_cast<int>(left.count())) < 0 &&
        errno != EINTR)
      return base::fail(fs::errno_error(errno, "poll", ""));
    ended = (fds[2].revents & POLLIN) != 0;
    // All that it wrote before its end is in the pipes by now.
    const bool last = ended;
    for (const bool is_answer : {false, true}) {
      auto& from = is_answer ? answer->read : talk->read;
      auto& into = is_answer ? result.answer : result.talk;
      const size_t before_limit = is_answer ? limits.answer : kMostTalk;
      for (;;) {
        if (!from) break;
        const size_t before = into.size();
        auto more = take(from.get(), into, before_limit, is_answer);
        if (!more) return base::fail(std::move(more.error()));
        if (!*more) from.reset();
        if (!last || into.size() == before) break;
      }
    }
  }
  ::kill(-*pid, SIGKILL);  // what it left running
  const int status = child.wait();
  if (WIFEXITED(status)) result.exit = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

}  // namespace config

#include "keeper/program.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/fs.h"
#include "keeper/spawn.h"

using keeper::Program;

namespace {

struct Ended {
  int status = 0;
  keeper::ExecFailure failure;
  std::string output;
};

// Runs it to its end, its stdout caught.
Ended run(const Program& program) {
  auto out = base::fs::make_pipe();
  REQUIRE(out);
  rlimit nofile;
  ::getrlimit(RLIMIT_NOFILE, &nofile);
  auto forked =
      keeper::fork_program(program, {.out = out->write.get()}, nofile);
  REQUIRE(forked);
  out->write.reset();
  Ended ended;
  char chunk[4096];
  (void)!::read(forked->outcome.get(), &ended.failure, sizeof ended.failure);
  for (;;) {
    auto n = base::fs::read(out->read.get(), chunk, "out");
    if (!n || *n == 0) break;
    ended.output.append(chunk, *n);
  }
  ::waitpid(forked->pid, &ended.status, 0);
  return ended;
}

Program shell(std::string line) {
  return {
      "/bin/sh", {"sh", "-c", std::move(line)}, {"PATH=/usr/bin:/bin"}, "/"};
}

}  // namespace

TEST_CASE("a program survives its way through memory, empty words too") {
  const Program program{
      "/bin/x", {"x", "", "a b", "\xff"}, {"A=", "B=1\n2"}, "/tmp"};
  auto fd = keeper::encode_program(program);
  REQUIRE(fd);
  auto again = keeper::decode_program(fd->get());
  REQUIRE(again);
  CHECK(again->path == program.path);
  CHECK(again->argv == program.argv);
  CHECK(again->env == program.env);
  CHECK(again->cwd == program.cwd);
}

TEST_CASE("a block cut off anywhere is refused") {
  auto fd = keeper::encode_program({"/bin/x", {"x", "y"}, {"A=1"}, "/"});
  REQUIRE(fd);
  const auto size = base::fs::fstat(fd->get(), "memfd")->st_size;
  for (auto cut = size - 1; cut >= 0; --cut) {
    REQUIRE(base::fs::truncate(fd->get(), static_cast<uint64_t>(cut), "memfd"));
    CHECK_FALSE(keeper::decode_program(fd->get()));
  }
}

TEST_CASE("a child leads a session of its own with fresh signals") {
  ::signal(SIGPIPE, SIG_IGN);
  const auto ended =
      run(shell("ps -o sid= -p $$ | tr -d ' '; echo $$;"
                "grep -E 'SigIgn|SigBlk' /proc/self/status"));
  const auto first = ended.output.substr(0, ended.output.find('\n'));
  CHECK(ended.output.starts_with(first + "\n" + first + "\n"));
  CHECK(ended.output.find("SigBlk:\t0000000000000000") != std::string::npos);
  CHECK(ended.output.find("SigIgn:\t0000000000000000") != std::string::npos);
}

TEST_CASE("a child has stdin, stdout, stderr and no other descriptor") {
  // ls itself has one more: the directory it reads.
  const auto ended = run(shell("exec ls /proc/self/fd"));
  CHECK(ended.output == "0\n1\n2\n3\n");
}

TEST_CASE("why a program can't be run comes back, with the step") {
  auto missing = run({"/nonexistent/x", {"x"}, {}, "/"});
  CHECK(missing.failure.error == ENOENT);
  CHECK(missing.failure.step == keeper::ExecFailure::Exec);
  auto nowhere = run({"/bin/true", {"true"}, {}, "/nonexistent"});
  CHECK(nowhere.failure.error == ENOENT);
  CHECK(nowhere.failure.step == keeper::ExecFailure::Cwd);
  auto denied = run({"/etc/passwd", {"x"}, {}, "/"});
  CHECK(denied.failure.error == EACCES);
}

TEST_CASE("a program that runs reports nothing, and its exit code comes") {
  const auto ended = run(shell("exit 3"));
  CHECK(ended.failure.error == 0);
  CHECK(WEXITSTATUS(ended.status) == 3);
}

TEST_CASE("user and terminal survive the way; without them nothing is added") {
  Program program{"/bin/x", {"x"}, {"A=1"}, "/tmp", {}, false};
  auto plain = keeper::encode_program(program);
  program.user = keeper::User{65534, 100, {100, 101}};
  program.pty = true;
  auto full = keeper::encode_program(program);
  REQUIRE(plain);
  REQUIRE(full);
  auto again = keeper::decode_program(full->get());
  REQUIRE(again);
  CHECK(again->user == program.user);
  CHECK(again->pty);
  CHECK(again->path == program.path);
  CHECK(again->env == program.env);
  // A keeper of before reads what is as before.
  uint32_t version = 0;
  REQUIRE(::pread(plain->get(), &version, sizeof version, sizeof version) > 0);
  CHECK(version == 1);
}

TEST_CASE("a child of another user is wholly that user's, for good") {
  if (::geteuid() != 0) {
    MESSAGE("SKIPPED: not root");
    return;
  }
  auto program = shell("grep -E '^(Uid|Gid|Groups):' /proc/self/status");
  program.user = keeper::User{65534, 65533, {65533, 65532}};
  const Ended ended = run(program);
  CHECK(ended.status == 0);
  CHECK(ended.output ==
        "Uid:\t65534\t65534\t65534\t65534\n"
        "Gid:\t65533\t65533\t65533\t65533\n"
        "Groups:\t65532 65533 \n");
}

TEST_CASE("limits and group survive the way; without them nothing is added") {
  Program program{"/bin/x", {"x"}, {"A=1"}, "/tmp", {}, true};
  auto before = keeper::encode_program(program);
  program.limits = {{RLIMIT_NOFILE, 64, 64}, {RLIMIT_CORE, 0, 0}};
  program.group = "/sys/fs/cgroup/x";
  auto full = keeper::encode_program(program);
  REQUIRE(before);
  REQUIRE(full);
  auto again = keeper::decode_program(full->get());
  REQUIRE(again);
  CHECK(again->limits == program.limits);
  CHECK(again->group == program.group);
  CHECK(again->pty);
  CHECK(again->path == program.path);
  uint32_t version = 0;
  REQUIRE(::pread(before->get(), &version, sizeof version, sizeof version) > 0);
  CHECK(version == 2);
  const auto size = base::fs::fstat(full->get(), "memfd")->st_size;
  for (auto cut = size - 1; cut >= 0; --cut) {
    REQUIRE(
        base::fs::truncate(full->get(), static_cast<uint64_t>(cut), "memfd"));
    CHECK_FALSE(keeper::decode_program(full->get()));
  }
}

TEST_CASE("a child has the limits it is given, or does not start") {
  auto program = shell("ulimit -n; ulimit -c");
  program.limits = {{RLIMIT_NOFILE, 77, 77}, {RLIMIT_CORE, 0, 0}};
  CHECK(run(program).output == "77\n0\n");
  program.limits = {{RLIMIT_NOFILE, 78, 77}};
  const auto wrong = run(program);
  CHECK(wrong.failure.step == keeper::ExecFailure::Limits);
  CHECK(wrong.failure.error == EINVAL);
  program.limits.clear();
  program.group = "/nonexistent";
  CHECK(run(program).failure.step == keeper::ExecFailure::Group);
}

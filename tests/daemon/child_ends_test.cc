#include "daemon/child_ends.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "keeper/spawn.h"

namespace {

// Runs a shell line between such ends; what it wrote, until no writer is left.
std::string output_of(const std::string& line, bool pty) {
  auto ends = daemon_::make_child_ends({.pty = pty});
  REQUIRE(ends);
  const keeper::Program program{.path = "/bin/bash",
                                .argv = {"bash", "-c", line},
                                .env = {"PATH=/usr/bin:/bin"},
                                .cwd = "/",
                                .user = {},
                                .pty = pty};
  rlimit nofile;
  ::getrlimit(RLIMIT_NOFILE, &nofile);
  auto forked = keeper::fork_program(
      program,
      {ends->in.childs.get(), ends->out.childs.get(), ends->err.childs.get()},
      nofile);
  REQUIRE(forked);
  for (auto* one : {&ends->in, &ends->out, &ends->err}) one->childs.reset();
  std::string text;
  char chunk[4096];
  for (;;) {
    auto n = base::fs::read(ends->out.ours.get(), chunk, "out");
    if (!n || *n == 0) break;  // a terminal ends with an error
    text.append(chunk, *n);
  }
  int status = 0;
  ::waitpid(forked->pid, &status, 0);
  CHECK(status == 0);
  return text;
}

}  // namespace

TEST_CASE(
    "a child with a terminal has it in all three roles, and controls it") {
  CHECK(output_of("test -t 0 && test -t 1 && test -t 2 && tty > /dev/tty && "
                  "[ \"$(tty)\" != 'not a tty' ] && echo yes >&2",
                  true)
            .ends_with("\nyes\n"));
  CHECK(output_of("test -t 1 || echo no", false) == "no\n");
}

TEST_CASE("bytes come out of a terminal as they were written") {
  std::string bytes;
  for (int i = 1; i < 256; ++i) bytes += static_cast<char>(i);
  CHECK(output_of("for i in {1..255}; do printf \"\\\\x$(printf %02x $i)\"; "
                  "done; printf 'a\\nb\\r\\nc\\td'",
                  true) == bytes + "a\nb\r\nc\td");
}

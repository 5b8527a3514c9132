#include "base/temporary_dir.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "base/fs.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace {

namespace fs = base::fs;

void fill(const std::string& dir) {
  REQUIRE(fs::make_dirs(fs::join(dir, "a/b")));
  auto fd = fs::open(fs::join(dir, "a/b/file"), O_WRONLY | O_CREAT | O_EXCL);
  REQUIRE(fd);
}

bool is_empty(const std::string& dir) {
  auto names = fs::list_dir(dir);
  return names && names->empty();
}

}  // namespace

TEST_CASE("a temporary directory is ours alone, and gone at the end") {
  const support::TempDir above;
  {
    auto made = base::TemporaryDir::make("lodge-", above.path());
    REQUIRE(made);
    const base::TemporaryDir dir = std::move(*made);
    auto info = fs::stat(dir.path());
    REQUIRE(info);
    CHECK((info->st_mode & 07777) == 0700);
    fill(dir.path());
  }
  CHECK(is_empty(above.path()));
}

TEST_CASE("a temporary directory goes although its process was killed") {
  const support::TempDir above;
  auto ready = fs::make_pipe();
  REQUIRE(ready);
  const pid_t child = ::fork();
  if (child == 0) {
    auto dir = base::TemporaryDir::make("lodge-", above.path());
    if (dir) (void)fs::make_dirs(fs::join(dir->path(), "a/b"));
    (void)fs::write_all(ready->write.get(), "x", "pipe");
    for (;;) ::pause();
  }
  char byte = 0;
  auto n = fs::read(ready->read.get(), {&byte, 1}, "pipe");
  CHECK((n && *n == 1));
  CHECK_FALSE(is_empty(above.path()));
  ::kill(child, SIGKILL);
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(support::wait_until([&] { return is_empty(above.path()); }));
}

TEST_CASE("a temporary directory goes whenever its process is killed") {
  const support::TempDir above;
  for (int round = 0; round < 60; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto dir = base::TemporaryDir::make("lodge-", above.path());
      for (;;) ::pause();
    }
    ::usleep(static_cast<useconds_t>(20 * round));
    ::kill(child, round % 2 == 0 ? SIGKILL : SIGINT);
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
  }
  CHECK(support::wait_until([&] { return is_empty(above.path()); }));
}

TEST_CASE("a tree is removed, and what a link in it leads to is not") {
  const support::TempDir above;
  const std::string kept = above.write("kept", "x");
  const std::string tree = above.file("tree");
  REQUIRE(fs::make_dir(tree));
  fill(tree);
  REQUIRE(::symlink(above.path().c_str(), fs::join(tree, "up").c_str()) == 0);
  CHECK(base::remove_tree(tree));
  CHECK(base::remove_tree(tree));
  CHECK_FALSE(fs::exists(tree));
  CHECK(support::slurp(kept) == "x");
}

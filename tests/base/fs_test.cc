#include "base/fs.h"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <atomic>
#include <thread>

#include "support/process.h"
#include "support/temp_dir.h"

namespace base::fs {
namespace {

mode_t mode_of(const std::string& path) {
  return stat(path).value().st_mode & 07777;
}

struct WithUmask {
  explicit WithUmask(mode_t mask) : before(::umask(mask)) {}
  ~WithUmask() { ::umask(before); }
  mode_t before;
};

}  // namespace

TEST_CASE("an error names call, path and reason, and what to branch on") {
  const support::TempDir dir;
  const auto missing = open(dir.file("missing"), O_RDONLY);
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code == Errc::NotFound);
  CHECK(missing.error().sys_errno == ENOENT);
  CHECK(missing.error().message ==
        "open " + dir.file("missing") + ": No such file or directory");
  const std::string path = dir.write("f", "");
  CHECK(open(path, O_WRONLY | O_CREAT | O_EXCL).error().code == Errc::Exists);
  CHECK(open(path + "/x", O_RDONLY).error().code == Errc::NotFound);
  CHECK(errno_error(EACCES, "open", "x").code == Errc::Denied);
  CHECK(errno_error(EAGAIN, "read", "x").code == Errc::WouldBlock);
  CHECK(errno_error(ENOSPC, "write", "x").code == Errc::Io);
}

TEST_CASE("everything is born CLOEXEC") {
  const support::TempDir dir;
  const auto flags = [](int fd) { return ::fcntl(fd, F_GETFD); };
  auto file = open(dir.file("f"), O_RDWR | O_CREAT);
  CHECK(flags(file->get()) == FD_CLOEXEC);
  auto pipe = make_pipe();
  CHECK(flags(pipe->read.get()) == FD_CLOEXEC);
  CHECK(flags(pipe->write.get()) == FD_CLOEXEC);
  CHECK(flags(duplicate(file->get())->get()) == FD_CLOEXEC);
  CHECK(flags(try_lock(dir.file("lock"))->get()) == FD_CLOEXEC);
}

TEST_CASE("files are 0600 and directories 0700 under any umask") {
  for (const mode_t mask : {0u, 022u, 077u}) {
    const support::TempDir dir;
    const WithUmask with(mask);
    CHECK(open(dir.file("f"), O_WRONLY | O_CREAT).has_value());
    CHECK(make_dir(dir.file("d")).has_value());
    CHECK(replace_file(dir.file("r"), "x").has_value());
    CHECK(try_lock(dir.file("l")).has_value());
    CHECK(mode_of(dir.file("f")) == 0600);
    CHECK(mode_of(dir.file("d")) == 0700);
    CHECK(mode_of(dir.file("r")) == 0600);
    CHECK(mode_of(dir.file("l")) == 0600);
  }
}

TEST_CASE("what is already so is no error, what is in the way is") {
  const support::TempDir dir;
  CHECK(make_dir(dir.file("d")).has_value());
  CHECK(make_dir(dir.file("d")).has_value());
  dir.write("f", "");
  CHECK_FALSE(make_dir(dir.file("f")).has_value());
  CHECK(unlink(dir.file("f")).has_value());
  CHECK(unlink(dir.file("f")).has_value());
  CHECK_FALSE(rename(dir.file("f"), dir.file("g")).has_value());
}

TEST_CASE("a file is read whole or not at all") {
  const support::TempDir dir;
  std::string bytes(100'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
  const std::string path = dir.write("f", bytes);
  CHECK(read_file(path).value() == bytes);
  CHECK(read_file(path, 100'000).value() == bytes);
  CHECK(read_file(path, 99'999).error().code == Errc::Invalid);
  CHECK(read_file(dir.file("none")).error().code == Errc::NotFound);
  CHECK_FALSE(read_file(dir.path()).has_value());
  CHECK_FALSE(read_file("/proc/self/stat").value().empty());
}

TEST_CASE("a FIFO in place of a file is refused, not waited for") {
  const support::TempDir dir;
  REQUIRE(::mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  CHECK(read_file(dir.file("fifo")).error().code == Errc::Invalid);
}

TEST_CASE("an empty pipe that does not block says so, its end is 0 bytes") {
  auto pipe = make_pipe();
  REQUIRE(set_nonblocking(pipe->read.get(), true).has_value());
  char bytes[8];
  CHECK(read(pipe->read.get(), bytes, "pipe").error().code == Errc::WouldBlock);
  CHECK(write_all(pipe->write.get(), "abc", "pipe").has_value());
  CHECK(read(pipe->read.get(), bytes, "pipe").value() == 3);
  pipe->write.reset();
  CHECK(read(pipe->read.get(), bytes, "pipe").value() == 0);
}

TEST_CASE("write_all writes all, through a pipe smaller than it") {
  auto pipe = make_pipe();
  const std::string bytes(1 << 20, 'x');
  std::string got;
  std::jthread reader([&] {
    char chunk[5000];
    while (const auto n = read(pipe->read.get(), chunk, "pipe").value())
      got.append(chunk, n);
  });
  CHECK(write_all(pipe->write.get(), bytes, "pipe").has_value());
  pipe->write.reset();
  reader.join();
  CHECK(got == bytes);
}

TEST_CASE("replacing a file keeps nothing of the old and leaves no other") {
  const support::TempDir dir;
  const std::string path = dir.write("f", std::string(100, 'o'), 0644);
  CHECK(replace_file(path, "new").has_value());
  CHECK(support::slurp(path) == "new");
  CHECK(mode_of(path) == 0600);
  CHECK(list_dir(dir.path()).value() == std::vector<std::string>{"f"});
  CHECK(replace_file(path, "").has_value());
  CHECK(support::slurp(path).empty());
  CHECK_FALSE(replace_file(dir.file("no/f"), "x").has_value());
}

TEST_CASE("many threads that replace one file leave one of theirs, whole") {
  const support::TempDir dir;
  const std::string path = dir.file("f");
  {
    std::vector<std::jthread> threads;
    for (char c = 'a'; c < 'e'; ++c)
      threads.emplace_back([&path, c] {
        for (int i = 0; i < 25; ++i)
          (void)replace_file(path, std::string(50'000, c));
      });
  }
  const std::string contents = support::slurp(path);
  REQUIRE(contents.size() == 50'000);
  CHECK(contents == std::string(50'000, contents[0]));
  CHECK(list_dir(dir.path()).value().size() == 1);
}

TEST_CASE("of many who create one file, one does") {
  const support::TempDir dir;
  const std::string path = dir.file("f");
  std::atomic<int> made{0};
  std::atomic<int> were_late{0};
  {
    std::vector<std::jthread> threads;
    for (char c = 'a'; c < 'i'; ++c)
      threads.emplace_back([&, c] {
        const auto created = create_file(path, std::string(1000, c));
        if (created) ++made;
        if (!created && created.error().code == Errc::Exists) ++were_late;
      });
  }
  CHECK(made == 1);
  CHECK(were_late == 7);
  const std::string contents = support::slurp(path);
  REQUIRE(contents.size() == 1000);
  CHECK(contents == std::string(1000, contents[0]));
  CHECK(list_dir(dir.path()).value().size() == 1);
}

TEST_CASE("temporary names are told from others, and never repeat") {
  CHECK(is_temporary(temporary_name("apps.json")));
  CHECK(temporary_name("a") != temporary_name("a"));
  CHECK_FALSE(is_temporary("apps.json"));
  CHECK_FALSE(is_temporary(".hidden"));
  CHECK_FALSE(is_temporary("x.tmp-1"));
}

TEST_CASE("a lock is held by one, across processes, until it is let go") {
  const support::TempDir dir;
  const std::string path = dir.file("lock");
  auto held = try_lock(path);
  REQUIRE(held.has_value());
  CHECK(try_lock(path).error().code == Errc::WouldBlock);
  const auto other = support::run({"flock", "-n", path, "true"});
  CHECK(other.exit == 1);
  held->reset();
  CHECK(try_lock(path).has_value());
}

TEST_CASE("a lock ends with the process that held it") {
  const support::TempDir dir;
  const std::string path = dir.file("lock");
  support::Child holder({"flock", path, "sleep", "1000"});
  CHECK(support::wait_until([&] { return !try_lock(path).has_value(); }));
  holder = support::Child({"true"});
  CHECK(support::wait_until([&] { return try_lock(path).has_value(); }));
}

TEST_CASE("paths are joined, split and folded without the disk") {
  CHECK(join("a", "b") == "a/b");
  CHECK(join("a/", "b") == "a/b");
  CHECK(join("", "b") == "b");
  CHECK(join("/", "b") == "/b");
  CHECK(dir_name("/a/b") == "/a");
  CHECK(dir_name("/a") == "/");
  CHECK(dir_name("a") == ".");
  CHECK(base_name("/a/b") == "b");
  CHECK(base_name("b") == "b");
  CHECK(absolute("x", "/a/b") == "/a/b/x");
  CHECK(absolute("../x", "/a/b") == "/a/x");
  CHECK(absolute("../../../x", "/a/b") == "/x");
  CHECK(absolute("/a/./b//c/", "/z") == "/a/b/c");
  CHECK(absolute("/", "/z") == "/");
  CHECK(absolute("..", "/") == "/");
  CHECK(absolute("", "/a") == "/a");
}

TEST_CASE("a file's time of last change is set to the nanosecond") {
  const support::TempDir dir;
  const auto path = dir.write("file", "x");
  auto fd = fs::open(path, O_RDONLY);
  REQUIRE(fd);
  REQUIRE(fs::set_modified(fd->get(), {1'700'000'000, 123'456'789}, path));
  CHECK(fs::stat(path)->st_mtim.tv_sec == 1'700'000'000);
  CHECK(fs::stat(path)->st_mtim.tv_nsec == 123'456'789);
}

TEST_CASE("a directory lists its names sorted, without . and ..") {
  const support::TempDir dir;
  dir.write("b", "");
  dir.write("a", "");
  dir.write(".c", "");
  CHECK(list_dir(dir.path()).value() ==
        std::vector<std::string>{".c", "a", "b"});
  CHECK(list_dir(dir.file("none")).error().code == Errc::NotFound);
}

}  // namespace base::fs

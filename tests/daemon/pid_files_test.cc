#include "daemon/pid_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "support/temp_dir.h"

TEST_CASE("each instance has its own pid file; none is asked for, none there") {
  config::AppSpec spec;
  spec.cwd = "/srv";
  CHECK(daemon_::pid_file_path(spec, 0).empty());
  spec.keep.pid_file = "run/app.pid";
  CHECK(daemon_::pid_file_path(spec, 0) == "/srv/run/app.pid");
  CHECK(daemon_::pid_file_path(spec, 2) == "/srv/run/app-2.pid");
}

TEST_CASE("a pid file is readable by all, and a link is replaced by it") {
  const support::TempDir dir;
  dir.write("victim", "precious");
  REQUIRE(::symlink(dir.file("victim").c_str(), dir.file("a.pid").c_str()) ==
          0);
  const auto old_mask = ::umask(077);
  REQUIRE(daemon_::write_pid_file(dir.file("a.pid"), 4711));
  ::umask(old_mask);
  CHECK(base::fs::read_file(dir.file("a.pid")) == "4711\n");
  CHECK(base::fs::read_file(dir.file("victim")) == "precious");
  const auto info = base::fs::link_stat(dir.file("a.pid"));
  REQUIRE(info);
  CHECK(S_ISREG(info->st_mode));
  CHECK((info->st_mode & 0777) == 0644);
  CHECK_FALSE(daemon_::write_pid_file(dir.file("none/a.pid"), 1));
}

TEST_CASE("a pid file that says another pid is somebody else's") {
  const support::TempDir dir;
  dir.write("a.pid", "12\n");
  daemon_::remove_pid_file(dir.file("a.pid"), 1);
  CHECK(base::fs::exists(dir.file("a.pid")));
  daemon_::remove_pid_file(dir.file("a.pid"), 12);
  CHECK_FALSE(base::fs::exists(dir.file("a.pid")));
}
